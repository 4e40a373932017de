// SPDX-License-Identifier: Apache-2.0
// What is not finite goes through convolutions, their functions and gradients as through the reference.
#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "single_node.hpp"

namespace {

using namespace onednn_test;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

/// A convolution of 2 images of 7 x 9, in 2-D, or in 3-D with one slice.
struct kind {
  const char* name;
  std::int32_t in, out, kernel, groups = 1;
  bool stem = false, transposed = false, in_3d = false;
  std::int32_t stride = 1;

  attributes attribute() const {
    attributes made;
    made.groups = groups;
    for (std::size_t i = 1; i < 3; ++i) {
      made.kernel[i] = kernel;
      made.stride[i] = stride;
      made.padding_begin[i] = made.padding_end[i] = kernel / 2;
    }
    return made;
  }
  shape of(std::int32_t channels, std::int32_t height, std::int32_t width) const {
    return in_3d ? shape(2, channels, 1, height, width) : shape(2, channels, height, width);
  }
  shape x() const { return of(in, 7, 9); }
  shape y() const {
    if (transposed) return of(out, 6 * stride + kernel - kernel / 2 * 2, 8 * stride + kernel - kernel / 2 * 2);
    return of(out, (7 + kernel / 2 * 2 - kernel) / stride + 1, (9 + kernel / 2 * 2 - kernel) / stride + 1);
  }
  shape w() const {
    const std::int32_t first = transposed ? in : out, second = (transposed ? out : in) / groups;
    return in_3d ? shape(first, second, 1, kernel, kernel) : shape(first, second, kernel, kernel);
  }
  // The reference multiplies the zeros around an image too, which makes NaN of NaN; so NaN stands where it sees none.
  std::size_t inner_tap() const {
    const std::int64_t taps = std::int64_t{kernel} * kernel;
    return static_cast<std::size_t>(w().elements() / taps / 2 * taps + taps / 2);
  }
  std::size_t inner_pixel(const shape& extents) const {
    return static_cast<std::size_t>(extents.spatial(1) / 2 * extents.spatial(2) + extents.spatial(2) / 2);
  }
};

const kind kinds[] = {{"blocked", 32, 32, 3},
                      {"padded", 19, 11, 3},
                      {"pointwise", 32, 16, 1},
                      {"stem", 3, 16, 3, 1, true},
                      {"strided", 16, 19, 3, 1, false, false, false, 2},
                      {"grouped", 32, 32, 3, 2},
                      {"depthwise", 19, 19, 3, 19},
                      {"transposed", 19, 16, 2, 1, false, true, false, 2},
                      {"volume", 16, 16, 3, 1, false, false, true}};

single_node forward(const kind& of, activation function, bool adds = false) {
  attributes attribute = of.attribute();
  attribute.has_bias = true;
  attribute.fused = function;
  attribute.slope = 0.125;
  attribute.adds = adds;
  single_node test(of.transposed ? operation::transposed_convolution : operation::convolution, attribute);
  if (of.stem)
    test.contiguous_operand(of.x(), operation::input);
  else
    test.operand(of.x(), operation::input);
  test.contiguous_operand(of.w(), operation::parameter);
  test.contiguous_operand(shape(of.out), operation::parameter);
  if (adds) test.operand(of.y(), operation::input);
  test.result(of.y());
  return test;
}

constexpr std::array functions{activation::none, activation::relu,    activation::leaky_relu,   activation::relu6,
                               activation::elu,  activation::sigmoid, activation::hard_sigmoid, activation::hard_swish};

}  // namespace

TEST_CASE("a convolution passes on what is not a number, whatever function follows") {
  for (const kind& of : kinds)
    for (const activation function : functions) {
      INFO(of.name << ", " << name_of(function));
      single_node pixel = forward(of, function);  // NaN in a pixel, in a weight, in a bias
      pixel.put(0, 3 * 9 + 4, not_a_number);
      pixel.compare(2);
      single_node weight = forward(of, function);
      weight.put(1, of.inner_tap(), not_a_number);
      weight.compare(1);
      single_node bias = forward(of, function);
      bias.put(2, static_cast<std::size_t>(of.out - 1), not_a_number);
      bias.put(2, 0, inf);
      bias.compare(1);
      if (of.transposed) continue;
      single_node added = forward(of, function, true);
      added.put(3, 3 * 9 + 4, not_a_number);
      added.put(3, 3 * 9 + 6, inf);
      added.compare(1);
    }
}

TEST_CASE("a function of slope 0 passes on what is not a number") {
  for (const activation function : {activation::leaky_relu, activation::elu}) {
    attributes attribute = kinds[0].attribute();
    attribute.fused = function;
    single_node test(operation::convolution, attribute);
    test.operand(kinds[0].x(), operation::input);
    test.contiguous_operand(kinds[0].w(), operation::parameter);
    test.result(kinds[0].y());
    test.put(0, 3 * 9 + 4, not_a_number);
    test.compare(1);
  }
}

TEST_CASE("gradients of convolutions pass on what is not a number") {
  for (const kind& of : kinds) {
    INFO(of.name);
    if (!of.stem) {
      single_node data(
          of.transposed ? operation::transposed_convolution_data_gradient : operation::convolution_data_gradient,
          of.attribute());
      data.operand(of.y(), operation::input);
      data.contiguous_operand(of.w(), operation::parameter);
      data.result(of.x());
      data.put(0, of.inner_pixel(of.y()), not_a_number);
      data.compare(1);
    }
    for (const int poisoned : {0, 1}) {
      attributes attribute = of.attribute();
      attribute.has_bias = true;
      single_node weight(
          of.transposed ? operation::transposed_convolution_weight_gradient : operation::convolution_weight_gradient,
          attribute);
      if (of.stem)
        weight.contiguous_operand(of.x(), operation::input);
      else
        weight.operand(of.x(), operation::input);
      weight.operand(of.y(), operation::input);
      weight.result(of.w());
      weight.result(shape(of.out));
      weight.put(poisoned, of.inner_pixel(poisoned == 0 ? of.x() : of.y()), not_a_number);
      weight.compare(1);
    }
  }
}
