// SPDX-License-Identifier: Apache-2.0
// Convolutions and transposed convolutions equal PyTorch's, over awkward shapes.
#include <catch2/catch.hpp>

#include "golden/parts.hpp"

namespace {
using namespace tenon::layers;
using golden::after;
using golden::after3;
using golden::make;

/// The layer alone, at the first position.
template <class Layer>
golden::network direct(const Layer& layer) {
  return make(chain(layer));
}
}  // namespace

TEST_CASE("convolutions equal PyTorch's") {
  const std::vector<golden::test> tests = {
      {"conv2d one pixel", after<1>(conv2d<1>{})},
      {"conv2d 3 to 5", after<3>(conv2d<5, kernel<3>>{})},
      {"conv2d 5 to 11 stride 2", after<5>(conv2d<11, kernel<3>, stride<2>>{})},
      {"conv2d 11 to 19 kernel 5 stride 3", after<11>(conv2d<19, kernel<5>, stride<3>, padding<1>>{})},
      {"conv2d 19 to 33 batch 3", after<19>(conv2d<33, kernel<3>>{})},
      {"conv2d 33 to 3 kernel 1", after<33>(conv2d<3>{})},
      {"conv2d 16 to 32", after<16>(conv2d<32, kernel<3>>{})},
      {"conv2d kernel 5 x 1", after<5>(conv2d<3, kernel<5, 1>>{})},
      {"conv2d kernel 1 x 7 stride 1 x 2", after<3>(conv2d<19, kernel<1, 7>, stride<1, 2>>{})},
      {"conv2d dilation beyond the image", after<5>(conv2d<11, kernel<3>, dilation<6>>{})},
      {"conv2d dilation over one pixel", after<3>(conv2d<5, kernel<3>, dilation<2>>{})},
      {"conv2d dilation 2 x 3", after<19>(conv2d<5, kernel<3>, dilation<2, 3>>{})},
      {"conv2d groups 2", after<6>(conv2d<10, kernel<3>, groups<2>>{})},
      {"conv2d groups of 16", after<32>(conv2d<64, kernel<3>, groups<2>>{})},
      {"conv2d groups 3 of 11", after<33>(conv2d<33, kernel<3>, groups<3>>{})},
      {"conv2d depthwise 11", after<11>(conv2d<11, kernel<3>, groups<11>>{})},
      {"conv2d depthwise 33 stride 2", after<33>(conv2d<33, kernel<3>, stride<2>, groups<33>>{})},
      {"conv2d depthwise 16 dilation 2", after<16>(conv2d<16, kernel<3>, dilation<2>, groups<16>>{})},
      {"conv2d depthwise 5 to 15", after<5>(conv2d<15, kernel<3>, groups<5>>{})},
      {"conv2d no bias", after<19>(conv2d<5, kernel<3>, no_bias>{})},
      {"conv2d kernel 2", after<3>(conv2d<5, kernel<2>>{})},
      {"conv2d kernel 4 stride 2", after<11>(conv2d<5, kernel<4>, stride<2>, padding<1>>{})},
      {"conv2d kernel larger than the image", after<5>(conv2d<3, kernel<7>>{})},
      {"conv2d stride larger than the kernel", after<5>(conv2d<11, stride<3>>{})},
      {"conv2d to one pixel", after<11>(conv2d<3, kernel<3>, padding<0>>{})},
      {"conv2d stem 3 to 33 stride 2", direct(conv2d<33, kernel<3>, stride<2>>{})},
      {"conv2d stem 1 to 5 kernel 7", direct(conv2d<5, kernel<7>>{})},
      {"conv2d stem 3 to 64 no bias", direct(conv2d<64, kernel<3>, no_bias>{})},
      {"conv2d stem grouped", direct(conv2d<6, kernel<3>, groups<3>>{})},

      {"conv3d 3 to 5", after3<3>(conv3d<5, kernel<3>>{})},
      {"conv3d kernel 1 x 3 x 3 batch 3", after3<1>(conv3d<11, kernel<1, 3, 3>>{})},
      {"conv3d dilation 2", after3<5>(conv3d<5, kernel<3>, dilation<2>>{})},
      {"conv3d kernel 2 stride 2", after3<11>(conv3d<19, kernel<2>, stride<2>>{})},
      {"conv3d depthwise 16", after3<16>(conv3d<16, kernel<3>, groups<16>>{})},
      {"conv3d depthwise 5", after3<5>(conv3d<5, kernel<3>, groups<5>>{})},
      {"conv3d 19 to 33 kernel 1", after3<19>(conv3d<33>{})},
      {"conv3d one pixel", after3<3>(conv3d<3, kernel<3>>{})},
      {"conv3d stem 1 to 16", direct(conv3d<16, kernel<3>>{})},

      {"conv_transpose2d 5 to 3", after<5>(conv_transpose2d<3, kernel<2>, stride<2>>{})},
      {"conv_transpose2d 33 to 11 kernel 3",
       after<33>(conv_transpose2d<11, kernel<3>, stride<2>, padding<1>, output_padding<1>>{})},
      {"conv_transpose2d one pixel", after<1>(conv_transpose2d<1>{})},
      {"conv_transpose2d one pixel to 4 x 4", after<3>(conv_transpose2d<5, kernel<4>, stride<4>>{})},
      {"conv_transpose2d kernel 4 no bias",
       after<19>(conv_transpose2d<5, kernel<4>, stride<2>, padding<1>, no_bias>{})},
      {"conv_transpose2d depthwise", after<11>(conv_transpose2d<11, kernel<3>, stride<2>, padding<1>, groups<11>>{})},
      {"conv_transpose2d dilation 2", after<5>(conv_transpose2d<11, kernel<3>, dilation<2>>{})},
      {"conv_transpose2d 32 to 16", after<32>(conv_transpose2d<16, kernel<2>, stride<2>>{})},
      {"conv_transpose2d kernel 3 x 1", after<3>(conv_transpose2d<19, kernel<3, 1>, stride<2, 1>>{})},
      {"conv_transpose2d groups 2", after<6>(conv_transpose2d<4, kernel<3>, stride<2>, groups<2>>{})},
      {"conv_transpose2d kernel smaller than stride", after<3>(conv_transpose2d<5, kernel<2>, stride<3>>{})},

      {"conv_transpose3d 5 to 3", after3<5>(conv_transpose3d<3, kernel<2>, stride<2>>{})},
      {"conv_transpose3d 11 to 19 kernel 3",
       after3<11>(conv_transpose3d<19, kernel<3>, stride<2>, padding<1>, output_padding<1>>{})},
      {"conv_transpose3d 16 no bias", after3<16>(conv_transpose3d<16, kernel<2>, stride<2>, no_bias>{})},
  };
  golden::check_all("convolution", tests);
}
