// SPDX-License-Identifier: Apache-2.0
// Whole networks by the oneDNN backend beside the reference.
#pragma once

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "support/machine.hpp"
#include "support/run_time_plan.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace onednn_test {

using namespace tenon;
using tenon_test::compiled_graph;

/// A network of one input, with a loss behind its outputs or, where that is void, without.
template <class Loss, class Net>
growing_graph described(const Net& net, const shape& input) {
  const std::array<shape, 1> inputs{input};
  if constexpr (std::is_void_v<Loss>)
    return support::lower_network(net, inputs);
  else
    return support::lower_with_loss<Loss>(net, inputs);
}

/// Requires that the oneDNN backend has the reference's results, with all that is dead poisoned: outputs or the loss,
/// parameters after a step, running statistics. `allowed` is of the greatest magnitude in each memory.
inline void compare(const compiled_graph& fast, const compiled_graph& plain, int threads, double allowed) {
  tenon_test::machine<onednn::program> found(fast, 2, threads);
  tenon_test::machine<reference::program<float>> expected(plain, 2, 1);
  found.run(5, true, {0.125f, 1});
  expected.run(5, false, {0.125f, 1});
  const auto results = found.results(), wanted = expected.results();
  REQUIRE(results.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    REQUIRE(results[i].size() == wanted[i].size());
    double greatest = 1e-6, apart = 0;
    for (std::size_t at = 0; at < wanted[i].size(); at += 4) {
      float a, b;
      std::memcpy(&a, results[i].data() + at, 4);
      std::memcpy(&b, wanted[i].data() + at, 4);
      apart = std::max(apart, std::isfinite(a) ? std::abs(static_cast<double>(a) - static_cast<double>(b)) : 1e30);
      greatest = std::max(greatest, std::abs(static_cast<double>(b)));
    }
    INFO("memory " << i);
    CHECK(apart <= allowed * greatest);
  }
}

/// Requires that a network predicts, and trains with SGD, as by the reference, with 1 and 2 threads.
template <class Loss, class Net>
void check_beside_reference(const Net& net, const shape& input, double allowed) {
  const growing_graph predicts = described<void>(net, input), trains = described<Loss>(net, input);
  const optimizer_rule rule = sgd<>::rule();
  for (const int threads : {1, 2}) {
    INFO(threads << " threads");
    compare(tenon_test::compile_for_inference<onednn::capabilities>(predicts),
            tenon_test::compile_for_inference<reference::capabilities>(predicts), threads, allowed);
    compare(tenon_test::compile_for_training<onednn::capabilities>(trains, rule, true),
            tenon_test::compile_for_training<reference::capabilities>(trains, rule, true), threads, allowed);
  }
}

}  // namespace onednn_test
