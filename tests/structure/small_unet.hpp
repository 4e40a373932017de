// SPDX-License-Identifier: Apache-2.0
// A model that two translation units share.
#pragma once

#include <cstdint>
#include <typeinfo>
#include <vector>

#include "tenon/layers/layers.hpp"
#include "tenon/runtime/predictor.hpp"

namespace two_units {

using namespace tenon::layers;

template <int Channels, int Stride = 1>
inline constexpr auto conv_norm_relu = conv2d<Channels, kernel<3>, stride<Stride>, no_bias>{} >> batch_norm{} >> relu{};

template <int Classes>
inline constexpr auto small_unet = [](auto image) {
  auto fine = name<"encoder.fine">(conv_norm_relu<8>)(image);
  auto coarse = name<"encoder.coarse">(conv_norm_relu<16, 2> >> conv_norm_relu<16>)(fine);
  auto joined = concat(resize_like(coarse, fine), fine);
  return name<"decoder">(conv_norm_relu<8> >> conv2d<Classes>{})(joined);
};

using input = tenon::image<1, 3, 12, 17>;
using segmenter = tenon::predictor<small_unet<5>, input>;
using parameters = tenon::parameters<small_unet<5>>;

/// What a translation unit makes of the model.
struct answer {
  const void* description;
  const void* type;
  std::int64_t arena_bytes, parameter_count, macs;
  std::vector<float> logits;
};

answer first_unit(const parameters& values, const std::vector<float>& picture);
answer second_unit(const parameters& values, const std::vector<float>& picture);

/// The body of both; internal to each unit, so that each instantiates the model itself.
namespace {

answer ask(const parameters& values, const std::vector<float>& picture) {
  segmenter net{values, tenon::threads{1}};
  const auto logits = net(tenon::tensor_view{picture, 1, 3, 12, 17});
  return {&small_unet<5>,         &typeid(segmenter),
          segmenter::arena_bytes, segmenter::parameter_count,
          segmenter::macs,        {logits.begin(), logits.end()}};
}

}  // namespace

}  // namespace two_units
