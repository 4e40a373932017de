// SPDX-License-Identifier: Apache-2.0
// A sweep of memory budgets: what a training step takes, and what it computes again, under one after the other.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tenon/plan/budget_search.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/report/memory_figures.hpp"

namespace tenon {
inline namespace v0 {

struct sweep_options {
  int points = 8;             ///< budgets, down from the arena of a step that adds no work
  double least = 0.25;        ///< the last budget as a share of that arena
  std::int64_t tries = 1000;  ///< how many plans are tried for each budget; see search_plan
  std::uint64_t seed = 1;     ///< of the searches
};

/// Searches for plans of a training step under budgets that fall by one factor. The first point has no budget, and is
/// the plan of the least memory that adds no work; points that take more memory and more work than another are left
/// out, and the sweep ends with the first budget that could not be met, by the smallest arena that was found. The same
/// arguments give the same points. One search takes a second for a U-Net, some ten for DeepLab v3+.
///
///     report.sweep = tenon::sweep_budgets<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>, tenon::sgd<>>();
template <const auto& Net, class Inputs, class... Arguments>
std::vector<sweep_point> sweep_budgets(const sweep_options& how = {}) {
  using plan = plan_of<Net, Inputs, Arguments...>;
  static_assert(plan::trains, "budgets are swept of a training step: with a loss and an optimizer");
  using capabilities = typename plan::capabilities;
  using pipeline = training_pipeline<capabilities>;
  constexpr bool keeps = plan::arguments::keeps_gradients;
  const graph_view lowered = plan::lowered::graph.view();
  const growing_graph laid_out = compile_until<pipeline>(pipeline::step_count - 1, lowered, plan::arguments::options());
  const std::int64_t macs = count_macs(laid_out.view());
  const auto point = [&](std::int64_t budget, std::int64_t arena, std::int64_t added, std::string retentions) {
    const double percent = macs == 0 ? 0 : 100 * static_cast<double>(added) / static_cast<double>(macs);
    return sweep_point{budget, arena, added, percent, std::move(retentions)};
  };
  const auto text_of = [&](const found_retentions& found) {
    const list<char> text = text_of_retentions(laid_out.view(), found.retained);
    return std::string(text.begin(), text.end());
  };
  const budget_search<capabilities> search(laid_out.view(), keeps);
  const found_retentions first = search.run(std::numeric_limits<std::int64_t>::max() / 2, 0, how.seed);
  const std::int64_t most = first.arena_bytes;
  std::vector<sweep_point> made{point(0, most, first.rating.macs - macs, text_of(first))};
  for (int i = 1; i <= how.points; ++i) {
    const double share = std::pow(how.least, static_cast<double>(i) / how.points);
    const auto budget = static_cast<std::int64_t>(static_cast<double>(most) * share);
    const found_retentions found = search.run(budget, how.tries, how.seed);
    const std::int64_t added = found.rating.macs - macs;
    while (!made.empty() && made.back().arena_bytes >= found.arena_bytes && made.back().added_macs >= added &&
           made.back().budget_bytes != 0)
      made.pop_back();
    if (found.arena_bytes < made.back().arena_bytes)
      made.push_back(point(budget, found.arena_bytes, added, text_of(found)));
    if (found.arena_bytes > budget) break;
  }
  return made;
}

}  // namespace v0
}  // namespace tenon
