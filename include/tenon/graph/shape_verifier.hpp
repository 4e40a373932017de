// SPDX-License-Identifier: Apache-2.0
// Whether the shapes of a node's operands and results go together: the verifier's rules, an operation at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "tenon/graph/channel_parts.hpp"
#include "tenon/graph/graph.hpp"
#include "tenon/graph/shape_rules.hpp"

// A default stands for the operations and roles that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Holds one node of a graph against the shape rules of its operation.
/// requires: as many operands and results as the table of operations says
class shape_verifier {
 public:
  constexpr shape_verifier(const graph_view& graph, const node& of) : graph_(graph), of_(of) {}

  constexpr bool agree() const {
    if (is_source(of_.op)) return true;
    return labels_agree() && weights_agree() && channel_vectors_agree() && extents_agree();
  }

 private:
  constexpr const shape& operand(int i) const { return graph_.operand_value(of_, i).extents; }
  constexpr const shape& operand(role is) const { return graph_.operand_value(of_, is).extents; }
  constexpr const shape& result(int i = 0) const { return graph_.result_value(of_, i).extents; }

  /// What differs between operations: extents of features.
  constexpr bool extents_agree() const {
    switch (of_.op) {
      case operation::convolution:
        return residual_agrees() && result() == window_shape(operand(0), of_.attribute, result().channels());
      case operation::convolution_data_gradient:
        return operand(0) == window_shape(result(), of_.attribute, operand(0).channels());
      case operation::convolution_weight_gradient:
        return operand(role::output_gradient) ==
               window_shape(operand(0), of_.attribute, operand(role::output_gradient).channels());
      case operation::transposed_convolution:
        return is_transposed_window(operand(0), result());
      case operation::transposed_convolution_data_gradient:
        return is_transposed_window(result(), operand(0));
      case operation::transposed_convolution_weight_gradient:
        return is_transposed_window(operand(0), operand(role::output_gradient));
      case operation::max_pool:
      case operation::average_pool:
        return result() == window_shape(operand(0), of_.attribute, operand(0).channels());
      case operation::average_pool_gradient:
        return operand(0) == window_shape(result(), of_.attribute, result().channels());
      case operation::max_pool_gradient:
        return result() == operand(0) &&
               operand(role::output_gradient) == window_shape(result(), of_.attribute, result().channels());
      case operation::adaptive_average_pool:
      case operation::adaptive_average_pool_gradient:
      case operation::resize:
      case operation::resize_gradient:
        return with_extents_of(operand(0), result()) == result();  // of any extents
      case operation::pad:
        return result() == padded(operand(0));
      case operation::multiply:
        return result() == operand(0) &&
               (operand(role::factor) == result() || operand(role::factor) == pixel_of(result()));
      case operation::multiply_gradient:
        return operand(0) == operand(role::output_gradient) && result() == pixel_of(operand(0));
      case operation::concat:
      case operation::split:
      case operation::concat_gradient:
        return parts_agree();
      case operation::prelu:
        return result() == operand(0) && is_slope(operand(role::slope));
      case operation::prelu_gradient:
        return all_equal({role::activation, role::output_gradient}) && is_slope(operand(role::slope)) &&
               result(1) == operand(role::slope);
      case operation::clip_norm:
        return result().rank == 0;
      case operation::running_statistics:
        return all_equal_to(operand(0));
      case operation::total_loss:
        return all_equal_to(result()) && result().rank == 0;
      case operation::fill:
        return true;
      default:
        return is_update(of_.op) ? update_agrees() : is_loss(of_.op) ? loss_agrees() : residual_agrees() && is_alike();
    }
  }

  /// All that is a feature has one shape: what goes element by element, norms, functions over channels and their
  /// gradients.
  constexpr bool is_alike() const {
    if (of_.op == operation::accumulate) return all_equal_to(result());
    return all_equal({role::activation, role::output_gradient, role::expected});
  }
  constexpr bool all_equal(std::initializer_list<role> roles) const {
    for (int o = 0; o < of_.operands.count; ++o) {
      for (const role each : roles) {
        if (operand_role(of_, o) == each && operand(o) != result()) return false;
      }
    }
    return true;
  }
  constexpr bool all_equal_to(const shape& wanted) const {
    for (int o = 0; o < of_.operands.count; ++o) {
      if (operand(o) != wanted) return false;
    }
    return true;
  }
  constexpr bool residual_agrees() const { return !of_.attribute.adds || operand(role::residual) == result(); }

  constexpr bool loss_agrees() const {
    if (result().rank != 0 || (of_.results.count > 1 && result(1).rank != 0)) return false;
    return graph_.operand(of_, role::expected) < 0 || operand(role::expected) == operand(0);
  }

  constexpr bool update_agrees() const {
    for (int o = 0; o < of_.operands.count; ++o) {
      const bool is_scalar = operand_role(of_, o) == role::gradient_factor;
      if (is_scalar ? operand(o).rank != 0 : operand(o) != operand(role::parameter)) return false;
    }
    return true;
  }

  /// The extents of one with batch and channels of the other.
  static constexpr shape with_extents_of(const shape& features, const shape& spatial) {
    shape made = features;
    for (int d = 2; d < made.rank; ++d) made[d] = spatial[d];
    return made;
  }
  static constexpr shape pixel_of(shape features) {
    for (int d = 0; d < 3; ++d) features.set_spatial(d, 1);
    return features;
  }
  constexpr shape padded(shape features) const {
    for (int d = 0; d < 3; ++d)
      features.set_spatial(d, static_cast<std::int32_t>(padded_extent(features, of_.attribute, d)));
    return features;
  }

  /// Whether `large` is what a transposed convolution makes of `small`; its rows beyond, PyTorch's output_padding, are
  /// fewer than a stride or a dilation.
  constexpr bool is_transposed_window(const shape& small, const shape& large) const {
    if (small.rank != large.rank || small.batch() != large.batch()) return false;
    for (int d = 3 - large.spatial_rank(); d < 3; ++d) {
      const auto at = static_cast<std::size_t>(d);
      const std::int64_t beyond = large.spatial(d) - transposed_extent(small, of_.attribute, d, {0, 0, 0});
      const std::int32_t stride = of_.attribute.stride[at], dilation = of_.attribute.dilation[at];
      if (beyond < 0 || beyond >= (stride > dilation ? stride : dilation)) return false;
    }
    return true;
  }

  /// Of a whole the channels of its parts lie side by side; a concat's gradient is one of them.
  constexpr bool parts_agree() const {
    const shape& whole = graph_.value_at(channel_whole(graph_, of_)).extents;
    const int count = of_.op == operation::concat  ? of_.operands.count
                      : of_.op == operation::split ? of_.results.count
                                                   : 1;
    std::int32_t end = first_channel_of(graph_, of_, 0);
    for (int i = 0; i < count; ++i) {
      shape part = graph_.value_at(channel_part(graph_, of_, i)).extents;
      end += part.channels();
      part[1] = whole.channels();
      if (part != whole) return false;
    }
    return of_.op == operation::concat_gradient ? end <= whole.channels() : end == whole.channels();
  }

  constexpr bool is_slope(const shape& given) const {
    return given.rank == 1 && (given[0] == 1 || given[0] == operand(0).channels());
  }

  /// Biases, scales, shifts, statistics and their gradients have an element a channel, of a norm over groups the
  /// statistics one for each group of each image.
  constexpr bool channel_vectors_agree() const {
    const bool is_grouped = of_.op == operation::group_norm || of_.op == operation::group_norm_given ||
                            of_.op == operation::group_norm_gradient;
    const bool has_features = of_.operands.count > 0 && operand(0).rank >= 4;
    for (int i = 0; i < of_.operands.count + of_.results.count; ++i) {
      const bool is_read = i < of_.operands.count;
      const int at = is_read ? i : i - of_.operands.count;
      const shape& given = is_read ? operand(at) : result(at);
      switch (is_read ? operand_role(of_, at) : result_slot(of_, at).is) {
        case role::mean:
        case role::variance:
          if (is_grouped && given != shape(operand(0).batch(), of_.attribute.groups)) return false;
          if (is_grouped || !has_features) break;
          [[fallthrough]];
        case role::scale:
        case role::shift:
        case role::scale_gradient:
        case role::shift_gradient:
          if (given != shape((of_.op == operation::convolution ? result() : operand(0)).channels())) return false;
          break;
        case role::bias:
          if (given != shape(result().channels())) return false;
          break;
        case role::bias_gradient:
          if (given != shape(operand(role::output_gradient).channels())) return false;
          break;
        case role::divisor:
          if (given.rank != 0) return false;
          break;
        default:
          break;
      }
    }
    return true;
  }

  /// Labels are (N, [D,] H, W) of features (N, C, [D,] H, W); those that features are resized to have any H and W.
  constexpr bool labels_agree() const {
    if (graph_.operand(of_, role::labels) < 0) return true;
    const shape &labels = operand(role::labels), &logits = operand(role::activation);
    if (labels.rank != logits.rank - 1 || labels[0] != logits[0]) return false;
    const bool are_resized =
        of_.op == operation::resized_cross_entropy || of_.op == operation::resized_cross_entropy_gradient;
    for (int d = 1; d < labels.rank && !are_resized; ++d) {
      if (labels[d] != logits[d + 1]) return false;
    }
    return true;
  }

  /// Weights are (O, I / groups, k...), of a transposed convolution (I, O / groups, k...); a linear layer's, whose
  /// window is the whole image, are (O, I k...).
  constexpr bool weights_agree() const {
    const std::int32_t read = graph_.operand(of_, role::weight), made = graph_.result(of_, role::weight_gradient);
    if (read < 0 && made < 0) return true;
    const shape& weights = graph_.value_at(read >= 0 ? read : made).extents;
    const std::int32_t x = graph_.operand(of_, role::activation), dy = graph_.operand(of_, role::output_gradient);
    std::int32_t in = graph_.value_at(x >= 0 ? x : of_.results[0]).extents.channels();
    std::int32_t out = graph_.value_at(dy >= 0 ? dy : of_.results[0]).extents.channels();
    if (is_transposed(of_.op)) std::swap(in, out);
    const extent3& kernel = of_.attribute.kernel;
    const std::int64_t taps = std::int64_t{kernel[0]} * kernel[1] * kernel[2];
    if (weights[0] != out || weights.elements() / out * of_.attribute.groups != in * taps) return false;
    for (int d = 2; d < weights.rank; ++d) {
      if (weights[d] != kernel[static_cast<std::size_t>(d + 3 - weights.rank)]) return false;
    }
    return true;
  }

  const graph_view& graph_;
  const node& of_;
};

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
