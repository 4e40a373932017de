// SPDX-License-Identifier: Apache-2.0
// Searches for training steps within a budget: over random networks, from what is taken without one to the least.
#include <catch2/catch.hpp>

#include "support/compiled.hpp"
#include "support/plan_checker.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/passes/retention_text.hpp"
#include "tenon/plan/budget_search.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using capabilities = onednn::capabilities;
using pipeline = training_pipeline<capabilities>;

/// A random network's training step up to its layouts.
growing_graph laid_out(std::uint32_t seed) {
  const growing_graph described = tenon_test::random_network(seed).make(true);
  REQUIRE(!described.problem);
  return compile_until<pipeline>(pipeline::step_count - 1, described.view(), sgd<momentum<0.9>>::rule());
}

/// What retentions come to when they are made, by the tests' own count.
struct outcome {
  std::int64_t arena, bound, macs;
};
outcome made_of(const growing_graph& graph, const list<retention>& retained) {
  const graph_edits live(graph.view(), graph_edits::dead_code::goes);
  growing_graph again = recomputer(graph.view(), live, retained).run();
  CHECK(sentence_of(verify(again.view()).kind) == sentence_of(flaw::none));
  tenon_test::compiled_graph rated{again, {}};  // in the order that ratings see
  rated.plan = make_plan<capabilities>(rated.graph.view(), {true, false});
  const tenon_test::compiled_graph compiled = tenon_test::planned<capabilities>(std::move(again), {true, false});
  CHECK(tenon_test::problem_of<capabilities>(compiled.view()) == "");
  return {compiled.plan.sizes.arena_bytes, find_lower_bound<capabilities>(rated.view()),
          count_macs(compiled.graph.view())};
}

}  // namespace

TEST_CASE("plans are within their budgets, and a smaller budget never gives a larger arena") {
  int met = 0, recomputed = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const growing_graph graph = laid_out(seed);
    const budget_search<capabilities> search(graph.view(), false);
    const found_retentions free = search.run(std::int64_t{1} << 40, 0, 1);
    CHECK(free.rating.macs == count_macs(graph.view()));
    std::int64_t least = free.arena_bytes;
    for (const int percent : {100, 90, 80, 70, 60, 50, 40}) {
      const std::int64_t budget = free.arena_bytes * percent / 100;
      const found_retentions found = search.run(budget, 0, 1);
      const outcome made = made_of(graph, found.retained);
      CHECK(made.arena == found.arena_bytes);
      CHECK(made.macs == found.rating.macs);
      CHECK(found.rating.peak_bytes >= made.bound);
      if (found.arena_bytes > budget) continue;
      ++met;
      recomputed += found.rating.macs > free.rating.macs ? 1 : 0;
      CHECK(found.arena_bytes <= least);
      least = found.arena_bytes;
    }
  }
  CHECK(met >= 70);
  CHECK(recomputed >= 20);
}

TEST_CASE("annealing finds no worse than the family, and less work or less memory for many networks") {
  int better = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    const growing_graph graph = laid_out(seed);
    const budget_search<capabilities> search(graph.view(), false);
    const std::int64_t budget = search.run(std::int64_t{1} << 40, 0, 1).arena_bytes * 7 / 10;
    const found_retentions quick = search.run(budget, 0, 1), slow = search.run(budget, 500, 1);
    if (quick.arena_bytes <= budget) {
      CHECK(slow.arena_bytes <= budget);
      CHECK(slow.rating.macs <= quick.rating.macs);
    }
    better += slow.rating.macs < quick.rating.macs || slow.arena_bytes < quick.arena_bytes ? 1 : 0;
    const found_retentions again = search.run(budget, 500, 1);
    CHECK(again.arena_bytes == slow.arena_bytes);
    CHECK(again.rating.macs == slow.rating.macs);
  }
  CHECK(better >= 10);
}

TEST_CASE("retentions are read as they were written") {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const growing_graph graph = laid_out(seed);
    list<retention> retained(graph.nodes.size(), retention::kept);
    random_stream random(seed);
    for (std::int32_t i = 0; i < loss_node_of(graph.view()); ++i) {
      if (can_run_again(graph.view().node_at(i).op))
        retained[static_cast<std::size_t>(i)] = retention{static_cast<std::uint8_t>(random.below(3))};
    }
    const list<char> text = text_of_retentions(graph.view(), retained);
    const read_retentions read = retentions_of(graph.view(), {text.data(), text.size()});
    CHECK(read.wanted == read.found);
    CHECK(std::equal(retained.begin(), retained.end(), read.retained.begin()));
    // One too few, one too many, another letter, a number at the end.
    const std::string written(text.begin(), text.end());
    CHECK(retentions_of(graph.view(), "k" + written).found == read.wanted + 1);
    CHECK(retentions_of(graph.view(), written + "7").found == -1);
    CHECK(retentions_of(graph.view(), written + "x").found == -1);
    CHECK(retentions_of(graph.view(), "999999999999k").found > read.wanted);
  }
}
