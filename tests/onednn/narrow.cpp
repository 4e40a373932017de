// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions to a few channels write them plain, and read their gradients so.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "support/machine.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using tenon_test::compiled_graph;
using tenon_test::machine;

template <int Rank, int Channels, int Outputs, class Loss>
growing_graph network(const shape& input) {
  const auto net = [](auto x) {
    x = name<"wide">(convolution<Rank, Channels>{})(x);
    if constexpr (Outputs == 2) {
      return relu{}(name<"narrow">(convolution<Rank, Outputs, no_bias>{} >> batch_norm{})(x));
    } else {
      return name<"narrow">(convolution<Rank, Outputs>{})(x);
    }
  };
  builder to = lower<1>(net, std::array<shape, 1>{input});
  if constexpr (!std::is_void_v<Loss>) loss_list<Loss>::type::append_all(to);
  return std::move(to.graph);
}

/// Results of the oneDNN backend against those of the reference, in the order of machine::results.
void compare(const compiled_graph& fast, const compiled_graph& plain, int threads, bool narrow) {
  int plain_results = 0;
  machine<onednn::program> found(fast, 2, threads);
  machine<reference::program<float>> expected(plain, 2, 1);
  for (const node& each : fast.graph.nodes) {
    if (onednn::role_of(each.op) == onednn::convolution_role::none) continue;
    plain_results +=
        onednn::is_narrow(fast.graph.view(), each) || onednn::convolves_rows(fast.graph.view(), each) ? 1 : 0;
  }
  CHECK((plain_results > 0) == narrow);
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
      apart = std::max(apart, std::isfinite(a) ? std::abs(static_cast<double>(a) - b) : 1e30);
      greatest = std::max(greatest, std::abs(static_cast<double>(b)));
    }
    CHECK(apart <= 1e-5 * greatest);
  }
}

template <int Rank, int Channels, int Outputs, class Loss>
void check(bool narrow_in_training) {
  for (const int batch : {1, 2}) {
    for (const int extent : {1, 7, 33}) {
      INFO("rank " << Rank << ", " << Channels << " -> " << Outputs << ", batch " << batch << ", extent " << extent);
      const shape input = Rank == 2 ? shape(batch, 3, extent, 19) : shape(batch, 3, 2, extent, 9);
      const growing_graph described = network<Rank, Channels, Outputs, void>(input);
      const growing_graph trained = network<Rank, Channels, Outputs, Loss>(input);
      const optimizer_rule rule = sgd<>::rule();
      for (const int threads : {1, 2}) {
        compare(tenon_test::compile_for_inference<onednn::capabilities>(described),
                tenon_test::compile_for_inference<reference::capabilities>(described), threads, true);
        compare(tenon_test::compile_for_training<onednn::capabilities>(trained, rule, true),
                tenon_test::compile_for_training<reference::capabilities>(trained, rule, true), threads,
                narrow_in_training);
      }
    }
  }
}

}  // namespace

TEST_CASE("a few channels are computed plainly, and their gradients") {
  check<2, 16, 1, mean_square>(true);
  check<3, 40, 1, binary_cross_entropy>(true);
  check<2, 5, 3, cross_entropy<>>(true);
  check<3, 19, 4, mean_square>(true);
  check<2, 33, 2, mean_square>(true);  // a norm by the batch's statistics follows
}
