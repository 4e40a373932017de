// SPDX-License-Identifier: Apache-2.0
// A user's program: what a small network gives for zeros, and the memory it takes.
#include <tenon/tenon.hpp>
//
#include <cstdio>
#include <vector>

using namespace tenon::layers;

inline constexpr auto net = conv2d<8, kernel<3>>{} >> relu{} >> conv2d<2>{};
using network = tenon::predictor<net, tenon::image<1, 3, 12, 10>>;

int main() {
  network predict{tenon::initialize(1), tenon::threads{1}};
  const std::vector<float> zeros(3 * 12 * 10);
  // All that reaches the output is the last bias.
  const std::vector<float> bias{0.25f, -4};
  predict.parameters().assign("2.bias", tenon::tensor_view(bias, 2));
  const auto output = predict(tenon::tensor_view(zeros, 1, 3, 12, 10));
  std::printf("first %g last %g of %lld\n", double{output.data()[0]}, double{output.data()[output.size() - 1]},
              static_cast<long long>(output.size()));
  std::printf("arena_bytes %lld\n", static_cast<long long>(network::arena_bytes));
}
