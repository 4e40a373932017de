// SPDX-License-Identifier: Apache-2.0
// Searches for training steps within a budget: over random networks, from what is taken without one to the least.
#include <catch2/catch.hpp>
#include <cmath>

#include "support/compiled.hpp"
#include "support/plan_checker.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/passes/retention_text.hpp"
#include "tenon/plan/budget_search.hpp"
#include "tenon/plan/retention_descent.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using capabilities = onednn::capabilities;
using pipeline = training_pipeline<capabilities>;

/// A random network's training step up to its layouts.
growing_graph laid_out(std::uint32_t seed) {
  const growing_graph described = tenon_test::random_network(seed).make(true);
  REQUIRE(!described.problem);
  return compile_until<pipeline>(pipeline::step_count - 1, described.view(), sgd<momentum<0.9>>::rule(),
                                 tenon_test::must_be_sound<capabilities>{});
}

/// What retentions come to when they are made, by the tests' own count.
struct outcome {
  std::int64_t arena, bound, macs;
};
outcome made_of(const growing_graph& graph, const list<retention>& retained) {
  const graph_edits live(graph.view(), graph_edits::dead_code::goes);
  growing_graph again = recomputer(graph.view(), live, retained).run();
  tenon_test::check_sound(verify_laid_out<capabilities>(again.view()));
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

TEST_CASE("the model says of retentions that were measured what was measured") {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const growing_graph graph = laid_out(seed);
    const graph_edits live(graph.view(), graph_edits::dead_code::goes);
    list<retention> retained(graph.nodes.size(), retention::kept);
    random_stream random(seed);
    for (std::int32_t i = 0; i < loss_node_of(graph.view()); ++i) {
      if (can_run_again(graph.view().node_at(i).op))
        retained[static_cast<std::size_t>(i)] = retention{static_cast<std::uint8_t>(random.below(3))};
    }
    list<std::int64_t> profile;
    const retention_rating rating = rate_retentions<capabilities>(graph.view(), live, retained, false, &profile);
    retention_model model(graph.view(), live);
    model.take(retained);
    model.calibrate(profile);
    model.simulate(rating.peak_bytes);
    CHECK(model.peak() == rating.peak_bytes);
    CHECK(model.excess() == 0);
    CHECK(model.total_macs() + model.added_macs() == rating.macs);
    list<retention> given(graph.nodes.size(), retention::kept);
    model.give(given);
    for (std::size_t e = 0; e < model.size(); ++e)
      CHECK(given[static_cast<std::size_t>(model.node_of(e))] == retained[static_cast<std::size_t>(model.node_of(e))]);
  }
}

TEST_CASE("what the model says of other retentions is near to what is measured") {
  double sum = 0;
  int count = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const growing_graph graph = laid_out(seed);
    const graph_edits live(graph.view(), graph_edits::dead_code::goes);
    const retention_family family(graph.view(), live);
    const list<retention> start = family.member(retention_family::free_work::all, 0);
    list<std::int64_t> profile;
    rate_retentions<capabilities>(graph.view(), live, start, false, &profile);
    retention_model model(graph.view(), live);
    model.take(start);
    model.calibrate(profile);
    for (std::int32_t convolutions = 1; convolutions <= family.size(); ++convolutions) {
      const list<retention> retained = family.member(retention_family::free_work::all, convolutions);
      const retention_rating rating = rate_retentions<capabilities>(graph.view(), live, retained, false);
      model.take(retained);
      model.simulate(0);
      CHECK(model.total_macs() + model.added_macs() == rating.macs);
      sum += std::abs(static_cast<double>(model.peak()) / static_cast<double>(rating.peak_bytes) - 1);
      ++count;
    }
  }
  INFO("mean deviation " << sum / count << " of " << count);
  CHECK(count >= 200);
  CHECK(sum / count < 0.05);
}

TEST_CASE("a descent that is cut finds what one at a stretch does, within the budget if it says so") {
  int met = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    const growing_graph graph = laid_out(seed);
    const graph_edits live(graph.view(), graph_edits::dead_code::goes);
    const list<retention> start = retention_family(graph.view(), live).member(retention_family::free_work::all, 0);
    list<std::int64_t> profile;
    const retention_rating rating = rate_retentions<capabilities>(graph.view(), live, start, false, &profile);
    const std::int64_t budget = rating.peak_bytes * 8 / 10;
    list<retention> found[2];
    for (const std::int64_t at_once : {1'000'000, 3}) {
      retention_model model(graph.view(), live);
      model.take(start);
      retention_descent::progress at;
      for (int constant = 0; constant < 2000 && !at.ended; ++constant) {
        const list<retention> reached = model.retained();
        model.take(start);
        model.calibrate(profile);
        model.retained() = reached;
        retention_descent(model).run(budget, at, at_once);
      }
      CHECK(at.ended);
      model.simulate(budget);
      if (at_once > 3 && model.excess() == 0) ++met;
      found[at_once > 3 ? 0 : 1] = model.retained();
    }
    CHECK(std::equal(found[0].begin(), found[0].end(), found[1].begin()));
  }
  CHECK(met >= 10);
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
