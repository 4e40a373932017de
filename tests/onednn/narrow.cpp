// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions to a few channels write them contiguous, and read their gradients so.
#include <algorithm>
#include <catch2/catch.hpp>

#include "onednn/beside_reference.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using onednn_test::described;

template <int Rank, int Channels, int Outputs>
constexpr auto network = [](auto x) {
  x = name<"wide">(convolution<Rank, Channels>{})(x);
  if constexpr (Outputs == 2) {
    return relu{}(name<"narrow">(convolution<Rank, Outputs, no_bias>{} >> batch_norm{})(x));
  } else {
    return name<"narrow">(convolution<Rank, Outputs>{})(x);
  }
};

/// Whether some convolution, or gradient of one, has few channels that are contiguous.
bool has_narrow(const tenon_test::compiled_graph& compiled) {
  const graph_view graph = compiled.graph.view();
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const node& each) {
    return onednn::role_of(each.op) != onednn::convolution_role::none &&
           (onednn::algorithm_of(each) == onednn::algorithm::narrow ||
            onednn::algorithm_of(each) == onednn::algorithm::rows);
  });
}

template <int Rank, int Channels, int Outputs, class Loss>
void check(bool narrow_in_training) {
  constexpr auto net = network<Rank, Channels, Outputs>;
  for (const int batch : {1, 2}) {
    for (const int extent : {1, 7, 33}) {
      INFO("rank " << Rank << ", " << Channels << " -> " << Outputs << ", batch " << batch << ", extent " << extent);
      const shape input = Rank == 2 ? shape(batch, 3, extent, 19) : shape(batch, 3, 2, extent, 9);
      CHECK(has_narrow(tenon_test::compile_for_inference<onednn::capabilities>(described<void>(net, input))));
      CHECK(has_narrow(tenon_test::compile_for_training<onednn::capabilities>(
                described<Loss>(net, input), sgd<>::rule(), true)) == narrow_in_training);
      onednn_test::check_beside_reference<Loss>(net, input, 1e-5);
    }
  }
}

}  // namespace

TEST_CASE("a few channels are computed contiguous, and their gradients") {
  check<2, 16, 1, mean_square>(true);
  check<3, 40, 1, binary_cross_entropy>(true);
  check<2, 5, 3, cross_entropy<>>(true);
  check<3, 19, 4, mean_square>(true);
  check<2, 33, 2, mean_square>(true);  // a norm by the batch's statistics follows
}
