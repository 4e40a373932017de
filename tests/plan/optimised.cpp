// SPDX-License-Identifier: Apache-2.0
// Over a thousand random networks the optimised graph computes what the plain one does, each pass has work to do, and
// faults that are planted are found.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <string>

#include "support/machine.hpp"
#include "support/plan_checker.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/graph/printer.hpp"
#include "tenon/graph/verifier.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using tenon_test::compiled_graph;
using tenon_test::machine;
using tenon_test::random_network;
using program = reference::program<double>;

/// The reference's kernels with everything fused that can be.
struct fusing : reference::capabilities {
  static constexpr bool folds_norm = true;
  static constexpr bool is_norm(operation op) {
    return op == operation::batch_norm || op == operation::batch_norm_training || op == operation::group_norm;
  }
  static constexpr bool fuses_activation(operation op, activation) {
    return op == operation::convolution || op == operation::transposed_convolution || is_norm(op);
  }
  static constexpr bool fuses_sum(const graph_view&, const node& of) {
    return of.op == operation::convolution || is_norm(of.op);
  }
};

/// How often each pass changed a network; a pass counts once a network.
using tally = std::map<std::string, int>;

template <class Pass>
growing_graph counted(tally& fired, const std::string& name, const growing_graph& graph, const Pass& pass) {
  growing_graph made = pass(graph.view());
  bool changed = made.nodes.size() != graph.nodes.size() || made.operands.size() != graph.operands.size();
  for (std::size_t i = 0; !changed && i < made.nodes.size(); ++i) {
    changed = made.nodes[i].attribute.fused != graph.nodes[i].attribute.fused ||
              made.nodes[i].attribute.adds != graph.nodes[i].attribute.adds || made.nodes[i].op != graph.nodes[i].op;
  }
  if (changed) ++fired[name];
  return made;
}

/// A laid-out graph with its plan.
compiled_graph placed(growing_graph graph, const plan_options& options, tally& fired) {
  compiled_graph made;
  made.graph = std::move(graph);
  tenon_test::check_sound(verify_laid_out<fusing>(made.graph.view()));
  made.plan = make_plan<fusing>(made.graph.view(), options);
  const graph_view view = made.graph.view();
  bool in_place = false, joined = false;
  for (const node& each : view.nodes) {
    for (int o = 0; each.results.count > 0 && o < each.operands.count; ++o) {
      const placement& under = made.plan.placements[static_cast<std::size_t>(view.operand(each, o))];
      const placement& over = made.plan.placements[static_cast<std::size_t>(each.results[0])];
      if (under.space != memory_space::arena || over.space != memory_space::arena) continue;
      in_place = in_place || (under.offset == over.offset && under.bytes == over.bytes && each.op != operation::concat);
      joined = joined || (each.op == operation::concat && under.offset >= over.offset &&
                          under.offset + under.bytes <= over.offset + over.bytes);
    }
  }
  if (in_place) ++fired["in place"];
  if (joined) ++fired["concat in place"];
  return made;
}

compiled_graph planned(const growing_graph& graph, const plan_options& options, tally& fired) {
  return placed(lay_out<fusing>(graph.view()), options, fired);
}

compiled_graph optimised_inference(const growing_graph& described, tally& fired) {
  growing_graph graph =
      counted(fired, "dead code", described, [](const graph_view& of) { return remove_dead(of, true); });
  graph = counted(fired, "fold norm", graph, [](const graph_view& of) { return fold_norm(of); });
  graph = counted(fired, "fuse sum", graph, [](const graph_view& of) { return fuse_sum<fusing>(of); });
  graph = counted(fired, "fuse activation", graph, [](const graph_view& of) { return fuse_activation<fusing>(of); });
  // A compiled network takes these passes at once, in one copy.
  CHECK(print(inference_pipeline<fusing>::fuse(described.view()).view()).view() == print(graph.view()).view());
  return planned(graph, {}, fired);
}

growing_graph differentiated(const growing_graph& described, tally& fired) {
  growing_graph graph = training_form(remove_dead(described.view()).view());
  graph = counted(fired, "fuse sum in training", graph, [](const graph_view& of) { return fuse_sum<fusing>(of); });
  graph = counted(fired, "fuse activation in training", graph,
                  [](const graph_view& of) { return fuse_activation<fusing, true>(of); });
  CHECK(print(training_pipeline<fusing>::fuse(described.view()).view()).view() == print(graph.view()).view());
  return differentiate(graph.view(), sgd<>::rule());
}

compiled_graph optimised_training(const growing_graph& described, tally& fired) {
  growing_graph graph = differentiated(described, fired);
  std::map<std::int32_t, int> readers;
  for (const node& each : graph.nodes) {
    for (int o = 0; each.op == operation::convolution && o < each.operands.count; ++o) {
      ++readers[graph.view().operand(each, o)];
    }
  }
  bool shares = false, sums = false;
  for (const auto& [number, count] : readers) {
    shares =
        shares || (count > 1 &&
                   graph.nodes[static_cast<std::size_t>(graph.values[static_cast<std::size_t>(number)].producer)].op ==
                       operation::parameter);
  }
  const std::int32_t loss = loss_node_of(graph.view());
  for (std::int32_t i = loss; i < graph.view().node_count(); ++i) {
    sums = sums || graph.view().node_at(i).op == operation::add;
  }
  if (shares) ++fired["shared parameter"];
  if (sums) ++fired["gradient sum"];
  graph = lay_out<fusing>(remove_dead(graph.view()).view());
  graph =
      counted(fired, "recompute", graph, [](const graph_view& of) { return training_pipeline<fusing>::recompute(of); });
  return placed(std::move(graph), {true, false}, fired);
}

/// With anything kept or recomputed, as it comes. Counts how much runs again.
compiled_graph training_with_any_retention(const growing_graph& described, std::uint32_t seed, tally& fired) {
  tally unused;
  growing_graph graph = differentiated(described, unused);
  graph = lay_out<fusing>(graph.view());
  std::mt19937 random(seed);
  list<retention> retained(graph.nodes.size(), retention::kept);
  for (std::size_t i = 0; i < retained.size(); ++i) {
    if (can_run_again(graph.nodes[i].op)) retained[i] = static_cast<retention>(random() % 3);
  }
  const graph_edits live(graph.view(), graph_edits::dead_code::goes);
  growing_graph again = recomputer(graph.view(), live, retained).run();
  tenon_test::check_sound(verify_laid_out<fusing>(again.view()));
  for (std::int32_t i = loss_node_of(again.view()) + 1; i < again.view().node_count(); ++i) {
    const operation op = again.view().node_at(i).op;
    if (phase_of(op) == phase::forward) ++fired[std::string(name_of(op))];
  }
  return placed(std::move(again), {true, false}, unused);
}

/// Nothing fused, nothing recomputed, nothing shared.
compiled_graph plain(const growing_graph& described, bool trains) {
  growing_graph graph = remove_dead(described.view(), !trains);
  if (trains) graph = remove_dead(differentiate(training_form(graph.view()).view(), sgd<>::rule()).view());
  compiled_graph made;
  made.graph = lay_out<reference::capabilities>(graph.view());
  tenon_test::check_sound(verify_laid_out<reference::capabilities>(made.graph.view()));
  made.plan = make_plan<reference::capabilities>(made.graph.view(), {trains, false});
  return tenon_test::unshared(std::move(made));
}

/// In double. The greatest difference of outputs, parameters and statistics after a step, each over its greatest
/// expected value, or 1e-4: what is zero but for rounding, as a norm of equal values, has no scale of its own.
double difference(const compiled_graph& found, const compiled_graph& expected, bool poison = false) {
  machine<program> one(found, random_network::classes, 1), other(expected, random_network::classes, 1);
  one.run(3, poison, {0.05f, 1});
  other.run(3, false, {0.05f, 1});
  double worst = 0;
  const auto results = one.results(), wanted = other.results();
  REQUIRE(results.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (results[i].size() != wanted[i].size()) return INFINITY;
    double greatest = 1e-4, apart = 0;
    for (std::size_t at = 0; at + 8 <= wanted[i].size(); at += 8) {
      double a, b;
      std::memcpy(&a, results[i].data() + at, 8);
      std::memcpy(&b, wanted[i].data() + at, 8);
      if (!std::isfinite(a)) return INFINITY;
      apart = std::max(apart, std::abs(a - b));
      greatest = std::max(greatest, std::abs(b));
    }
    worst = std::max(worst, apart / greatest);
  }
  return worst;
}

constexpr std::uint32_t networks = 1000;
constexpr int least = 100;
constexpr double allowed = 1e-8;

}  // namespace

TEST_CASE("optimised inference computes what the plain graph does") {
  tally fired;
  for (std::uint32_t seed = 0; seed < networks; ++seed) {
    const growing_graph described = random_network(seed).make(false);
    const compiled_graph made = optimised_inference(described, fired);
    INFO("seed " << seed);
    CHECK(difference(made, plain(described, false), seed % 4 == 0) < allowed);
    CHECK(tenon_test::problem_of<fusing>(made.view()) == "");
  }
  for (const char* pass : {"dead code", "fold norm", "fuse sum", "fuse activation", "in place", "concat in place"}) {
    INFO(pass);
    CHECK(fired[pass] >= least);
  }
}

TEST_CASE("optimised training computes what the plain graph does") {
  tally fired;
  for (std::uint32_t seed = 0; seed < networks; ++seed) {
    const growing_graph described = random_network(seed).make(true);
    const compiled_graph made = optimised_training(described, fired);
    INFO("seed " << seed);
    CHECK(difference(made, plain(described, true), seed % 4 == 0) < allowed);
    CHECK(tenon_test::problem_of<fusing>(made.view()) == "");
  }
  for (const char* pass : {"fuse sum in training", "fuse activation in training", "recompute", "shared parameter",
                           "gradient sum", "in place", "concat in place"}) {
    INFO(pass);
    CHECK(fired[pass] >= least);
  }
}

TEST_CASE("training computes the same whatever is kept and whatever runs again") {
  tally again;
  for (std::uint32_t seed = 0; seed < networks; ++seed) {
    const growing_graph described = random_network(seed).make(true);
    const compiled_graph made = training_with_any_retention(described, seed, again);
    INFO("seed " << seed);
    CHECK(difference(made, plain(described, true), seed % 4 == 0) < allowed);
    CHECK(tenon_test::problem_of<fusing>(made.view()) == "");
  }
  for (const char* op : {"convolution", "batch_norm", "group_norm_given", "activation", "dropout", "max_pool", "add",
                         "concat", "resize", "transposed_convolution"}) {
    INFO(op);
    CHECK(again[op] >= least);
  }
}

TEST_CASE("an overlap that is planted is found") {
  int found_by_checker = 0, found_by_running = 0, planted = 0;
  tally fired;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const growing_graph described = random_network(seed).make(false);
    compiled_graph made = optimised_inference(described, fired);
    // Moves a result onto a living operand of its node.
    const graph_view graph = made.graph.view();
    for (const node& each : graph.nodes) {
      if (each.op != operation::convolution && each.op != operation::max_pool) continue;
      placement& from = made.plan.placements[static_cast<std::size_t>(graph.operand(each, 0))];
      placement& to = made.plan.placements[static_cast<std::size_t>(each.results[0])];
      if (from.space != memory_space::arena || from.offset + to.bytes > made.plan.sizes.arena_bytes) continue;
      to.offset = from.offset;
      ++planted;
      break;
    }
    found_by_checker += tenon_test::problem_of<fusing>(made.view()).empty() ? 0 : 1;
    found_by_running += difference(made, plain(described, false)) > allowed ? 1 : 0;
  }
  CHECK(planted >= 30);
  CHECK(found_by_checker == planted);
  CHECK(found_by_running >= planted / 2);
}

TEST_CASE("a gradient sum that is left out is found") {
  int found = 0, planted = 0;
  tally fired;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const growing_graph described = random_network(seed).make(true);
    growing_graph graph = remove_dead(differentiated(described, fired).view());
    const std::int32_t loss = loss_node_of(graph.view());
    for (std::int32_t i = loss; i < graph.view().node_count(); ++i) {
      const node& sum = graph.view().node_at(i);
      if (sum.op != operation::add) continue;
      // Whoever reads the sum reads its first operand instead.
      const std::int32_t first = graph.view().operand(sum, 0);
      for (std::int32_t& operand : graph.operands) {
        if (operand == sum.results[0]) operand = first;
      }
      ++planted;
      const compiled_graph made = planned(remove_dead(graph.view()), {true, false}, fired);
      found += difference(made, plain(described, true)) > allowed ? 1 : 0;
      break;
    }
  }
  CHECK(planted >= 30);
  CHECK(found >= planted * 9 / 10);  // a gradient may happen to be 0
}

TEST_CASE("a norm that is folded wrongly is found") {
  int found = 0, planted = 0;
  tally fired;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const growing_graph described = random_network(seed).make(false);
    growing_graph graph = fold_norm(remove_dead(described.view(), true).view());
    for (const node& each : graph.nodes) {
      if (!each.attribute.folds_norm) continue;
      // Scale and shift of the norm in each other's place.
      const auto scale = static_cast<std::size_t>(each.operands.begin + each.operands.count - 4);
      std::swap(graph.operands[scale], graph.operands[scale + 1]);
      ++planted;
      const compiled_graph made = planned(std::move(graph), {}, fired);
      found += difference(made, plain(described, false)) > allowed ? 1 : 0;
      break;
    }
  }
  CHECK(planted >= 30);
  CHECK(found == planted);
}
