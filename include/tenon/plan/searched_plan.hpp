// SPDX-License-Identifier: Apache-2.0
// The search for what a network's training step keeps and computes again, for programs that print it.
#pragma once

#include <cstdint>
#include <string>

#include "tenon/plan/budget_search.hpp"
#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

/// What a search has found.
struct searched_plan {
  std::string retentions;  ///< what stands in the brackets of tenon::recompute<"...">
  std::int64_t arena_bytes = 0;
  std::int64_t macs = 0;  ///< of a step, those included that compute again what was not kept
  std::int64_t recomputed_macs = 0;
};

/// Searches for the retentions of the least work with which the arena of a trainer of these arguments takes at most
/// `bytes`; where none are found, the arena is as small as could be. It tries 400,000 of them by itself, a few seconds
/// to a minute; the same arguments give the same plan. A program that trains need not include this: it has the text.
///
///     const auto found = tenon::search_plan<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>, tenon::sgd<>>(
///         200_MiB);
///     std::cout << "tenon::recompute<\"" << found.retentions << "\">";
template <const auto& Net, class Inputs, class... Arguments>
searched_plan search_plan(std::int64_t bytes, std::int64_t tries = 400'000, std::uint64_t seed = 1) {
  using plan = plan_of<Net, Inputs, Arguments...>;
  static_assert(plan::trains, "a plan is searched for a training step: with a loss and an optimizer");
  using capabilities = typename plan::capabilities;
  using pipeline = training_pipeline<capabilities>;
  const growing_graph laid_out =
      compile_until<pipeline>(pipeline::step_count - 1, plan::lowered::graph.view(), plan::arguments::options());
  const found_retentions found =
      budget_search<capabilities>(laid_out.view(), plan::arguments::keeps_gradients).run(bytes, tries, seed);
  const list<char> text = text_of_retentions(laid_out.view(), found.retained);
  return {std::string(text.begin(), text.end()), found.arena_bytes, found.rating.macs,
          found.rating.macs - count_macs(laid_out.view())};
}

}  // namespace v0
}  // namespace tenon
