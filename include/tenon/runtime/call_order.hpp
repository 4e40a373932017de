// SPDX-License-Identifier: Apache-2.0
// call_order: parameters of a network lowered at run time get the names and the order they have in constants.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/separate.hpp"
#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

// A parameter without a name is called by the number of its call, and C++ leaves open which call of add(a(x), b(x))
// comes first. Compilers evaluate constants from left to right; code that runs need not be compiled so (g++ goes from
// right to left). So the description is lowered twice for inputs of one sample size, while compiling and at run time:
// the two graphs are the same but for their numbering, and what corresponds tells the name that each parameter has in
// constants, whatever the size.
//
//     constant:   add(0 = conv "0", 1 = conv "1")
//     run time:   add(1 = conv "1", 0 = conv "0")
//     what run time calls "1" is "0" in constants, and the other way round

/// Inputs to lower a description for: all of one shape, if possible one for which the network is right. Extents are
/// large, so that no window exceeds them.
inline constexpr std::array<shape, 8> sample_shapes{
    shape(1, 3, 1024, 1024),       shape(1, 1, 1024, 1024),       shape(1, 4, 1024, 1024), shape(1, 64, 1024, 1024),
    shape(1, 1, 1024, 1024, 1024), shape(1, 3, 1024, 1024, 1024), shape(1, 4, 64, 64, 64), shape(1, 64, 64, 64, 64)};

template <std::size_t Inputs, std::size_t Number>
struct sample_inputs {
  static constexpr std::array<shape, Inputs> list = [] {
    std::array<shape, Inputs> all{};
    all.fill(sample_shapes[Number]);
    return all;
  }();
};

/// The number of the first sample for which the network is right; the number of samples if none is, as for networks of
/// 7 channels in groups.
template <const auto& Net, std::size_t Inputs, std::size_t Number = 0>
constexpr std::size_t find_sample() {
  if constexpr (Number == sample_shapes.size()) {
    return Number;
  } else if constexpr (!stage<lowering<Net, sample_inputs<Inputs, Number>, void>>::graph.problem) {
    return Number;
  } else {
    return find_sample<Net, Inputs, Number + 1>();
  }
}

/// Where the nodes of a description stand in constants, and what its parameters and running statistics are called
/// there.
class call_order {
 public:
  /// Both graphs are of one description and the same inputs.
  call_order(const graph_view& constant, const graph_view& run_time);

  /// Whether calls come in another order at run time than in constants.
  bool differs() const { return !entries_.empty(); }

  /// Brings a graph that was lowered at run time into the order of constants, and gives its parameters their names.
  /// ensures: the graph computes the same
  /// throws: weight_error for a parameter that a network of the sample size does not have.
  growing_graph apply(growing_graph graph) const;

 private:
  /// A node of the sample.
  struct entry {
    operation op = operation::input;
    std::string called, meant;  ///< its scope at run time, and in constants if it is a parameter
    std::int32_t index = 0;     ///< of a parameter, in constants
    std::int32_t position = 0;  ///< in constants, or -1
  };

  struct named_node;

  static bool is_named(const node& of) { return of.op == operation::parameter || of.op == operation::buffer; }

  static bool is_same(const graph_view& a, const graph_view& b);

  /// Goes from the outputs to the sources, in both graphs at once.
  static void match(const graph_view& constant, const graph_view& run_time, std::vector<std::int32_t>& meant,
                    std::vector<char>& taken);

  /// Parameters that no output depends on are told by their names; or it does not matter which of one shape is which.
  static void match_rest(const graph_view& constant, const graph_view& run_time, std::vector<std::int32_t>& meant,
                         std::vector<char>& taken);

  /// The sample's node for each node of a graph of another size, or null. Both come from the same calls in the same
  /// order, but a size may take a call more or less: parameters are found by their names, what lies between them by
  /// their scopes.
  std::vector<const entry*> align(const graph_view& graph) const;

  /// The same nodes by their positions in constants; what has none follows its operands.
  static growing_graph sorted(const graph_view& graph, const std::vector<const entry*>& meant);
  [[noreturn]] static void throw_unknown(std::string_view called);

  std::vector<entry> entries_;  ///< in the order at run time; none if that is the order in constants
};

/// The call order that a sample tells.
template <const auto& Net, std::size_t Inputs, std::size_t Number>
const call_order& call_order_of_sample() {
  using sample = sample_inputs<Inputs, Number>;
  static const call_order order(stage<lowering<Net, sample, void>>::graph.view(),
                                lower<Inputs>(Net, sample::list).graph.view());
  return order;
}

/// The call order of a description of `Inputs` inputs of a rank. Where no sample fits it is the first of that rank that
/// tells: a network that is wrong for its channels is lowered to its end all the same, with all its parameters, and
/// their shapes do not count.
template <const auto& Net, std::size_t Inputs>
const call_order& call_order_of(std::int32_t rank = 4) {
  constexpr std::size_t fitting = find_sample<Net, Inputs>();
  if constexpr (fitting < sample_shapes.size()) {
    return call_order_of_sample<Net, Inputs, fitting>();
  } else {
    constexpr std::size_t first_volume = 4;
    static_assert(sample_shapes[0].rank == 4 && sample_shapes[first_volume].rank == 5);
    return rank == 5 ? call_order_of_sample<Net, Inputs, first_volume>() : call_order_of_sample<Net, Inputs, 0>();
  }
}

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/call_order_definitions.hpp"
#endif
