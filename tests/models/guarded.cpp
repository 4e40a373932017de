// SPDX-License-Identifier: Apache-2.0
// Every network of models/, narrow, trains between closed pages and with poison wherever nothing lives, as it does
// where nothing shares memory, and as a plain graph of doubles in which nothing is fused, recomputed or shared.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <iostream>

#include "models/networks.hpp"
#include "support/machine.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/plan/budget_search.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using tenon_test::compiled_graph;
using tenon_test::machine;
using tenon_test::model;

constexpr float learning_rate = 0.002f;
constexpr plan_options trains{true, false};

optimizer_rule rule() { return sgd<momentum<0.9>>::rule(); }

/// The training step with an arena of at most so many bytes, or the least that is found.
template <class Capabilities>
compiled_graph within(const model& of, std::int64_t budget) {
  using pipeline = training_pipeline<Capabilities>;
  const growing_graph described = of.described(true);
  const growing_graph laid_out = compile_until<pipeline>(pipeline::step_count - 1, described.view(), rule());
  const graph_edits live(laid_out.view(), graph_edits::dead_code::goes);
  const found_retentions found = budget_search<Capabilities>(laid_out.view(), false).run(budget, 0, 1);
  return tenon_test::planned<Capabilities>(recomputer(laid_out.view(), live, found.retained).run(), trains);
}

/// Nothing fused, nothing recomputed, nothing shared.
compiled_graph plain(const model& of) {
  const growing_graph described = of.described(true);
  growing_graph graph = remove_dead(described.view());
  graph = remove_dead(differentiate(training_form(graph.view()).view(), rule()).view());
  return tenon_test::unshared(
      tenon_test::planned<reference::capabilities>(lay_out<reference::capabilities>(graph.view()), trains));
}

/// The greatest difference between numbers, over the greatest of them.
template <class A, class B>
double difference(const std::vector<std::byte>& found, const std::vector<std::byte>& expected) {
  REQUIRE(found.size() / sizeof(A) == expected.size() / sizeof(B));
  double apart = 0, greatest = 1e-6;
  for (std::size_t i = 0; i < found.size() / sizeof(A); ++i) {
    A a;
    B b;
    std::memcpy(&a, found.data() + i * sizeof(A), sizeof(A));
    std::memcpy(&b, expected.data() + i * sizeof(B), sizeof(B));
    if (!std::isfinite(a)) return INFINITY;
    apart = std::max(apart, std::abs(static_cast<double>(a) - static_cast<double>(b)));
    greatest = std::max(greatest, std::abs(static_cast<double>(b)));
  }
  return apart / greatest;
}

/// Two steps with poison equal two without where nothing shares memory, bit for bit.
template <class Program>
void check_poisoned(const compiled_graph& made) {
  const compiled_graph apart = tenon_test::unshared(made);
  machine<Program> poisoned(made, tenon_test::model_classes, 1), other(apart, tenon_test::model_classes, 1);
  for (std::uint32_t seed = 1; seed <= 2; ++seed) {
    const step_arguments arguments{learning_rate, std::int64_t{seed}, 5};
    poisoned.run(seed, true, arguments);
    other.run(seed, false, arguments);
    CHECK(std::isfinite(poisoned.loss()));
    CHECK(poisoned.loss() == other.loss());
    CHECK(poisoned.results() == other.results());
  }
}

template <class Capabilities, class Program>
void check_all() {
  for (const model& each : tenon_test::narrow_models()) {
    INFO(Capabilities::name << ", " << each.name);
    check_poisoned<Program>(tenon_test::compile_for_training<Capabilities>(each.described(true), rule(), false));
    check_poisoned<Program>(within<Capabilities>(each, 1));
  }
}

}  // namespace

TEST_CASE("the models train between closed pages with poisoned memory, oneDNN") {
  check_all<onednn::capabilities, onednn::program>();
}
TEST_CASE("the models train between closed pages with poisoned memory, reference") {
  check_all<reference::capabilities, reference::program<float>>();
}

namespace {

/// How far a step's loss, and all values behind it, are from those of the plain graph in double.
struct deviation {
  double loss = 0, values = 0;

  template <class Found, class Expected>
  void note(const Found& found, const Expected& expected) {
    loss = std::max(loss, std::abs(static_cast<double>(found.loss()) / expected.loss() - 1));
    const auto results = found.results(), wanted = expected.results();
    for (std::size_t i = 0; i < 2; ++i)  // parameters with running statistics; momentum
      values = std::max(values, difference<float, double>(results[i], wanted[i]));
  }
};

}  // namespace

// How much float can differ from double depends on the network: a norm of two values is one of their difference.
TEST_CASE("five steps with everything fused, shared and recomputed are as exact as those of the plain graph") {
  std::cout
      << "deviations over five steps from the plain graph in double: of the loss, of all values; in brackets those "
         "of the plain graph in float\n";
  for (const model& each : tenon_test::narrow_models()) {
    INFO(each.name);
    const compiled_graph made = within<onednn::capabilities>(each, 1), described = plain(each);
    machine<onednn::program> found(made, tenon_test::model_classes, 1);
    machine<reference::program<float>> alike(described, tenon_test::model_classes, 1);
    machine<reference::program<double>> expected(described, tenon_test::model_classes, 1);
    deviation ours, plain_ones;
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
      const step_arguments arguments{learning_rate, std::int64_t{seed}, 5};
      found.run(seed, false, arguments);
      alike.run(seed, false, arguments);
      expected.run(seed, false, arguments);
      ours.note(found, expected);
      plain_ones.note(alike, expected);
    }
    std::cout << "  " << each.name << ": " << ours.loss << ", " << ours.values << " (" << plain_ones.loss << ", "
              << plain_ones.values << ")\n";
    CHECK(ours.loss <= 1e-6 + 10 * plain_ones.loss);
    CHECK(ours.values <= 1e-6 + 10 * plain_ones.values);
  }
}

TEST_CASE("what is written behind a guarded space is seen") {
  tenon_test::guarded_space space;
  space.make(1000);
  CHECK(space.is_whole());
  space.begin()[1000] = std::byte{1};
  CHECK(!space.is_whole());
  space.make(1024);
  space.begin()[-1] = std::byte{1};
  CHECK(!space.is_whole());
  space.make(1024);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    static_cast<volatile std::byte*>(space.begin())[1024] = std::byte{1};
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
}
