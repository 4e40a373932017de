// SPDX-License-Identifier: Apache-2.0
// A network as it runs, as constants: one for each step of its pipeline, then its plan.
#pragma once

#include <type_traits>

#include "tenon/graph/network_error.hpp"
#include "tenon/graph/transfer.hpp"
#include "tenon/passes/pipeline.hpp"
#include "tenon/plan/options.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/plan/reorder.hpp"
#include "tenon/plan/staging.hpp"

namespace tenon {
inline namespace v0 {

/// A graph as a constant: what `Maker::make()` gives.
template <class Maker>
struct stage {
  static constexpr graph_transfer made{Maker::make()};
  static constexpr graph_sizes sizes = made.sizes();
  static constexpr frozen_graph<sizes> graph = freeze<sizes>(made);
};

/// A step of a pipeline, applied to the graph that the step before it made.
template <class Before, class Pipeline, std::size_t Step, class Arguments>
struct compilation_step {
  static constexpr growing_graph make() {
    return Pipeline::steps[Step].apply(Before::graph.view(), Arguments::options());
  }
};

/// The graph behind a pipeline's first steps, each a constant of its own, since compilers limit how much one may take.
template <class Lowered, class Pipeline, class Arguments, std::size_t Steps = Pipeline::step_count>
struct training_compilation {
  using before = typename training_compilation<Lowered, Pipeline, Arguments, Steps - 1>::type;
  static_assert(network_is_valid<before, problem::has_no_gradient>(),  // the rest has been said
                "the network cannot be trained: see network_error above or below");
  // What is wrong is wrong in one graph, so that it is said once.
  using type = std::conditional_t<static_cast<bool>(before::graph.problem), before,
                                  stage<compilation_step<before, Pipeline, Steps - 1, Arguments>>>;
};
template <class Lowered, class Pipeline, class Arguments>
struct training_compilation<Lowered, Pipeline, Arguments, 0> {
  using type = Lowered;
};

/// The few passes of inference fit into one constant.
template <class Lowered, class Pipeline>
struct inference_compilation {
  static constexpr growing_graph make() { return compile<Pipeline>(Lowered::graph.view()); }
};

/// A graph's plan as a constant.
template <class Compiled, class Arguments>
struct placed {
  struct demand {
    static constexpr demand_transfer made{find_demand<typename Arguments::backend::capabilities>(
        Compiled::graph.view(), {Arguments::has_loss, Arguments::keeps_gradients})};
  };
  static constexpr frozen_plan<Compiled::sizes.nodes, Compiled::sizes.values> plan =
      freeze<Compiled::sizes.nodes, Compiled::sizes.values>(demand::made, found_offsets<demand>());
};

/// A compiled network with its nodes in an order of less memory, if it is small and there is one.
template <class Compiled, class Arguments>
struct ordered {
  struct search {
    static constexpr growing_graph make() {
      return search_order<typename Arguments::backend::capabilities>(Compiled::graph.view(),
                                                                     Arguments::keeps_gradients);
    }
  };

  static constexpr auto choose() {
    if constexpr (!is_small(Compiled::sizes.nodes)) {
      return Compiled();
    } else if constexpr (has_choice(Compiled::graph.view())) {
      return stage<search>();
    } else {
      return Compiled();
    }
  }
  using type = decltype(choose());
};

}  // namespace v0
}  // namespace tenon
