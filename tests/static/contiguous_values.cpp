// SPDX-License-Identifier: Apache-2.0
// Values of few channels are contiguous where everything around them can be: graphs laid out for oneDNN, as text.
#include <tuple>

#include "support/graph_text.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lay_out.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon_test;

template <class Net>
constexpr tenon::growing_text laid_out(const Net& net, const tenon::shape& input = small_picture) {
  using tenon::onednn::capabilities;
  return text_of_laid_out<capabilities>(tenon::lay_out<capabilities>(lowered(net, input).view()));
}

[[maybe_unused]] void few_channels() {
  // From the network's input to its output without a reorder.
  constexpr auto narrow = conv2d<5, kernel<3>, padding<1>, no_bias>{} >> relu{} >> conv2d<2, no_bias>{};
  TENON_EXPECT(laid_out(narrow),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 5x4x3x3\n"
               "2 = convolution 0 1 : 1x5x8x8\n"
               "3 = relu 2 : 1x5x8x8\n"
               "4 = parameter 2.weight : 2x5x1x1\n"
               "5 = convolution 3 4 : 1x2x8x8\n"
               "outputs 5\n");
  // Many channels between few: pointwise convolutions lead there and back.
  constexpr auto wide = conv2d<16, kernel<3>, no_bias>{} >> conv2d<4, no_bias>{} >> relu{} >>
                        conv2d<4, kernel<3>, no_bias>{} >> conv2d<16, no_bias>{};
  TENON_EXPECT(laid_out(wide),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 16x4x3x3\n"
               "2 = reorder 0 : 1x4x8x8 blocked\n"
               "3 = convolution 2 1 : 1x16x8x8 blocked\n"
               "4 = parameter 1.weight : 4x16x1x1\n"
               "5 = convolution 3 4 : 1x4x8x8\n"
               "6 = relu 5 : 1x4x8x8\n"
               "7 = parameter 3.weight : 4x4x3x3\n"
               "8 = convolution 6 7 : 1x4x8x8\n"
               "9 = parameter 4.weight : 16x4x1x1\n"
               "10 = convolution 8 9 : 1x16x8x8 blocked\n"
               "11 = reorder 10 : 1x16x8x8\n"
               "outputs 11\n");
  // One reader that wants blocks takes the sum with it, and what is added; the others' values stay contiguous.
  constexpr auto read = [](auto x) {
    auto a = conv2d<4, kernel<3>, padding<1>, no_bias>{}(x);
    auto b = relu{}(a);
    auto c = conv2d<4, no_bias>{}(b);
    return std::tuple{max_pool2d<kernel<2>>{}(add(c, b)), conv2d<3, no_bias>{}(a)};
  };
  TENON_EXPECT(laid_out(read),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x3x3\n"
               "2 = reorder 0 : 1x4x8x8 blocked\n"
               "3 = convolution 2 1 : 1x4x8x8 blocked\n"
               "4 = relu 3 : 1x4x8x8 blocked\n"
               "5 = parameter 2.weight : 4x4x1x1\n"
               "6 = convolution 4 5 : 1x4x8x8 blocked\n"
               "7 = add 6 4 : 1x4x8x8 blocked\n"
               "8 = max_pool 7 : 1x4x4x4 blocked\n"
               "9 = parameter 4.weight : 3x4x1x1\n"
               "10 = convolution 3 9 : 1x3x8x8\n"
               "11 = reorder 8 : 1x4x4x4\n"
               "outputs 11 10\n");
}

}  // namespace
