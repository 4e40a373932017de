// SPDX-License-Identifier: Apache-2.0
// How a graph leaves the constant evaluation that made it, before its sizes are known.
#pragma once

#include <memory>
#include <type_traits>

#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

/// Room for more elements than there ever are. While compiling, only those that are used take memory and time.
template <class T, std::size_t Most>
class sparse_array {
 public:
  constexpr std::size_t size() const { return size_; }

  constexpr void fill(const T* from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (std::is_scalar_v<T>) {
        slots_[i] = from[i];
      } else {
        std::construct_at(&slots_[i].held, from[i]);
      }
    }
    size_ = count;
  }

  constexpr void copy_to(T* to) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if constexpr (std::is_scalar_v<T>) {
        to[i] = slots_[i];
      } else {
        to[i] = slots_[i].held;
      }
    }
  }

 private:
  union slot {
    char none;
    T held;
  };
  // Zeros need no memory; a record that starts otherwise is not there until it is used.
  std::conditional_t<std::is_scalar_v<T>, T, slot> slots_[Most]{};
  std::size_t size_ = 0;
};

/// A graph in memory that does not grow. A growing graph cannot leave its constant evaluation, and a graph of fixed
/// size has to know its sizes first: making the graph once for its sizes and once for itself would take twice as long.
struct graph_transfer {
  sparse_array<node, (1 << 16)> nodes;
  sparse_array<value, (1 << 17)> values;
  sparse_array<std::int32_t, (1 << 18)> operands;
  sparse_array<std::int32_t, (1 << 10)> outputs;
  sparse_array<char, (1 << 22)> characters;
  sparse_array<float, (1 << 16)> reals;
  std::span<const char> inherited{};
  diagnostic problem{};

  constexpr explicit graph_transfer(const growing_graph& from) : inherited(from.inherited), problem(from.problem) {
    nodes.fill(from.nodes.data(), from.nodes.size());
    values.fill(from.values.data(), from.values.size());
    operands.fill(from.operands.data(), from.operands.size());
    outputs.fill(from.outputs.data(), from.outputs.size());
    characters.fill(from.characters.data(), from.characters.size());
    reals.fill(from.reals.data(), from.reals.size());
  }

  /// The sizes of the pools; inherited text is not one.
  constexpr graph_sizes sizes() const {
    return {nodes.size(), values.size(), operands.size(), outputs.size(), characters.size(), reals.size()};
  }
};

/// Copies a graph into one of fixed size.
/// requires: `Sizes` are those of `from`; without characters, the text of `from` must be a constant's.
template <graph_sizes Sizes>
constexpr frozen_graph<Sizes> freeze(const graph_transfer& from) {
  frozen_graph<Sizes> to;
  from.nodes.copy_to(to.nodes.data());
  from.values.copy_to(to.values.data());
  from.operands.copy_to(to.operands.data());
  from.outputs.copy_to(to.outputs.data());
  from.characters.copy_to(to.characters.data());
  if (Sizes.characters == 0) to.inherited = from.inherited;
  from.reals.copy_to(to.reals.data());
  to.problem = from.problem;
  return to;
}

}  // namespace v0
}  // namespace tenon
