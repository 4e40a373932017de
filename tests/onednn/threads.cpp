// SPDX-License-Identifier: Apache-2.0
// A program computes right wherever its caller stands: in OpenMP regions, under OpenMP's limits, in a child of fork.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <climits>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "onednn/beside_reference.hpp"
#include "tenon/backends/onednn/with_threads.hpp"

#ifndef __clang__
#  include <omp.h>  // a program may, behind ours
#endif

namespace {

using namespace tenon;
using namespace tenon::layers;
using tenon_test::compiled_graph;
using results = std::vector<std::vector<std::byte>>;
using machine = tenon_test::machine<onednn::program>;

/// All that sums over threads: weights' gradients of every kind, norms, a PReLU, pools.
constexpr auto summing = [](auto x) {
  x = batch_norm{}(conv2d<32, kernel<3>>{}(x));
  x = prelu{}(conv2d<32, kernel<3>, groups<32>>{}(x));
  x = group_norm<4>{}(conv2d<32, kernel<3>, groups<4>>{}(x));
  x = relu{}(conv2d<32, kernel<3>, dilation<2>>{}(max_pool2d<kernel<2>>{}(x)));
  x = conv_transpose2d<16, kernel<2>, stride<2>>{}(conv2d<32, kernel<3>, stride<2>>{}(x));
  x = batch_norm{}(conv2d<4>{}(x));
  return conv2d<3, kernel<3>>{}(x);
};

template <class Capabilities, class Loss = cross_entropy<>>
compiled_graph trains() {
  const growing_graph graph = onednn_test::described<Loss>(summing, shape(2, 3, 24, 20));
  return tenon_test::compile_for_training<Capabilities>(graph, sgd<>::rule(), true);
}

const compiled_graph& training() {
  static const compiled_graph compiled = trains<onednn::capabilities>();
  return compiled;
}

/// A program of two threads and its memory; a step from the same values each time.
struct stepper {
  std::optional<machine> made;
  results found;

  void make() { made.emplace(training(), 3, 2); }
  void step() {
    made->run(5, false, {0.125f, 1});
    found = made->results();
  }
  void make_and_step() {
    make();
    step();
  }
};

/// What the first step, and the one behind it, leave outside of all regions.
const std::array<results, 2>& both_steps() {
  static const std::array<results, 2> found = [] {
    std::array<results, 2> both;
    stepper outside;
    outside.make();
    for (results& each : both) {
      outside.step();
      each = outside.found;
    }
    return both;
  }();
  return found;
}
const results& expected() { return both_steps()[0]; }

/// Calls `function(thread)` on each of two threads of an OpenMP region, or on those that there are.
template <class Function>
void in_region(const Function& function) {
  GOMP_parallel([](void* at) { (*static_cast<const Function*>(at))(static_cast<std::size_t>(omp_get_thread_num())); },
                const_cast<Function*>(&function), 2, 0);
}

/// Calls a function in a child of fork, and tells how that ends: its result, or -1 if it takes 60 seconds or is killed.
template <class Function>
int in_child(const Function& function) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    int result = 2;
    try {
      result = function() ? 0 : 1;
    } catch (...) {
    }
    _exit(result);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("threads: a step equals the reference's") {
  onednn_test::compare(training(), trains<reference::capabilities>(), 2, 2e-4);
  onednn_test::compare(trains<onednn::capabilities, mean_square>(), trains<reference::capabilities, mean_square>(), 2,
                       2e-4);
}

TEST_CASE("threads: a step in an OpenMP region is that outside") {
  stepper inside, made_inside, made_outside;
  made_outside.make();
  in_region([&](std::size_t thread) {
    if (thread != 0) return;
    inside.make_and_step();
    made_inside.make();
    made_outside.step();
  });
  made_inside.step();
  CHECK(inside.found == expected());
  CHECK(made_inside.found == expected());
  CHECK(made_outside.found == expected());
}

TEST_CASE("threads: both threads of an OpenMP region step at once") {
  std::array<stepper, 2> both;
  training();
  in_region([&](std::size_t thread) { both[thread].make_and_step(); });
  CHECK(both[0].found == expected());
  if (!both[1].found.empty()) CHECK(both[1].found == expected());
}

TEST_CASE("threads: OpenMP does not adjust the count, and may do so afterwards") {
  const int adjusts = omp_get_dynamic(), levels = omp_get_max_active_levels();
  stepper adjusted, flat;
  omp_set_dynamic(1);
  adjusted.make_and_step();
  CHECK(omp_get_dynamic() == 1);
  omp_set_dynamic(adjusts);
  omp_set_max_active_levels(0);
  flat.make_and_step();
  CHECK(omp_get_max_active_levels() == 0);
  omp_set_max_active_levels(levels);
  CHECK(adjusted.found == expected());
  CHECK(flat.found == expected());
}

TEST_CASE("threads: a program has as many as there are") {
  const int limit = omp_get_thread_limit();
  CHECK(threads{}.count >= 1);
  CHECK(threads{}.count <= limit);
  const compiled_graph& graph = training();
  CHECK(onednn::program(graph.view(), 2).threads() == std::min(2, limit));
  CHECK(onednn::program(graph.view(), 0).threads() == 1);
  int found = 0;
  onednn::with_threads(std::min(2, limit), [&] { found = threads_that_come(std::min(2, limit)); });
  CHECK(found == std::min(2, limit));
  if (limit < INT_MAX) {
    try {
      onednn::with_threads(limit + 1, [&] { found = -1; });
      FAIL("no exception");
    } catch (const backend_error& failure) {
      CHECK(failure.name() == "threads");
      CHECK(failure.expected() == std::to_string(limit + 1));
      CHECK(failure.found() == std::to_string(limit));
    }
    CHECK(found == std::min(2, limit));
  }
}

TEST_CASE("threads: what fails on a thread of its own fails on the caller's") {
  std::string name;
  in_region([&](std::size_t thread) {
    if (thread != 0) return;
    try {
      onednn::with_threads(2, [] { throw backend_error("a sentence", "a name"); });
    } catch (const backend_error& failure) {
      name = failure.name();
    }
  });
  CHECK(name == (omp_get_thread_limit() < 2 ? "threads" : "a name"));
}

TEST_CASE("threads: a child of fork computes as its parent does") {
  stepper used;
  used.make_and_step();
  CHECK(used.found == expected());
  CHECK(in_child([&] {
          used.step();
          return used.found == both_steps()[1];
        }) == 0);
  CHECK(in_child([] {
          stepper of_child;
          of_child.make_and_step();
          // And so does its child.
          return of_child.found == expected() && in_child([&] {
                                                   of_child.step();
                                                   return of_child.found == both_steps()[1];
                                                 }) == 0;
        }) == 0);
  used.step();
  CHECK(used.found == both_steps()[1]);
}

TEST_CASE("threads: a child of fork computes with one thread") {
  machine used(training(), 3, 1), other(training(), 3, 1);
  const auto step = [](machine& by) {
    by.run(5, false, {0.125f, 1});
    return by.results();
  };
  const results before = step(used);
  CHECK(in_child([&] { return step(other) == before; }) == 0);
  CHECK(step(other) == before);
}
