// SPDX-License-Identifier: Apache-2.0
// One node, executed.
#pragma once

#include <span>

#include "tenon/backends/reference/arrangement.hpp"
#include "tenon/backends/reference/average_pooling.hpp"
#include "tenon/backends/reference/batch_norm.hpp"
#include "tenon/backends/reference/channels.hpp"
#include "tenon/backends/reference/convolution.hpp"
#include "tenon/backends/reference/dropout.hpp"
#include "tenon/backends/reference/group_norm.hpp"
#include "tenon/backends/reference/losses.hpp"
#include "tenon/backends/reference/pointwise.hpp"
#include "tenon/backends/reference/pooling.hpp"
#include "tenon/backends/reference/resize.hpp"
#include "tenon/backends/reference/resized_losses.hpp"
#include "tenon/backends/reference/softmax.hpp"
#include "tenon/backends/reference/transposed_convolution.hpp"
#include "tenon/backends/reference/updates.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// Executes a node on contiguous tensors of T; class labels are std::int32_t. `graph` holds the node's real numbers.
/// Sources do nothing.
/// throws: label_error for a label that is neither a class nor ignored.
template <class T>
void execute(const graph_view& graph, const node& of, std::span<const operand> operands,
             std::span<const operand> results, const step_arguments& arguments) {
  const attributes& attribute = of.attribute;
  switch (of.op) {
    case operation::input:
    case operation::target:
    case operation::parameter:
    case operation::buffer:
    case operation::state:
    case operation::gradient_sum:
      return;
    case operation::convolution:
      return convolution<T>(attribute, operands, results);
    case operation::transposed_convolution:
      return transposed_convolution<T>(attribute, operands, results);
    case operation::batch_norm:
      return batch_norm<T>(attribute, operands, results);
    case operation::batch_norm_training:
      return batch_norm_training<T>(attribute, operands, results);
    case operation::group_norm:
      return group_norm<T>(attribute, operands, results);
    case operation::group_norm_given:
      return group_norm_given<T>(attribute, operands, results);
    case operation::activation:
      return activate<T>(attribute, operands, results);
    case operation::prelu:
      return prelu<T>(operands, results);
    case operation::softmax:
      return softmax<T>(operands, results);
    case operation::dropout:
      return dropout<T>(attribute, operands, results, arguments);
    case operation::max_pool:
      return max_pool<T>(attribute, operands, results);
    case operation::average_pool:
      return average_pool<T>(attribute, operands, results);
    case operation::adaptive_average_pool:
      return adaptive_average_pool<T>(operands, results);
    case operation::pad:
      return pad<T>(attribute, operands, results);
    case operation::add:
      return add<T>(operands, results);
    case operation::multiply:
      return multiply<T>(operands, results);
    case operation::concat:
      return concat<T>(operands, results);
    case operation::split:
      return split<T>(operands, results);
    case operation::channel_shuffle:
      return channel_shuffle<T>(attribute, operands, results);
    case operation::resize:
      return resize<T>(attribute, operands, results);
    case operation::mean_square:
      return mean_square<T>(attribute, operands, results);
    case operation::binary_cross_entropy:
      return binary_cross_entropy<T>(attribute, operands, results);
    case operation::resized_cross_entropy:
      return resized_cross_entropy<T>(graph, attribute, operands, results);
    case operation::cross_entropy:
      return cross_entropy<T>(graph, attribute, operands, results);
    case operation::total_loss:
      return total_loss<T>(operands, results);
    case operation::convolution_data_gradient:
      return convolution_data_gradient<T>(attribute, operands, results);
    case operation::convolution_weight_gradient:
      return convolution_weight_gradient<T>(attribute, operands, results);
    case operation::transposed_convolution_data_gradient:
      return transposed_convolution_data_gradient<T>(attribute, operands, results);
    case operation::transposed_convolution_weight_gradient:
      return transposed_convolution_weight_gradient<T>(attribute, operands, results);
    case operation::batch_norm_gradient:
      return norm_gradient<operation::batch_norm_gradient, T>(attribute, operands, results);
    case operation::batch_norm_frozen_gradient:
      return norm_gradient<operation::batch_norm_frozen_gradient, T>(attribute, operands, results);
    case operation::group_norm_gradient:
      return group_norm_gradient<T>(attribute, operands, results);
    case operation::activation_gradient:
      return activation_gradient<T>(attribute, operands, results);
    case operation::prelu_gradient:
      return prelu_gradient<T>(operands, results);
    case operation::softmax_gradient:
      return softmax_gradient<T>(operands, results);
    case operation::multiply_gradient:
      return multiply_gradient<T>(operands, results);
    case operation::max_pool_gradient:
      return max_pool_gradient<T>(attribute, operands, results);
    case operation::average_pool_gradient:
      return average_pool_gradient<T>(attribute, operands, results);
    case operation::adaptive_average_pool_gradient:
      return adaptive_average_pool_gradient<T>(operands, results);
    case operation::concat_gradient:
      return concat_gradient<T>(attribute, operands, results);
    case operation::resize_gradient:
      return resize_gradient<T>(attribute, operands, results);
    case operation::mean_square_gradient:
      return mean_square_gradient<T>(attribute, operands, results);
    case operation::binary_cross_entropy_gradient:
      return binary_cross_entropy_gradient<T>(attribute, operands, results);
    case operation::resized_cross_entropy_gradient:
      return resized_cross_entropy_gradient<T>(graph, attribute, operands, results);
    case operation::cross_entropy_gradient:
      return cross_entropy_gradient<T>(graph, attribute, operands, results);
    case operation::accumulate:
      return accumulate<T>(graph, of, operands, results, arguments);
    case operation::clip_norm:
      return clip_norm<T>(graph, of, operands, results);
    case operation::running_statistics:
      return running_statistics<T>(attribute, operands);
    case operation::sgd:
      return sgd<T>(graph, of, operands, arguments);
    case operation::adam:
      return adam<T>(graph, of, operands, arguments);
    case operation::reorder:
      return reorder<T>(operands, results);
    case operation::fill:
      return fill<T>(results);
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
