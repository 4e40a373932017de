// SPDX-License-Identifier: Apache-2.0
// What is said while compiling of oneDNN's fast code is so when a program is made; and any geometry is computed right.
#include <algorithm>
#include <catch2/catch.hpp>
#include <initializer_list>
#include <random>
#include <string>

#include "single_node.hpp"

namespace {

using namespace onednn_test;

/// A node of the convolution family at random: awkward windows, paddings and extents among usual ones.
class random_node {
 public:
  random_node(std::mt19937& random, bool is_small) : random_(random), is_small_(is_small) {
    const int rank = chance(8) ? 3 : 2;
    is_transposed_ = chance(4);
    role_ = below(3);
    choose_channels();
    choose_windows(rank);
  }

  /// Whether the windows fit, and the values are not too large to be worth it.
  bool is_possible() const {
    for (int i = 2; i < y_.rank; ++i)
      if (y_[i] < 1) return false;
    const std::int64_t most = is_small_ ? 20'000 : 30'000'000;
    if (is_small_ && x_.elements() / x_[0] * y_.channels() * w_.elements() / w_[0] / w_[1] > 1'000'000) return false;
    return x_.elements() <= most && y_.elements() <= most;
  }

  single_node make() const {
    single_node made(op(), attribute_);
    const auto add_x = [&] {
      is_stem_ ? made.contiguous_operand(x_, operation::input) : made.operand(x_, operation::input);
    };
    if (role_ == 0) {
      add_x();
      made.contiguous_operand(w_, operation::parameter);
      if (attribute_.has_bias) made.contiguous_operand(shape(y_.channels()), operation::parameter);
      if (attribute_.adds) made.operand(y_, operation::input);
      made.result(y_);
    } else if (role_ == 1) {
      made.operand(y_, operation::input);
      made.contiguous_operand(w_, operation::parameter);
      made.result(x_);
    } else {
      add_x();
      made.operand(y_, operation::input);
      made.result(w_);
      if (attribute_.has_bias) made.result(shape(y_.channels()));
    }
    return made;
  }

  /// A node that reads the same weights: of another image, with another function, and a residual or none.
  random_node with_other_images() const {
    random_node other = *this;
    if (role_ == 0) {
      other.attribute_.fused = static_cast<activation>(other.below(static_cast<int>(activation::hard_swish) + 1));
      other.attribute_.adds = !is_transposed_ && other.chance(3);
    }
    other.x_[0] = other.y_[0] = other.one_of({1, 2, 3});
    for (int i = 2; i < x_.rank; ++i) {
      const auto d = static_cast<std::size_t>(i + 3 - x_.rank);
      const std::int32_t before = attribute_.padding_begin[d] + attribute_.padding_end[d];
      const std::int32_t reach = (attribute_.kernel[d] - 1) * attribute_.dilation[d], stride = attribute_.stride[d];
      other.x_[i] = 1 + other.below(x_.rank == 5 ? 20 : 70);
      other.y_[i] = is_transposed_                         ? (other.x_[i] - 1) * stride - before + reach + 1
                    : other.x_[i] + before - reach - 1 < 0 ? 0
                                                           : (other.x_[i] + before - reach - 1) / stride + 1;
    }
    return other;
  }

  std::string text() const {
    std::string text = std::string(name_of(op())) + (is_stem_ ? " of a stem" : "");
    const auto add = [&](const char* name, const auto& numbers, int count) {
      text += std::string(" ") + name;
      for (int i = 0; i < count; ++i) text += " " + std::to_string(numbers[static_cast<std::size_t>(i)]);
    };
    add("x", x_.extents, x_.rank);
    add("y", y_.extents, y_.rank);
    add("kernel", attribute_.kernel, 3);
    add("stride", attribute_.stride, 3);
    add("dilation", attribute_.dilation, 3);
    add("padding", attribute_.padding_begin, 3);
    add("and", attribute_.padding_end, 3);
    return text + " groups " + std::to_string(attribute_.groups);
  }

 private:
  std::int32_t below(int count) { return static_cast<std::int32_t>(random_() % static_cast<unsigned>(count)); }
  bool chance(int in) { return below(in) == 0; }
  std::int32_t one_of(std::initializer_list<std::int32_t> list) {
    return *(list.begin() + below(static_cast<int>(list.size())));
  }

  operation op() const {
    constexpr operation plain[] = {operation::convolution, operation::convolution_data_gradient,
                                   operation::convolution_weight_gradient};
    constexpr operation transposed[] = {operation::transposed_convolution,
                                        operation::transposed_convolution_data_gradient,
                                        operation::transposed_convolution_weight_gradient};
    return (is_transposed_ ? transposed : plain)[role_];
  }

  std::int32_t channels() {
    return is_small_ ? one_of({1, 2, 3, 5, 8, 16, 19})
                     : one_of({1, 2, 3, 5, 8, 9, 16, 17, 19, 32, 33, 40, 64, 100, 128, 256, 512});
  }
  void choose_channels() {
    std::int32_t in = channels(), out = channels(), groups = 1;
    if (chance(10)) {
      groups = one_of({2, 3, 4, 8});
      in = groups * one_of({1, 2, 4, 16});
      out = groups * one_of({1, 2, 4, 16});
    }
    attribute_.groups = groups;
    is_stem_ = role_ != 1 && !is_transposed_ && groups == 1 && in <= 3 && chance(2);
    attribute_.has_bias = role_ != 1 && chance(2);
    if (role_ == 0) {
      attribute_.fused = static_cast<activation>(below(static_cast<int>(activation::hard_swish) + 1));
      attribute_.slope = 0.125;
      attribute_.adds = !is_transposed_ && chance(3);
    }
    x_[0] = y_[0] = one_of({1, 1, 2, 3});
    x_[1] = in;
    y_[1] = out;
    w_[0] = is_transposed_ ? in : out;
    w_[1] = (is_transposed_ ? out : in) / groups;
  }

  void choose_windows(int rank) {
    x_.rank = y_.rank = w_.rank = 2 + rank;
    const bool is_square = chance(2);
    const int padding = below(5);
    std::int32_t kernel = 1, stride = 1, dilation = 1;
    for (int i = 0; i < rank; ++i) {
      if (i == 0 || !is_square) {
        kernel = one_of({1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 13});
        stride = one_of({1, 1, 1, 2, 2, 3, 4});
        dilation = one_of({1, 1, 1, 1, 2, 3, 4, 6, 12, 18});
        if (rank == 3) kernel = std::min(kernel, 5);
      }
      choose_window(3 - rank + i, kernel, stride, dilation, padding);
    }
  }
  void choose_window(int dimension, std::int32_t kernel, std::int32_t stride, std::int32_t dilation, int padding) {
    const std::int32_t reach = (kernel - 1) * dilation;
    const auto d = static_cast<std::size_t>(dimension);
    std::int32_t begin = 0, end = 0;
    if (padding == 1) begin = end = reach / 2;
    if (padding == 2) begin = reach / 2, end = reach - begin;
    if (padding == 3) begin = below(reach + 1), end = below(reach + 1);
    if (padding == 4) begin = end = reach + below(3);
    const int at = dimension + x_.rank - 3;
    const std::int32_t extent = is_small_      ? 1 + below(20)
                                : x_.rank == 5 ? 1 + below(20)
                                : chance(2)    ? 1 + below(70)
                                               : one_of({1, 2, 3, 7, 14, 28, 56, 64, 112, 200, 224, 512, 1024, 2048});
    const std::int32_t windows = extent + begin + end - reach - 1;
    attribute_.kernel[d] = w_[at] = kernel;
    attribute_.stride[d] = stride;
    attribute_.dilation[d] = dilation;
    attribute_.padding_begin[d] = begin;
    attribute_.padding_end[d] = end;
    x_[at] = extent;
    y_[at] = is_transposed_ ? (extent - 1) * stride - begin - end + reach + 1 + below(stride)
             : windows < 0  ? 0
                            : windows / stride + 1;
  }

  std::mt19937& random_;
  bool is_small_;
  bool is_transposed_ = false, is_stem_ = false;
  int role_ = 0;  ///< forward, data gradient, weight gradient
  attributes attribute_;
  shape x_, y_, w_;
};

}  // namespace

TEST_CASE("oneDNN has fast code wherever it is said to, whatever the geometry") {
  if (onednn::effective_isa() == kernels::isa::baseline) return;
  onednn::engine_owner engine;
  REQUIRE(dnnl_engine_create(engine.put(), dnnl_cpu, 0) == dnnl_success);
  std::mt19937 random(1);
  int promised = 0;
  for (int i = 0; i < 60'000; ++i) {
    const random_node drawn(random, false);
    if (!drawn.is_possible()) continue;
    INFO(drawn.text());
    promised += drawn.make().check_promise(engine.get()) ? 1 : 0;
  }
  CHECK(promised >= 3'000);
}

TEST_CASE("convolutions of any geometry equal the reference") {
  std::mt19937 random(2);
  int compared = 0;
  while (compared < 500) {
    const random_node drawn(random, true);
    if (!drawn.is_possible()) continue;
    INFO(drawn.text());
    drawn.make().compare(1 + compared % 2);
    ++compared;
  }
}

TEST_CASE("with usual windows oneDNN reads weights in one format, whatever the image") {
  onednn::engine_owner engine;
  REQUIRE(dnnl_engine_create(engine.put(), dnnl_cpu, 0) == dnnl_success);
  std::mt19937 random(3);
  int compared = 0, slow = 0;
  for (int i = 0; i < 60'000; ++i) {
    const random_node drawn(random, false);
    if (!drawn.is_possible()) continue;
    const single_node::choice one = drawn.make().find_choice(engine.get());
    if (!one.weights) continue;
    for (int k = 0; k < 4; ++k) {
      const random_node resized = drawn.with_other_images();
      if (!resized.is_possible()) continue;
      const single_node::choice other = resized.make().find_choice(engine.get());
      if (!other.weights) continue;
      INFO(drawn.text() << "; " << resized.text());
      CHECK(one.is_slow == other.is_slow);
      CHECK((one.is_slow || dnnl_memory_desc_equal(one.weights.get(), other.weights.get()) != 0));
      ++compared;
      slow += one.is_slow ? 1 : 0;
    }
  }
  CHECK(compared >= 3'000);
  CHECK((slow < compared / 10 || onednn::effective_isa() == kernels::isa::baseline));
}
