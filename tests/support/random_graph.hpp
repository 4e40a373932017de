// SPDX-License-Identifier: Apache-2.0
// Random networks of the whole vocabulary: branches, concats, sums, shared weights, strides, norms, several losses.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tenon/graph/builder.hpp"
#include "tenon/graph/shape_rules.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/train/losses.hpp"

namespace tenon_test {

using tenon::attributes;
using tenon::operation;
using tenon::shape;
using tenon::symbol;

/// Lowers a random description; the same seed gives the same graph.
class random_network {
 public:
  /// The classes that labels of its cross entropies may have, the least of all of them.
  static constexpr int classes = 2;

  explicit random_network(std::uint32_t seed) : random_(seed) {}

  /// A graph with outputs; with `losses` the loss is its only output.
  tenon::growing_graph make(bool losses) {
    rank_ = below(4) == 0 ? 3 : 2;
    const int batch = 1 + below(3);
    for (int inputs = 1 + below(2); inputs > 0; --inputs) values_.push_back(to_.input(random_extents(batch)));
    for (int steps = 6 + below(20); steps > 0; --steps) values_.push_back(random_step());
    const int outputs = 1 + below(3);
    for (int i = 0; i < outputs; ++i) {
      const symbol last = i == 0 ? values_.back() : any();
      to_.graph.outputs.push_back(losses ? convolution(last, classes + below(5)).number : last.number);
    }
    if (losses) append_losses();
    return std::move(to_.graph);
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }
  symbol any() { return values_[static_cast<std::size_t>(below(static_cast<int>(values_.size())))]; }
  /// Mostly what was made last, so that graphs grow deep.
  symbol recent() { return below(3) == 0 ? any() : values_.back(); }

  shape random_extents(int batch) {
    constexpr std::array<int, 7> channels{1, 3, 5, 8, 16, 19, 33};
    const int width = channels[static_cast<std::size_t>(below(7))];
    return rank_ == 2 ? shape(batch, width, 4 + below(14), 4 + below(14))
                      : shape(batch, width, 2 + below(4), 3 + below(5), 3 + below(5));
  }

  tenon::extent3 extents(int given, int missing) const { return {rank_ == 3 ? given : missing, given, given}; }

  symbol random_step() {
    const symbol x = recent();
    switch (below(17)) {
      case 0:
      case 1:
        return convolution(x, 1 + below(20));
      case 2:
      case 3:
        return relu(norm(convolution(x, 1 + below(40))));
      case 4:
        return norm(x);
      case 5:
        return relu(x);
      case 6:
        return pool(x);
      case 7:
        return transposed(x, 1 + below(20));
      case 8:
        return resized(x);
      case 9:
        return tenon::layers::pad_like(x, any());
      case 10:
        return joined(x);
      case 11:
        return residual(x);
      case 12:
        return relu(relu(x));
      case 13:
        return function(x);
      case 14:
        return grouped(x);
      case 15:
        return channels_of(x);
      default:
        return sum(x);
    }
  }

  symbol convolution(symbol x, int channels) {
    attributes attribute;
    int groups = 1;
    if (below(5) == 0 && x.channels() > 1) {
      groups = x.channels();  // depthwise
      channels = x.channels();
    } else if (below(5) == 0 && x.channels() % 2 == 0) {
      groups = 2;
      channels += channels % 2;
    }
    const int kernel = below(3) == 0 ? 1 : 3, stride = below(4) == 0 ? 2 : 1, dilation = below(6) == 0 ? 2 : 1;
    attribute.kernel = extents(kernel, 1);
    attribute.stride = extents(stride, 1);
    attribute.dilation = extents(dilation, 1);
    attribute.padding_begin = attribute.padding_end = extents((kernel - 1) / 2 * dilation, 0);
    attribute.groups = groups;
    attribute.has_bias = below(2) == 0;
    const shape weights = tenon::weight_shape(rank_, channels, x.channels() / groups, attribute.kernel);
    if (below(2) == 0) {
      for (const std::int32_t used : weights_) {
        if (to_.value_at(used).extents != weights) continue;
        attribute.has_bias = false;
        const std::array<std::int32_t, 2> operands{x.number, used};
        return to_.make(operation::convolution, operands, attribute,
                        tenon::window_shape(x.extents(), attribute, channels));
      }
    }
    return with_weights(x, operation::convolution, weights, channels, attribute,
                        tenon::window_shape(x.extents(), attribute, channels));
  }

  symbol transposed(symbol x, int channels) {
    attributes attribute;
    const bool doubles = below(2) == 0 && x.extents().spatial(2) < 20;
    attribute.kernel = extents(doubles ? 2 : 3, 1);
    attribute.stride = extents(doubles ? 2 : 1, 1);
    attribute.padding_begin = attribute.padding_end = extents(doubles ? 0 : 1, 0);
    attribute.has_bias = below(2) == 0;
    const shape weights = tenon::weight_shape(rank_, x.channels(), channels, attribute.kernel);
    return with_weights(x, operation::transposed_convolution, weights, channels, attribute,
                        tenon::transposed_window_shape(x.extents(), attribute, channels, {}));
  }

  symbol with_weights(symbol x, operation op, const shape& weights, int channels, const attributes& attribute,
                      const shape& result) {
    to_.enter(to_.next_position());
    std::vector<std::int32_t> operands{x.number, to_.parameter("weight", weights, tenon::initializer::he_normal)};
    if (op == operation::convolution) weights_.push_back(operands[1]);
    if (attribute.has_bias) {
      operands.push_back(to_.parameter("bias", shape(channels), tenon::initializer::zeros));
    }
    const symbol made = to_.make(op, operands, attribute, result);
    to_.leave();
    return made;
  }

  symbol norm(symbol x) {
    to_.enter(to_.next_position());
    const shape channels(x.channels());
    const std::array<std::int32_t, 5> operands{x.number, to_.parameter("weight", channels, tenon::initializer::ones),
                                               to_.parameter("bias", channels, tenon::initializer::zeros),
                                               to_.buffer("running_mean", channels, tenon::initializer::zeros),
                                               to_.buffer("running_var", channels, tenon::initializer::ones)};
    attributes attribute;
    attribute.epsilon = 1e-5;
    attribute.momentum = 0.1;
    const symbol made = to_.make(operation::batch_norm, operands, attribute, x.extents());
    to_.leave();
    return made;
  }

  symbol relu(symbol x) {
    return to_.make(operation::activation, {&x.number, 1}, {.fused = tenon::activation::relu}, x.extents());
  }

  /// Convolution, norm, sum with what went in, ReLU; or a sum alone.
  symbol residual(symbol x) {
    symbol y = norm(convolution(x, x.channels()));
    if (below(2) == 0) y = convolution(y, x.channels());
    if (y.extents() != x.extents()) return relu(y);
    y = tenon::layers::add(y, x);
    return below(3) == 0 ? y : relu(y);
  }

  /// Functions of an element, and dropouts.
  symbol function(symbol x) {
    using namespace tenon::layers;
    switch (below(8)) {
      case 0:
        return leaky_relu<0.1>{}(x);
      case 1:
        return sigmoid{}(norm(x));
      case 2:
        return hard_swish{}(convolution(x, 1 + below(20)));
      case 3:
        return elu<>{}(x);
      case 4:
        return prelu{}(x);
      case 5:
        return softmax{}(x);
      case 6:
        return dropout<0.3>{}(relu(norm(x)));
      default:
        return dropout_channels<0.3>{}(x);
    }
  }

  symbol grouped(symbol x) {
    using namespace tenon::layers;
    switch (below(3)) {
      case 0:
        return relu(group_norm<nearest<4>>{}(convolution(x, 1 + below(20))));
      case 1:
        return instance_norm<>{}(x);
      default:
        return tenon::layers::add(group_norm<1>{}(x), x);
    }
  }

  /// What moves or weighs whole channels.
  symbol channels_of(symbol x) {
    using namespace tenon::layers;
    switch (below(4)) {
      case 0:
        return multiply(x, sigmoid{}(global_average_pool{}(x)));
      case 1:
        return multiply(x, fitted(recent_like(x), x.extents()));
      case 2:
        return x.channels() % 2 == 0 ? channel_shuffle<2>{}(x) : x;
      default: {
        if (x.channels() % 4 != 0) return x;
        const auto parts = chunk<4>(x);
        return concat(relu(parts[2]), parts[0], concat(parts[3], parts[1]));
      }
    }
  }

  symbol recent_like(symbol x) {
    const symbol other = recent();
    return other.channels() == x.channels() ? other : x;
  }

  symbol pool(symbol x) {
    if (below(4) == 0) {
      return rank_ == 2 ? tenon::layers::average_pool2d<tenon::layers::kernel<3>, tenon::layers::stride<1>,
                                                        tenon::layers::padding<1>>{}(x)
                        : tenon::layers::adaptive_average_pool3d<2, 3, 3>{}(x);
    }
    attributes attribute;
    const bool halves = below(2) == 0 && x.extents().spatial(0) > (rank_ == 3 ? 2 : 0) && x.extents().spatial(1) > 2 &&
                        x.extents().spatial(2) > 2;
    attribute.kernel = extents(halves ? 2 : 3, 1);
    attribute.stride = extents(halves ? 2 : 1, 1);
    attribute.padding_begin = attribute.padding_end = extents(halves ? 0 : 1, 0);
    return to_.make(operation::max_pool, {&x.number, 1}, attribute,
                    tenon::window_shape(x.extents(), attribute, x.channels()));
  }

  tenon::interpolation any_interpolation() { return static_cast<tenon::interpolation>(below(3)); }

  symbol resized(symbol x) { return fitted(x, random_extents(1)); }

  symbol fitted(symbol x, const shape& like) {
    return tenon::layers::append_resize(x, like, any_interpolation(), to_.scope("resize"));
  }

  symbol joined(symbol x) {
    symbol other = any();
    if (below(2) == 0) other = fitted(other, x.extents());
    other = tenon::layers::pad_like(other, x);
    return x.channels() + other.channels() > 80 ? x : tenon::layers::concat(x, other);
  }

  symbol sum(symbol x) {
    std::vector<symbol> same;
    for (const symbol& each : values_) {
      if (each.extents() == x.extents()) same.push_back(each);
    }
    if (below(3) != 0)
      return tenon::layers::add(x, same[static_cast<std::size_t>(below(static_cast<int>(same.size())))]);
    symbol other = convolution(any(), x.channels());
    if (other.channels() != x.channels()) other = transposed(other, x.channels());
    return tenon::layers::add(x, fitted(other, x.extents()));
  }

  void append_losses() {
    std::vector<std::int32_t> parts;
    const auto outputs = to_.graph.outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto index = static_cast<std::int32_t>(i);
      const std::int32_t output = outputs.data()[i];
      parts.push_back(below(2) == 0 ? tenon::cross_entropy<>::append(to_, output, index, 1.0)
                                    : tenon::mean_square::append(to_, output, index, 0.5));
    }
    const std::int32_t loss =
        parts.size() == 1 ? parts[0] : to_.graph.make(operation::total_loss, parts, {}, shape(), {});
    to_.graph.outputs = {};
    to_.graph.outputs.push_back(loss);
  }

  std::mt19937 random_;
  tenon::builder to_;
  std::vector<symbol> values_;
  std::vector<std::int32_t> weights_;  // of convolutions, some of which are shared
  int rank_ = 2;
};

}  // namespace tenon_test
