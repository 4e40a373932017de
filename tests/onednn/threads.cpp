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
#include "tenon/train/gradient_options.hpp"

#ifndef __clang__
#  include <omp.h>  // a program may, behind ours
#endif

namespace {

using namespace tenon;
using namespace tenon::layers;
using tenon_test::compiled_graph;
using results = std::vector<std::vector<std::byte>>;
using machine = tenon_test::machine<onednn::program>;

/// All that sums over threads in pictures: weights' gradients of every kind, norms, a PReLU, pools.
constexpr auto summing = [](auto x) {
  x = batch_norm{}(conv2d<32, kernel<3>>{}(x));
  x = prelu{}(conv2d<32, kernel<3>, groups<32>>{}(x));
  x = group_norm<4>{}(conv2d<32, kernel<3>, groups<4>>{}(x));
  x = relu{}(conv2d<32, kernel<3>, dilation<2>>{}(max_pool2d<kernel<2>>{}(x)));
  x = conv_transpose2d<16, kernel<2>, stride<2>>{}(conv2d<32, kernel<3>, stride<2>>{}(x));
  x = batch_norm{}(conv2d<4>{}(x));
  return conv2d<3, kernel<3>>{}(x);
};

/// And in volumes: there every kind once more, instance norms, means of windows and of whole channels.
constexpr auto summing_volumes = [](auto x) {
  x = instance_norm<affine>{}(conv3d<16, kernel<3>>{}(x));
  x = relu{}(conv3d<16, kernel<3>, groups<16>>{}(average_pool3d<kernel<3>, stride<2>, padding<1>>{}(x)));
  x = x * sigmoid{}(conv3d<16>{}(global_average_pool{}(x)));
  x = concat(x, resize_like(conv3d<16>{}(adaptive_average_pool3d<2, 3, 2>{}(x)), x));
  x = instance_norm{}(conv3d<32, kernel<3>, groups<4>>{}(x));
  x = conv_transpose3d<16, kernel<2>, stride<2>>{}(x);
  return conv3d<3, kernel<3>>{}(x);
};

template <class Capabilities, class Loss = cross_entropy<>>
compiled_graph trains_pictures() {
  const growing_graph graph = onednn_test::described<Loss>(summing, shape(2, 3, 24, 20));
  return tenon_test::compile_for_training<Capabilities>(graph, sgd<>::rule(), true);
}

/// The gradients of two steps are summed, and clipped by the norm of all.
template <class Capabilities>
compiled_graph trains_volumes() {
  const growing_graph graph = onednn_test::described<binary_cross_entropy>(summing_volumes, shape(2, 2, 6, 10, 8));
  optimizer_rule rule = sgd<>::rule();
  accumulate<2>::set(rule);
  clip_norm<0.01>::set(rule);
  return tenon_test::compile_for_training<Capabilities>(graph, rule, true);
}

/// The networks that are trained in each situation, by number.
constexpr std::size_t networks = 2;
const compiled_graph& training(std::size_t network) {
  static const std::array<compiled_graph, networks> compiled{trains_pictures<onednn::capabilities>(),
                                                             trains_volumes<onednn::capabilities>()};
  return compiled[network];
}

/// A program of two threads and its memory; steps from the same values each time, every other one starts a sum.
struct stepper {
  explicit stepper(std::size_t its_network) : network(its_network) {}

  std::size_t network;
  std::optional<machine> made;
  results found;
  bool starts_sum = true;

  void make() { made.emplace(training(network), 3, 2); }
  void step() {
    made->run(5, false, {.learning_rate = 0.125f, .step = 1, .starts_sum = starts_sum});
    starts_sum = !starts_sum;
    found = made->results();
  }
  void make_and_step() {
    make();
    step();
  }
};

/// What the first step, and the one behind it, leave outside of all regions.
using two_results = std::array<results, 2>;
const two_results& both_steps(std::size_t network) {
  static const std::array<two_results, networks> found = [] {
    std::array<two_results, networks> both;
    for (std::size_t i = 0; i < networks; ++i) {
      stepper outside{i};
      outside.make();
      for (results& each : both[i]) {
        outside.step();
        each = outside.found;
      }
    }
    return both;
  }();
  return found[network];
}
const results& expected(std::size_t network) { return both_steps(network)[0]; }

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
  using reference_capabilities = reference::capabilities;
  onednn_test::compare(training(0), trains_pictures<reference_capabilities>(), 2, 2e-4);
  onednn_test::compare(training(1), trains_volumes<reference_capabilities>(), 2, 2e-4);
  onednn_test::compare(trains_pictures<onednn::capabilities, mean_square>(),
                       trains_pictures<reference_capabilities, mean_square>(), 2, 2e-4);
}

TEST_CASE("threads: a step in an OpenMP region is that outside") {
  const std::size_t network = GENERATE(as<std::size_t>{}, 0, 1);
  stepper inside{network}, made_inside{network}, made_outside{network};
  made_outside.make();
  in_region([&](std::size_t thread) {
    if (thread != 0) return;
    inside.make_and_step();
    made_inside.make();
    made_outside.step();
  });
  made_inside.step();
  CHECK(inside.found == expected(network));
  CHECK(made_inside.found == expected(network));
  CHECK(made_outside.found == expected(network));
}

TEST_CASE("threads: both threads of an OpenMP region step at once") {
  const std::size_t network = GENERATE(as<std::size_t>{}, 0, 1);
  std::array<stepper, 2> both{stepper{network}, stepper{network}};
  training(network);
  in_region([&](std::size_t thread) { both[thread].make_and_step(); });
  CHECK(both[0].found == expected(network));
  if (!both[1].found.empty()) CHECK(both[1].found == expected(network));
}

TEST_CASE("threads: OpenMP does not adjust the count, and may do so afterwards") {
  const std::size_t network = GENERATE(as<std::size_t>{}, 0, 1);
  const int adjusts = omp_get_dynamic(), levels = omp_get_max_active_levels();
  stepper adjusted{network}, flat{network};
  omp_set_dynamic(1);
  adjusted.make_and_step();
  CHECK(omp_get_dynamic() == 1);
  omp_set_dynamic(adjusts);
  omp_set_max_active_levels(0);
  flat.make_and_step();
  CHECK(omp_get_max_active_levels() == 0);
  omp_set_max_active_levels(levels);
  CHECK(adjusted.found == expected(network));
  CHECK(flat.found == expected(network));
}

TEST_CASE("threads: a program has as many as there are") {
  const int limit = omp_get_thread_limit();
  CHECK(threads{}.count >= 1);
  CHECK(threads{}.count <= limit);
  const compiled_graph& graph = training(0);
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
  const std::size_t network = GENERATE(as<std::size_t>{}, 0, 1);
  const two_results& steps = both_steps(network);
  stepper used{network};
  used.make_and_step();
  CHECK(used.found == steps[0]);
  CHECK(in_child([&] {
          used.step();
          return used.found == steps[1];
        }) == 0);
  CHECK(in_child([&] {
          stepper of_child{network};
          of_child.make_and_step();
          // And so does its child.
          return of_child.found == steps[0] && in_child([&] {
                                                 of_child.step();
                                                 return of_child.found == steps[1];
                                               }) == 0;
        }) == 0);
  used.step();
  CHECK(used.found == steps[1]);
}

TEST_CASE("threads: a child of fork computes with one thread") {
  const std::size_t network = GENERATE(as<std::size_t>{}, 0, 1);
  machine used(training(network), 3, 1), other(training(network), 3, 1);
  const auto step = [](machine& by) {
    by.run(5, false, {0.125f, 1});
    return by.results();
  };
  const results before = step(used);
  CHECK(in_child([&] { return step(other) == before; }) == 0);
  CHECK(step(other) == before);
}
