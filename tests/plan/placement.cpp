// SPDX-License-Identifier: Apache-2.0
// Plans of random networks, looked over by a checker that shares no code with the planner.
#include <catch2/catch.hpp>
#include <iostream>

#include "support/compiled.hpp"
#include "support/plan_checker.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using tenon_test::compiled_graph;

/// How much larger arenas are than their lower bounds.
struct ratios {
  int count = 0;
  double sum = 0, worst = 0;

  void add(const tenon::plan_view& plan, std::int64_t bound) {
    const double ratio = static_cast<double>(plan.arena_bytes) / static_cast<double>(bound);
    ++count;
    sum += ratio;
    worst = std::max(worst, ratio);
  }
  double mean() const { return sum / count; }
};

/// A backend whose memory is aligned otherwise, as a GPU's is.
struct wide_slots : tenon::onednn::capabilities {
  static constexpr std::size_t alignment = 256;
};

template <class Capabilities>
void check(const compiled_graph& compiled, ratios& found, tenon_test::sharing& shared) {
  const tenon::plan_view plan = compiled.view();
  tenon_test::plan_checker<Capabilities> checker(plan);
  CHECK(checker.problem() == "");
  shared.add(checker.found());
  const std::int64_t bound = tenon::find_lower_bound<Capabilities>(plan);
  CHECK(bound > 0);
  CHECK(plan.arena_bytes >= bound);
  found.add(plan, bound);
}

template <class Capabilities>
void check_random(std::uint32_t seeds) {
  ratios inference, training;
  tenon_test::sharing shared;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    const tenon::growing_graph network = tenon_test::random_network(seed).make(false);
    REQUIRE(!network.problem);
    check<Capabilities>(tenon_test::compile_for_inference<Capabilities>(network), inference, shared);
    const tenon::growing_graph taught = tenon_test::random_network(seed).make(true);
    REQUIRE(!taught.problem);
    const tenon::optimizer_rule rule = seed % 3 == 0   ? tenon::sgd<>::rule()
                                       : seed % 3 == 1 ? tenon::sgd<tenon::momentum<0.9>>::rule()
                                                       : tenon::adam<>::rule();
    check<Capabilities>(tenon_test::compile_for_training<Capabilities>(taught, rule, seed % 2 == 0), training, shared);
  }
  std::cout << Capabilities::name << ": the arenas of " << seeds << " random networks are " << inference.mean()
            << " (inference) and " << training.mean() << " (training) times their lower bounds, at the worst "
            << inference.worst << " and " << training.worst << "\n";
  std::cout << "  " << shared.overwritten << " results lie over operands, " << shared.joined << " operands in concats, "
            << shared.taken << " results in what they are a part of; " << shared.copied << " parts are copied\n";
  const bool joins_blocks = std::is_base_of_v<tenon::onednn::capabilities, Capabilities>;
  CHECK(shared.overwritten > 1000);
  CHECK(shared.joined >= (joins_blocks ? 10 : 100));
  CHECK(shared.taken >= (joins_blocks ? 5 : 100));
  CHECK(inference.mean() < 1.02);
  CHECK(training.mean() < 1.02);
}

}  // namespace

TEST_CASE("values that live at the same time do not overlap, oneDNN") {
  check_random<tenon::onednn::capabilities>(400);
}
TEST_CASE("values that live at the same time do not overlap, reference") {
  check_random<tenon::reference::capabilities>(400);
}

TEST_CASE("values that live at the same time do not overlap, in slots of 256 bytes") { check_random<wide_slots>(400); }

TEST_CASE("the checker sees an overlap") {
  using capabilities = tenon::onednn::capabilities;
  int planted = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const tenon::growing_graph network = tenon_test::random_network(seed).make(true);
    compiled_graph compiled =
        tenon_test::compile_for_training<capabilities>(network, tenon::sgd<tenon::momentum<0.9>>::rule(), false);
    REQUIRE(tenon_test::problem_of<capabilities>(compiled.view()) == "");
    // Every pair of one node's operands in the arena lives at that node: one over the other must be seen.
    for (const tenon::node& each : compiled.graph.nodes) {
      if (each.operands.count < 2) continue;
      const auto view = compiled.graph.view();
      const auto a = static_cast<std::size_t>(view.operand(each, 0)),
                 b = static_cast<std::size_t>(view.operand(each, 1));
      tenon::placement &first = compiled.plan.placements[a], &second = compiled.plan.placements[b];
      if (a == b || first.space != tenon::memory_space::arena || second.space != tenon::memory_space::arena) continue;
      const std::int64_t before = second.offset;
      second.offset = first.offset;
      CHECK(tenon_test::problem_of<capabilities>(compiled.view()) != "");
      second.offset = before;
      ++planted;
    }
    // One slot too far down, and beyond the arena.
    for (tenon::placement& place : compiled.plan.placements) {
      if (place.space != tenon::memory_space::arena) continue;
      const std::int64_t before = place.offset;
      place.offset = compiled.plan.sizes.arena_bytes - place.bytes + 64;
      CHECK(tenon_test::problem_of<capabilities>(compiled.view()) != "");
      place.offset = before;
      ++planted;
      break;
    }
  }
  CHECK(planted > 100);
}

TEST_CASE("no placement goes below the lower bound that is found by hand") {
  // x -> relu -> y -> output, with the reference: relu works in place, the output's contiguous value is y itself.
  tenon::builder to;
  const tenon::symbol x = to.input(tenon::shape(1, 16, 4, 4));
  const tenon::symbol y = to.make(tenon::operation::activation, {&x.number, 1}, {}, x.extents());
  to.graph.outputs.push_back(y.number);
  const auto reference = tenon_test::compile_for_inference<tenon::reference::capabilities>(to.graph);
  CHECK(reference.view().arena_bytes == 16 * 16 * 4);
  CHECK(tenon::find_lower_bound<tenon::reference::capabilities>(reference.view()) == 16 * 16 * 4);
  // Two reads of x, so that it is alive beside both results.
  tenon::builder other;
  const tenon::symbol a = other.input(tenon::shape(1, 16, 4, 4));
  const tenon::symbol b = other.make(tenon::operation::activation, {&a.number, 1}, {}, a.extents());
  const tenon::symbol c = tenon::layers::concat(a, b);
  other.graph.outputs.push_back(c.number);
  const auto joined = tenon_test::compile_for_inference<tenon::reference::capabilities>(other.graph);
  // The concat is made where a and b lie.
  CHECK(joined.view().arena_bytes == 2 * 16 * 16 * 4);
  CHECK(tenon::find_lower_bound<tenon::reference::capabilities>(joined.view()) == 2 * 16 * 16 * 4);
}
