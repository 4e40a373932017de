// SPDX-License-Identifier: Apache-2.0
// One node, executed by a kernel of our own.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_EXECUTE_HPP
#    define TENON_BACKENDS_KERNELS_EXECUTE_HPP

#    include <span>
#    include <string>

#    include "tenon/backends/kernels/arrangement.hpp"
#    include "tenon/backends/kernels/average_pooling.hpp"
#    include "tenon/backends/kernels/batch_norm.hpp"
#    include "tenon/backends/kernels/batch_norm_gradient.hpp"
#    include "tenon/backends/kernels/channels.hpp"
#    include "tenon/backends/kernels/binary_cross_entropy.hpp"
#    include "tenon/backends/kernels/channels.hpp"
#    include "tenon/backends/kernels/channelwise.hpp"
#    include "tenon/backends/kernels/dropout.hpp"
#    include "tenon/backends/kernels/group_norm.hpp"
#    include "tenon/backends/kernels/group_norm_gradient.hpp"
#    include "tenon/backends/kernels/losses.hpp"
#    include "tenon/backends/kernels/pointwise.hpp"
#    include "tenon/backends/kernels/pooling.hpp"
#    include "tenon/backends/kernels/reorder.hpp"
#    include "tenon/backends/kernels/resize.hpp"
#    include "tenon/backends/kernels/softmax.hpp"
#    include "tenon/backends/kernels/updates.hpp"
#    include "tenon/core/error.hpp"

#    define TENON_KERNEL_FILE "tenon/backends/kernels/execute.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Executes a node by kernels for the given instruction set, which the machine has to have. Activations are blocked in
/// blocks of block_of(set); sums of parameter gradients, labels, parameters and statistics are plain; losses take
/// either layout, and reorder goes from any to any. Padding channels come in as zeros and go out as zeros. Sources do
/// nothing. Results do not depend on the thread count.
/// throws: backend_error for convolutions, of which there is no kernel here.
inline void execute(isa set, const graph_view& graph, const node& of, std::span<const operand> operands,
                    std::span<const operand> results, const step_arguments& arguments) {
  chosen(set, plain::execute, avx2::execute, avx512::execute)(graph, of, operands, results, arguments);
}

/// The same for what predictors need alone, which compiles in a third of the time.
/// throws: backend_error for convolutions, losses, gradients and updates.
inline void execute_inference(isa set, const node& of, std::span<const operand> operands,
                              std::span<const operand> results) {
  chosen(set, plain::execute_inference, avx2::execute_inference, avx512::execute_inference)(of, operands, results);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

inline void execute_inference(const node& of, std::span<const operand> operands, std::span<const operand> results) {
  const attributes& attribute = of.attribute;
  switch (of.op) {
    case operation::input:
    case operation::target:
    case operation::parameter:
    case operation::buffer:
    case operation::state:
      return;
    case operation::batch_norm:
      return batch_norm(attribute, operands, results);
    case operation::group_norm:
      return group_norm(attribute, operands, results);
    case operation::group_norm_given:
      return group_norm_given(attribute, operands, results);
    case operation::activation:
      return activate(attribute, operands, results);
    case operation::prelu:
      return prelu(operands, results);
    case operation::softmax:
      return softmax(operands, results);
    case operation::max_pool:
      return max_pool(attribute, operands, results);
    case operation::average_pool:
      return average_pool(attribute, operands, results);
    case operation::adaptive_average_pool:
      return adaptive_average_pool(operands, results);
    case operation::pad:
      return pad(attribute, operands, results);
    case operation::add:
      return add(operands, results);
    case operation::multiply:
      return multiply(operands, results);
    case operation::concat:
      return concat(operands, results);
    case operation::split:
      return split(operands, results);
    case operation::channel_shuffle:
      return channel_shuffle(attribute, operands, results);
    case operation::resize:
      return resize(attribute, operands, results);
    case operation::reorder:
      return reorder(operands, results);
    case operation::fill:
      return fill(results);
    default:
      break;
  }
  const std::string name(name_of(of.op));
  throw backend_error("there is no kernel for " + name + " here", name, "another operation");
}

inline void execute(const graph_view& graph, const node& of, std::span<const operand> operands,
                    std::span<const operand> results, const step_arguments& arguments) {
  const attributes& attribute = of.attribute;
  switch (of.op) {
    case operation::batch_norm_training:
      return batch_norm_training(attribute, operands, results);
    case operation::mean_square:
      return mean_square(attribute, operands, results);
    case operation::binary_cross_entropy:
      return binary_cross_entropy(attribute, operands, results);
    case operation::binary_cross_entropy_gradient:
      return binary_cross_entropy_gradient(attribute, operands, results);
    case operation::dropout:
      return dropout(attribute, operands, results, arguments);
    case operation::cross_entropy:
      return cross_entropy(graph, attribute, operands, results);
    case operation::total_loss:
      return total_loss(operands, results);
    case operation::batch_norm_gradient:
      return norm_gradient(attribute, false, operands, results);
    case operation::batch_norm_frozen_gradient:
      return norm_gradient(attribute, true, operands, results);
    case operation::group_norm_gradient:
      return group_norm_gradient(attribute, operands, results);
    case operation::activation_gradient:
      return activation_gradient(attribute, operands, results);
    case operation::prelu_gradient:
      return prelu_gradient(operands, results);
    case operation::softmax_gradient:
      return softmax_gradient(operands, results);
    case operation::multiply_gradient:
      return multiply_gradient(operands, results);
    case operation::max_pool_gradient:
      return max_pool_gradient(attribute, operands, results);
    case operation::average_pool_gradient:
      return average_pool_gradient(attribute, operands, results);
    case operation::adaptive_average_pool_gradient:
      return adaptive_average_pool_gradient(operands, results);
    case operation::concat_gradient:
      return concat_gradient(attribute, operands, results);
    case operation::resize_gradient:
      return resize_gradient(attribute, operands, results);
    case operation::mean_square_gradient:
      return mean_square_gradient(attribute, operands, results);
    case operation::cross_entropy_gradient:
      return cross_entropy_gradient(graph, attribute, operands, results);
    case operation::running_statistics:
      return running_statistics(attribute, operands);
    case operation::sgd:
      return sgd(attribute, operands, arguments);
    case operation::adam:
      return adam(attribute, operands, arguments);
    default:
      return execute_inference(of, operands, results);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
