// SPDX-License-Identifier: Apache-2.0
// The kernels of execute.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// `call` where the operation is used; else it is not even instantiated.
#define TENON_CASE(name, call)                 \
  case operation::name:                        \
    if constexpr (Used.has(operation::name)) { \
      return call;                             \
    } else {                                   \
      break;                                   \
    }

template <operation_set Used, bool TakesContiguous>
void execute([[maybe_unused]] const graph_view& graph, const node& of,
             [[maybe_unused]] std::span<const operand> operands, [[maybe_unused]] std::span<const operand> results,
             [[maybe_unused]] const step_arguments& arguments) {
  [[maybe_unused]] const attributes& attribute = of.attribute;
  // clang-format off
  switch (of.op) {
    case operation::input:
    case operation::target:
    case operation::parameter:
    case operation::buffer:
    case operation::state:
    case operation::gradient_sum:
      return;
    TENON_CASE(batch_norm, batch_norm<TakesContiguous>(attribute, operands, results))
    TENON_CASE(batch_norm_training, batch_norm_training<TakesContiguous>(attribute, operands, results))
    TENON_CASE(group_norm, group_norm(attribute, operands, results))
    TENON_CASE(group_norm_given, group_norm_given(attribute, operands, results))
    TENON_CASE(activation, activate(attribute, operands, results))
    TENON_CASE(prelu, prelu(operands, results))
    TENON_CASE(softmax, softmax(operands, results))
    TENON_CASE(dropout, dropout<TakesContiguous>(attribute, operands, results, arguments))
    TENON_CASE(max_pool, max_pool(attribute, operands, results))
    TENON_CASE(average_pool, average_pool(attribute, operands, results))
    TENON_CASE(adaptive_average_pool, adaptive_average_pool(operands, results))
    TENON_CASE(pad, pad(attribute, operands, results))
    TENON_CASE(add, add(operands, results))
    TENON_CASE(multiply, multiply(operands, results))
    TENON_CASE(concat, concat(operands, results))
    TENON_CASE(split, split(operands, results))
    TENON_CASE(channel_shuffle, channel_shuffle(attribute, operands, results))
    TENON_CASE(resize, resize(attribute, operands, results))
    TENON_CASE(mean_square, mean_square(attribute, operands, results))
    TENON_CASE(cross_entropy, cross_entropy(graph, attribute, operands, results))
    TENON_CASE(resized_cross_entropy, resized_cross_entropy(graph, attribute, operands, results))
    TENON_CASE(binary_cross_entropy, binary_cross_entropy(attribute, operands, results))
    TENON_CASE(total_loss, total_loss(operands, results))
    TENON_CASE(batch_norm_gradient, norm_gradient<TakesContiguous>(attribute, false, operands, results))
    TENON_CASE(batch_norm_frozen_gradient, norm_gradient<TakesContiguous>(attribute, true, operands, results))
    TENON_CASE(group_norm_gradient, group_norm_gradient(attribute, operands, results))
    TENON_CASE(activation_gradient, activation_gradient(attribute, operands, results))
    TENON_CASE(prelu_gradient, prelu_gradient(operands, results))
    TENON_CASE(softmax_gradient, softmax_gradient(operands, results))
    TENON_CASE(max_pool_gradient, max_pool_gradient(attribute, operands, results))
    TENON_CASE(average_pool_gradient, average_pool_gradient(attribute, operands, results))
    TENON_CASE(adaptive_average_pool_gradient, adaptive_average_pool_gradient(operands, results))
    TENON_CASE(multiply_gradient, multiply_gradient(operands, results))
    TENON_CASE(concat_gradient, concat_gradient(attribute, operands, results))
    TENON_CASE(resize_gradient, resize_gradient(attribute, operands, results))
    TENON_CASE(mean_square_gradient, mean_square_gradient(attribute, operands, results))
    TENON_CASE(cross_entropy_gradient, cross_entropy_gradient(graph, attribute, operands, results))
    TENON_CASE(resized_cross_entropy_gradient, resized_cross_entropy_gradient(graph, attribute, operands, results))
    TENON_CASE(binary_cross_entropy_gradient, binary_cross_entropy_gradient(attribute, operands, results))
    TENON_CASE(accumulate, accumulate(graph, of, operands, results, arguments))
    TENON_CASE(clip_norm, clip_norm(graph, of, operands, results))
    TENON_CASE(running_statistics, running_statistics(attribute, operands))
    TENON_CASE(sgd, sgd(graph, of, operands, arguments))
    TENON_CASE(adam, adam(graph, of, operands, arguments))
    TENON_CASE(reorder, reorder(operands, results))
    TENON_CASE(fill, fill(results))
    case operation::convolution:
    case operation::convolution_data_gradient:
    case operation::convolution_weight_gradient:
    case operation::transposed_convolution:
    case operation::transposed_convolution_data_gradient:
    case operation::transposed_convolution_weight_gradient:
    default:
      break;
  }
  // clang-format on
  const std::string name(name_of(of.op));
  throw backend_error("there is no kernel for " + name + " here", name, "another operation");
}

#undef TENON_CASE

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
