// SPDX-License-Identifier: Apache-2.0
// add, multiply, concat: values that meet.
#pragma once

#include <array>

#include "tenon/layers/layer.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Reports the first extent other than the channels in which two values differ; true if none does.
template <symbolic First, symbolic Second>
constexpr bool check_same_extents(First a, Second b, range scope) {
  const shape &first = a.extents(), &second = b.extents();
  if (first.rank != second.rank) {
    a.to->graph.report(problem::ranks_differ, scope, first.spatial_rank(), second.spatial_rank(), a.number, b.number);
    return false;
  }
  if (first.batch() != second.batch()) {
    a.to->graph.report(problem::batch_differs, scope, first.batch(), second.batch(), a.number, b.number);
    return false;
  }
  for (int i = 2; i < first.rank; ++i) {
    if (first[i] == second[i]) continue;
    a.to->graph.report(problem::sizes_differ, scope, first[i], second[i], a.number, b.number);
    return false;
  }
  return true;
}

/// Appends the sum of two values.
template <symbolic First, symbolic Second>
constexpr First append_sum(First a, Second b, range scope) {
  builder& to = *a.to;
  if (a.extents().rank == b.extents().rank && a.channels() != b.channels()) {
    to.graph.report(problem::channels_differ, scope, a.channels(), b.channels(), a.number, b.number);
  }
  check_same_extents(a, b, scope);
  const std::array<std::int32_t, 2> operands{a.number, b.number};
  return {&to, to.graph.make(operation::add, operands, {}, a.extents(), scope)};
}

/// a + b, element by element. Also written a + b.
///
/// shapes: two of one shape -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: channels_differ, sizes_differ, batch_differs, ranks_differ
/// example: [](auto x) { return add(conv2d<3, kernel<3>>{}(x), x); }
template <symbolic First, symbolic Second>
constexpr First add(First a, Second b) {
  return append_sum(a, b, a.to->call_scope("add"));
}

/// The sum of three or more values.
template <symbolic First, symbolic Second, symbolic Third, symbolic... More>
constexpr First add(First a, Second b, Third c, More... more) {
  const range scope = a.to->call_scope("add");
  First sum = append_sum(append_sum(a, b, scope), c, scope);
  ((sum = append_sum(sum, more, scope)), ...);
  return sum;
}

/// a * b, element by element. Also written a * b. b may be of one pixel an image, as squeeze-and-excitation has it (Hu
/// et al. 2018): each of its elements then counts for a whole channel.
///
/// shapes: a of any shape, b of the same or (N, C, 1, ...) -> a's
/// parameters: none; MACs: none
/// saved for the backward pass: both
/// problems: channels_differ, sizes_differ, batch_differs, ranks_differ
/// example: [](auto x) { return x * sigmoid{}(linear<3>{}(global_average_pool{}(x))); }
template <symbolic First, symbolic Second>
constexpr First multiply(First a, Second b) {
  builder& to = *a.to;
  const range scope = to.call_scope("multiply");
  const shape &first = a.extents(), &second = b.extents();
  const bool is_pixel = first.rank == second.rank && second.spatial_elements() == 1;
  if (first.rank == second.rank && a.channels() != b.channels()) {
    to.graph.report(problem::channels_differ, scope, a.channels(), b.channels(), a.number, b.number);
  } else if (is_pixel && first.batch() != second.batch()) {
    to.graph.report(problem::batch_differs, scope, first.batch(), second.batch(), a.number, b.number);
  } else if (!is_pixel) {
    check_same_extents(a, b, scope);
  }
  const std::array<std::int32_t, 2> operands{a.number, b.number};
  return {&to, to.graph.make(operation::multiply, operands, {}, a.extents(), scope)};
}

/// Channels of all values side by side, in the order given.
///
/// shapes: (N, C1, ...), (N, C2, ...), ... -> (N, C1 + C2 + ..., ...)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: sizes_differ, batch_differs, ranks_differ, extent_too_great
/// example: [](auto x) { return concat(conv2d<5>{}(x), x); }
template <symbolic First, symbolic... More>
constexpr First concat(First first, More... more) {
  builder& to = *first.to;
  const range scope = to.call_scope("concat");
  const std::array<symbol, 1 + sizeof...(More)> values{first.without_rules(), more.without_rules()...};
  std::array<std::int32_t, 1 + sizeof...(More)> operands{};
  shape extents = first.extents();
  std::int64_t channels = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    check_same_extents(values[0], values[i], scope);
    operands[i] = values[i].number;
    channels += values[i].channels();
  }
  extents[1] = to.narrow_extent(channels, scope);
  return {&to, to.graph.make(operation::concat, operands, {}, extents, scope)};
}

/// Parts have no sum; this says what to write.
template <class First, class Second>
requires(our_part<First> || our_part<Second>) constexpr First operator+(const First& first, const Second&) {
  static_assert(!our_part<First> && !our_part<Second>,
                "values are added, not layers: [](auto x) { return conv2d<8>{}(x) + conv2d<8>{}(x); }");
  return first;
}

}  // namespace layers

template <symbolic First, symbolic Second>
constexpr First operator+(First a, Second b) {
  return layers::add(a, b);
}

template <symbolic First, symbolic Second>
constexpr First operator*(First a, Second b) {
  return layers::multiply(a, b);
}

}  // namespace v0
}  // namespace tenon
