// SPDX-License-Identifier: Apache-2.0
// Sharing memory changes nothing: plans of random networks give the bits that they give with every value at an offset
// of its own, and dead memory is never read.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <iterator>
#include <random>
#include <vector>

#include "support/machine.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/graph/dependences.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using tenon_test::compiled_graph;
using tenon_test::machine;
using tenon_test::random_network;

/// Runs a plan twice, shared and not, each with dead memory left alone and poisoned; all results must be the same bits.
template <class Program>
void compare(const compiled_graph& compiled, int threads) {
  const compiled_graph apart = tenon_test::unshared(compiled);
  machine<Program> expected(apart, random_network::classes, threads);
  machine<Program> planned(compiled, random_network::classes, threads);
  machine<Program> poisoned(compiled, random_network::classes, threads);
  machine<Program> apart_poisoned(apart, random_network::classes, threads);
  for (std::int64_t step = 1; step <= 2; ++step) {
    const tenon::step_arguments arguments{0.01f, step};
    const auto seed = static_cast<std::uint32_t>(step);
    expected.run(seed, false, arguments);
    planned.run(seed, false, arguments);
    poisoned.run(seed, true, arguments);
    apart_poisoned.run(seed, true, arguments);
    CHECK(expected.is_sound());
    CHECK(planned.results() == expected.results());
    CHECK(poisoned.results() == expected.results());
    CHECK(apart_poisoned.results() == expected.results());
  }
}

template <class Program, class Capabilities>
void train(std::uint32_t seeds, int threads) {
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    const tenon::optimizer_rule rule = seed % 2 == 0 ? tenon::sgd<tenon::momentum<0.9>>::rule() : tenon::adam<>::rule();
    compare<Program>(
        tenon_test::compile_for_training<Capabilities>(random_network(seed).make(true), rule, seed % 3 == 0), threads);
  }
}

template <class Program, class Capabilities>
void predict(std::uint32_t seeds, int threads) {
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    compare<Program>(tenon_test::compile_for_inference<Capabilities>(random_network(seed).make(false)), threads);
  }
}

/// The graph with its nodes in a random order that respects their dependences, the loss where it was among the steps.
tenon::growing_graph in_random_order(const tenon::graph_view& graph, std::uint32_t seed) {
  const tenon::dependences before(graph);
  std::mt19937 random(seed);
  tenon::graph_copy copy(graph);
  std::vector<char> done(graph.nodes.size(), 0);
  const auto is_ready = [&](std::int32_t i) {
    for (std::int32_t at = before.begin.data()[i]; at < before.begin.data()[i + 1]; ++at) {
      if (done[static_cast<std::size_t>(before.before.data()[at])] == 0) return false;
    }
    return true;
  };
  std::vector<std::int32_t> waiting;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    if (tenon::is_source(graph.node_at(i).op)) {
      copy.copy(graph.node_at(i));
    } else {
      waiting.push_back(i);
    }
  }
  while (!waiting.empty()) {
    std::vector<std::int32_t> ready;
    std::copy_if(waiting.begin(), waiting.end(), std::back_inserter(ready), is_ready);
    REQUIRE_FALSE(ready.empty());
    const std::int32_t next = ready[random() % ready.size()];
    copy.copy(graph.node_at(next));
    done[static_cast<std::size_t>(next)] = 1;
    waiting.erase(std::find(waiting.begin(), waiting.end(), next));
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

/// The greatest difference over the greatest expected value.
double relative(const std::vector<float>& found, const std::vector<float>& expected) {
  double difference = 0, greatest = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(found[i]) - expected[i]));
    greatest = std::max(greatest, std::abs(static_cast<double>(expected[i])));
  }
  return found.size() == expected.size() ? difference / greatest : 1e30;
}

using onednn = tenon::onednn::program;
using reference = tenon::reference::program<float>;

}  // namespace

TEST_CASE("planned training equals unshared training, reference") {
  train<reference, tenon::reference::capabilities>(64, 1);
}
TEST_CASE("planned training equals unshared training, oneDNN") { train<onednn, tenon::onednn::capabilities>(64, 1); }
TEST_CASE("planned training equals unshared training, oneDNN, two threads") {
  train<onednn, tenon::onednn::capabilities>(16, 2);
}
TEST_CASE("planned inference equals unshared inference, reference") {
  predict<reference, tenon::reference::capabilities>(64, 1);
}
TEST_CASE("planned inference equals unshared inference, oneDNN") {
  predict<onednn, tenon::onednn::capabilities>(64, 1);
}
TEST_CASE("planned inference equals unshared inference, oneDNN, two threads") {
  predict<onednn, tenon::onednn::capabilities>(16, 2);
}

TEST_CASE("every order that respects the dependences gives the same bits") {
  using capabilities = tenon::reference::capabilities;
  int moved = 0;
  for (std::uint32_t seed = 0; seed < 48; ++seed) {
    INFO("seed " << seed);
    const tenon::optimizer_rule rule = tenon::adam<>::rule();
    const compiled_graph given =
        tenon_test::compile_for_training<capabilities>(random_network(seed).make(true), rule, false);
    const compiled_graph other =
        tenon_test::planned<capabilities>(in_random_order(given.graph.view(), seed), {true, false});
    tenon_test::check_sound(tenon::verify_laid_out<capabilities>(other.graph.view()));
    for (std::size_t i = 0; i < given.graph.nodes.size(); ++i)
      moved += given.graph.nodes[i].op != other.graph.nodes[i].op ? 1 : 0;
    const compiled_graph apart = tenon_test::unshared(given);
    machine<reference> expected(apart, random_network::classes, 1);
    machine<reference> found(other, random_network::classes, 1);
    for (std::uint32_t step = 1; step <= 2; ++step) {
      expected.run(step, false, {0.01f, step});
      found.run(step, true, {0.01f, step});
      CHECK(found.results() == expected.results());
    }
  }
  CHECK(moved > 1000);
}

TEST_CASE("both backends give the same outputs and losses") {
  const tenon::optimizer_rule rule = tenon::sgd<>::rule();
  int with_rows = 0, with_narrow_sides = 0, with_planes = 0;
  for (std::uint32_t seed = 0; seed < 128; ++seed) {
    for (const bool trains : {false, true}) {
      INFO("seed " << seed << (trains ? ", training" : ", inference"));
      const tenon::growing_graph network = random_network(seed).make(trains);
      const compiled_graph fast =
          trains ? tenon_test::compile_for_training<tenon::onednn::capabilities>(network, rule, false)
                 : tenon_test::compile_for_inference<tenon::onednn::capabilities>(network);
      const compiled_graph plain =
          trains ? tenon_test::compile_for_training<tenon::reference::capabilities>(network, rule, false)
                 : tenon_test::compile_for_inference<tenon::reference::capabilities>(network);
      const auto needed = tenon::onednn::needs_of(fast.graph.view());
      with_rows += needed.row_convolutions ? 1 : 0;
      with_narrow_sides += needed.narrow_convolutions ? 1 : 0;
      with_planes += needed.contiguous_activations ? 1 : 0;
      machine<onednn> found(fast, random_network::classes, 1);
      machine<reference> expected(plain, random_network::classes, 1);
      found.run(1, false, {0.01f, 1});
      expected.run(1, false, {0.01f, 1});
      for (std::size_t i = 0; i < plain.graph.outputs.size(); ++i) {
        CHECK(relative(found.output(i), expected.output(i)) < 1e-4);
      }
    }
  }
  // Values of few channels, which are contiguous, are among them.
  CHECK(with_rows >= 10);
  CHECK(with_narrow_sides >= 10);
  CHECK(with_planes >= 1);
}
