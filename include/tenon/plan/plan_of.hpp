// SPDX-License-Identifier: Apache-2.0
// plan_of: a network's memory, work and parameters as constants, without any backend's library.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "tenon/graph/input.hpp"
#include "tenon/graph/network_error.hpp"
#include "tenon/graph/work.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/plan/budgeted_compilation.hpp"
#include "tenon/plan/parameter_description.hpp"

namespace tenon {
inline namespace v0 {

/// What a description gives for a number of inputs.
template <const auto& Net, std::size_t Inputs>
struct description_of : description_result<std::remove_cvref_t<decltype(Net)>, std::make_index_sequence<Inputs>> {};
template <const auto& Net>
struct description_of<Net, 0> {
  using type = void;
};

/// In place of a description without inputs, which is refused, so that nothing follows from it.
struct lowering_of_nothing {
  static constexpr growing_graph make() {
    builder to;
    to.graph.outputs.push_back(to.input(shape(1, 1, 1, 1)).number);
    return std::move(to.graph);
  }
};

/// The description, lowered; when training, with its losses.
template <const auto& Net, class Inputs, class Loss>
struct lowering {
  static constexpr growing_graph make() {
    builder to = lower<Inputs::list.size()>(Net, Inputs::list);
    if constexpr (!std::is_void_v<Loss>) {
      if (!to.graph.problem) loss_list<Loss>::type::append_all(to);
    }
    return std::move(to.graph);
  }
};

template <const auto& Net, class Loss>
struct lowering<Net, inputs<>, Loss> : lowering_of_nothing {};

template <class Stage, operation Kind>
constexpr auto describe_parameters() {
  std::array<parameter_description, count_stored(Stage::graph.view(), Kind)> list{};
  describe_stored(Stage::graph.view(), Kind, list);
  return list;
}

/// The constants of a network. plan_of<net, image<1, 3, 360, 480>> is for inference; with a loss and an optimizer, for
/// training; with a loss alone, for that loss of what inference gives. Options: a backend, keep_gradients,
/// memory_budget, recompute. Each constant is computed when it is asked for, and only then; sizes are in bytes.
template <const auto& Net, class Inputs, class... Arguments>
class plan_of {
 public:
  using arguments = plan_arguments<Arguments...>;
  using input_types = typename input_list<Inputs>::type;
  using capabilities = typename arguments::backend::capabilities;
  static constexpr bool trains = arguments::trains;

 private:
  // What is wrong with arguments or description is asked here, where compilers have the fewest lines to print before
  // it.
  using checked_arguments = decltype(check_arguments<!input_types::list.empty(), arguments::fault>());
  using checked_description = typename description_of<Net, input_types::list.size()>::type;

 public:
  /// The network as it was described.
  using lowered = stage<lowering<Net, input_types, typename arguments::loss>>;
  static_assert(network_is_valid<lowered>(), "the network is wrong: see network_error above or below");

  /// The number of trainable values and frozen ones; running statistics do not count.
  static constexpr std::int64_t parameter_count = count_parameters(lowered::graph.view());

  /// Name, shape and trainability of each parameter, in order of first use.
  static constexpr auto parameter_list = describe_parameters<lowered, operation::parameter>();

  /// The running statistics.
  static constexpr auto buffer_list = describe_parameters<lowered, operation::buffer>();

 private:
  template <bool Training, class Lowered>
  struct compilation {
    using type =
        typename ordered<stage<inference_compilation<Lowered, inference_pipeline<capabilities>>>, arguments>::type;
  };
  template <class Lowered>
  struct compilation<true, Lowered>
      : decltype(choose_compilation<Lowered, training_pipeline<capabilities>, arguments>()) {};

 public:
  /// The network as it runs: fused, differentiated, laid out.
  using compiled = typename compilation<trains, lowered>::type;

  static constexpr frozen_plan<compiled::sizes.nodes, compiled::sizes.values> plan = placed<compiled, arguments>::plan;
  static_assert(budget_is_met<arguments, placed<compiled, arguments>>());

  /// The plan as the runtime takes it, a constant: `graph.nodes` in the order in which they run, and in `placements`,
  /// by number of the value, the space that it lies in, its first byte there and its bytes. docs/memory.md draws it.
  static constexpr plan_view view() { return plan.view(compiled::graph.view()); }

  /// Multiply-accumulates of convolutions; of the whole step when training.
  static constexpr std::int64_t macs = count_macs(compiled::graph.view());
  /// Those of them that compute again what was not kept.
  static constexpr std::int64_t recomputed_macs = trains ? count_recomputed_macs(compiled::graph.view()) : 0;
  /// The one allocation in which inputs, activations, gradients, workspaces and outputs lie.
  static constexpr std::int64_t arena_bytes = plan.sizes.arena_bytes;
  /// What no placement of this step list can go below.
  static constexpr std::int64_t lower_bound_bytes = find_lower_bound<capabilities>(view());
  /// Weights in the backend's layouts, once for all nodes that read them alike.
  static constexpr std::int64_t packed_bytes = plan.sizes.packed_bytes;
  /// Activations alive between the forward and the backward pass.
  static constexpr std::int64_t saved_bytes = trains ? find_saved_bytes(view()) : 0;
  /// Gradients that are kept, of trainable parameters: none without keep_gradients, accumulate or clip_norm.
  static constexpr std::int64_t gradient_bytes = plan.sizes.gradient_bytes;
  /// Momentum and moments of trainable parameters.
  static constexpr std::int64_t optimizer_bytes = plan.sizes.optimizer_bytes;
  /// All of it: arena, parameters, packed weights, gradients, optimizer.
  static constexpr std::int64_t total_bytes =
      arena_bytes + parameter_count * 4 + packed_bytes + gradient_bytes + optimizer_bytes;
};

}  // namespace v0
}  // namespace tenon
