// SPDX-License-Identifier: Apache-2.0
// resize, resize_like, pad_like: values made to fit.
#pragma once

#include <array>
#include <type_traits>

#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// What options of a resize may set: of `resize_like` the first alone.
struct interpolation_options {
  enum interpolation interpolation = interpolation::linear;
};
struct resize_options : interpolation_options {
  given_extents size, factor;
};

template <int... Extents>
struct size_option {
  static constexpr auto sets = &resize_options::size;
  static constexpr void set(resize_options& options) { options.size = make_extents<Extents...>(); }
};
template <int... Factors>
struct factor_option {
  static constexpr auto sets = &resize_options::factor;
  static constexpr void set(resize_options& options) { options.factor = make_extents<Factors...>(); }
};
template <int Divisor>
struct nearest_option {
  static constexpr auto sets = &resize_options::interpolation;
  static constexpr void set(interpolation_options& options) requires(Divisor == 0) {
    options.interpolation = interpolation::nearest;
  }
};
struct align_corners_option {
  static constexpr auto sets = &resize_options::interpolation;
  static constexpr void set(interpolation_options& options) {
    options.interpolation = interpolation::linear_align_corners;
  }
};

/// The extents after a resize: resize<size<360, 480>>.
template <int... Extents>
inline constexpr size_option<Extents...> size{};
/// How many times larger a resize makes: resize<factor<2>>.
template <int... Factors>
inline constexpr factor_option<Factors...> factor{};
/// Nearest instead of linear interpolation: resize<factor<2>, nearest<>>; PyTorch's "nearest": source = floor(target x
/// in / out).
template <int Divisor = 0>
inline constexpr nearest_option<Divisor> nearest{};
/// Linear interpolation in which the corner pixels' centres meet, instead of half-pixel centres.
inline constexpr align_corners_option align_corners{};

template <class Option>
concept resize_option = option_of<Option, resize_options>;

/// Appends a resize of x to the spatial extents of `target`, those of the value `like` if that is given; to its own
/// extents every interpolation is x itself.
template <symbolic Symbol>
constexpr Symbol append_resize(Symbol x, const shape& target, enum interpolation how, range scope,
                               std::int32_t like = -1) {
  builder& to = *x.to;
  if (x.extents().rank != target.rank) {
    to.graph.report(problem::ranks_differ, scope, x.extents().spatial_rank(), target.spatial_rank(), x.number, like);
    return x;
  }
  shape extents = x.extents();
  for (int i = 2; i < extents.rank; ++i) {
    if (target[i] < 1) to.graph.report(problem::not_positive, scope, 1, target[i]);
    extents[i] = target[i];
  }
  if (extents == x.extents()) return x;
  attributes attribute;
  attribute.interpolation = how;
  const std::array<std::int32_t, 1> operands{x.number};
  return {&to, to.graph.make(operation::resize, operands, attribute, extents, scope)};
}

/// Resizes to given extents or by a factor: resize<size<360, 480>>, resize<factor<2>, nearest<>>. Linear (bilinear,
/// trilinear) with half-pixel centres unless `nearest<>` or `align_corners` is given, as PyTorch's interpolate.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, the given extents)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: not_positive, ranks_differ, extent_too_great
/// example: resize<factor<2>, nearest<>>{} >> resize<size<31, 40>>{}
template <auto... Options>
struct resize : layer<resize<Options...>> {
  static_assert((resize_option<std::remove_cvref_t<decltype(Options)>> && ...),
                "resize takes size<...>, factor<...>, nearest<> and align_corners");
  static_assert(given_once<std::remove_cvref_t<decltype(Options)>...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr resize_options options = collect<resize_options, std::remove_cvref_t<decltype(Options)>...>();
    static_assert((options.size.count == 0) != (options.factor.count == 0), "resize needs one of size and factor");
    shape target = x.extents();
    const int rank = target.spatial_rank();
    const given_extents listed = options.size.count != 0 ? options.size : options.factor;
    if (!listed.suits(rank)) {
      x.to->report(problem::ranks_differ, listed.count, rank);
      return x;
    }
    const extent3 given = listed.resolve(rank, 1, 1);
    const range scope = x.to->scope();
    for (int d = 3 - rank; d < 3; ++d) {
      const std::int32_t extent = given[static_cast<std::size_t>(d)];
      const std::int64_t times = options.size.count != 0 ? 1 : target.spatial(d);
      target.set_spatial(d, x.to->narrow_extent(extent * times, scope));
    }
    return append_resize(x, target, options.interpolation, scope);
  }
};

/// Resizes x to the spatial extents of `like`: resize_like(x, like), resize_like<nearest<>>(x, like). A free function:
/// it takes no number of its scope.
///
/// shapes: (N, C, ...) and any of the same rank -> (N, C, the extents of `like`)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: ranks_differ
/// example: [](auto x) { return resize_like(conv2d<8, stride<2>>{}(x), x); }
template <auto... Options, symbolic Symbol, symbolic Like>
constexpr Symbol resize_like(Symbol x, Like like) {
  static_assert((option_of<std::remove_cvref_t<decltype(Options)>, interpolation_options> && ...),
                "resize_like takes nearest<> or align_corners");
  static_assert(given_once<std::remove_cvref_t<decltype(Options)>...>, "an option is given twice");
  constexpr auto options = collect<interpolation_options, std::remove_cvref_t<decltype(Options)>...>();
  return append_resize(x, like.extents(), options.interpolation, x.to->call_scope("resize_like"), like.number);
}

/// Pads x with zeros to the spatial extents of `like`, half of them before (rounded down) and the rest behind; crops
/// where x is larger. A free function.
///
/// shapes: (N, C, ...) and any of the same rank -> (N, C, the extents of `like`)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: ranks_differ
/// example: [](auto x) { return pad_like(max_pool2d<kernel<2>>{}(x), x); }
template <symbolic Symbol, symbolic Like>
constexpr Symbol pad_like(Symbol x, Like like) {
  builder& to = *x.to;
  const range scope = to.call_scope("pad_like");
  const shape target = like.extents();
  shape extents = x.extents();
  if (extents.rank != target.rank) {
    to.graph.report(problem::ranks_differ, scope, extents.spatial_rank(), target.spatial_rank(), x.number, like.number);
    return x;
  }
  attributes attribute;
  bool differs = false;
  for (int d = 0; d < 3; ++d) {
    const std::int32_t missing = target.spatial(d) - extents.spatial(d);
    const std::int32_t before = missing >= 0 ? missing / 2 : -(-missing / 2);
    attribute.padding_begin[static_cast<std::size_t>(d)] = before;
    attribute.padding_end[static_cast<std::size_t>(d)] = missing - before;
    extents.set_spatial(d, target.spatial(d));
    differs = differs || missing != 0;
  }
  if (!differs) return x;
  const std::array<std::int32_t, 1> operands{x.number};
  return {&to, to.graph.make(operation::pad, operands, attribute, extents, scope)};
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
