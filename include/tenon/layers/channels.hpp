// SPDX-License-Identifier: Apache-2.0
// split, chunk, channel_shuffle: channels taken apart and put in another order.
#pragma once

#include <array>

#include "tenon/layers/layer.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Appends a split of x into parts of the given channels.
template <symbolic Symbol, std::size_t Count>
constexpr std::array<Symbol, Count> append_split(Symbol x, const std::array<std::int32_t, Count>& sizes, range scope) {
  builder& to = *x.to;
  std::int64_t sum = 0;
  for (const std::int32_t size : sizes) sum += size;
  if (sum != x.channels()) to.graph.report(problem::split_sizes_differ, scope, x.channels(), sum, x.number);
  const std::array<std::int32_t, 1> operands{x.number};
  shape extents = x.extents();
  to.graph.append(operation::split, operands, {}, scope);
  std::array<Symbol, Count> parts{};
  for (std::size_t i = 0; i < Count; ++i) {
    extents[1] = sizes[i];
    parts[i] = {&to, to.graph.add_result(extents)};
  }
  return parts;
}

/// What `split` is: a part of a chain that gives several values.
template <int... Sizes>
struct split_part : part_base {
  static_assert(sizeof...(Sizes) >= 1 && ((Sizes >= 1) && ...), "split takes the channels of each part, 1 or more");
  static constexpr std::int32_t positions = 1;
  static constexpr std::array<std::int32_t, sizeof...(Sizes)> sizes{Sizes...};

  template <symbolic Symbol>
  constexpr auto operator()(Symbol x) const {
    return append_split(x, sizes, x.to->call_scope("split"));
  }
  template <symbolic Symbol>
  constexpr auto body(Symbol x) const {
    return append_split(x, sizes, x.to->scope());
  }
  template <symbolic Symbol>
  constexpr auto member(std::int32_t position, Symbol x) const {
    return in_scope(*this, position, x);
  }
};

/// The channels of x in parts of the given sizes, one after the other: `auto [a, b] = split<8, 24>(x)` of 32 channels.
/// A free function: it takes no number of its scope. At the end of a chain, conv2d<32>{} >> split<8, 24>, the chain
/// gives the parts.
///
/// shapes: (N, C1 + C2 + ..., ...) -> a std::array of (N, C1, ...), (N, C2, ...), ...
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: split_sizes_differ
/// example: split<8, 24>(conv2d<32>{}(x))
template <int... Sizes>
inline constexpr split_part<Sizes...> split{};

/// The channels of x in `Count` equal parts: `auto [left, right] = chunk<2>(x)`. A free function.
///
/// shapes: (N, C, ...) -> a std::array of (N, C / Count, ...)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: groups_do_not_divide
/// example: chunk<2>(conv2d<32>{}(x))
template <int Count, symbolic Symbol>
constexpr std::array<Symbol, static_cast<std::size_t>(Count)> chunk(Symbol x) {
  static_assert(Count >= 1, "chunk takes the number of parts");
  const range scope = x.to->call_scope("chunk");
  if (x.channels() % Count != 0) {
    x.to->graph.report(problem::groups_do_not_divide, scope, x.channels(), Count, x.number);
  }
  std::array<std::int32_t, static_cast<std::size_t>(Count)> sizes{};
  sizes.fill(x.channels() < Count ? 1 : x.channels() / Count);
  return append_split(x, sizes, scope);
}

/// Channel g (C / Groups) + i becomes channel i Groups + g, so that what follows in groups sees channels of every group
/// (Zhang et al. 2018), as PyTorch's ChannelShuffle.
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: groups_do_not_divide
/// example: conv2d<12, groups<3>>{} >> channel_shuffle<3>{} >> conv2d<12, groups<3>>{}
template <int Groups>
struct channel_shuffle : layer<channel_shuffle<Groups>> {
  static_assert(Groups >= 1, "a channel shuffle has at least one group");
  constexpr symbol body(symbol x) const {
    if (x.channels() % Groups != 0) x.to->report(problem::groups_do_not_divide, x.channels(), Groups);
    attributes attribute;
    attribute.groups = Groups;
    const std::array<std::int32_t, 1> operands{x.number};
    return x.to->make(operation::channel_shuffle, operands, attribute, x.extents());
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
