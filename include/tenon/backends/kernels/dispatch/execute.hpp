// SPDX-License-Identifier: Apache-2.0
// One node, executed by a kernel of our own.
#pragma once

#include <span>
#include <string>

#include "tenon/backends/kernels/elementwise/channelwise.hpp"
#include "tenon/backends/kernels/elementwise/dropout.hpp"
#include "tenon/backends/kernels/elementwise/pointwise.hpp"
#include "tenon/backends/kernels/elementwise/softmax.hpp"
#include "tenon/backends/kernels/loss/binary_cross_entropy.hpp"
#include "tenon/backends/kernels/loss/cross_entropy.hpp"
#include "tenon/backends/kernels/loss/resized_cross_entropy.hpp"
#include "tenon/backends/kernels/movement/arrangement.hpp"
#include "tenon/backends/kernels/movement/channels.hpp"
#include "tenon/backends/kernels/movement/reorder.hpp"
#include "tenon/backends/kernels/norm/batch_norm.hpp"
#include "tenon/backends/kernels/norm/batch_norm_gradient.hpp"
#include "tenon/backends/kernels/norm/group_norm.hpp"
#include "tenon/backends/kernels/norm/group_norm_gradient.hpp"
#include "tenon/backends/kernels/pooling_and_resize/average_pooling.hpp"
#include "tenon/backends/kernels/pooling_and_resize/max_pooling.hpp"
#include "tenon/backends/kernels/pooling_and_resize/resize.hpp"
#include "tenon/backends/kernels/update/gradient_sums.hpp"
#include "tenon/backends/kernels/update/updates.hpp"
#include "tenon/backends/operation_set.hpp"
#include "tenon/core/error.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/dispatch/execute_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Executes a node by kernels for the given instruction set, which the machine has to have. Activations are blocked in
/// blocks of block_of(set); sums of parameter gradients, labels, parameters and statistics are contiguous; losses take
/// either layout, and reorder goes from any to any. Padding channels come in as zeros and go out as zeros. Sources do
/// nothing. Results do not depend on the thread count. Kernels are compiled for the operations in `Used` alone: a
/// network has few of them, and all take many times as long. Batch norms and dropouts take contiguous activations, of
/// at most most_parts channels, where `TakesContiguous`; activations and sums take any always. throws: numeric_error
/// for an update by a gradient that is not finite, before it changes anything; backend_error for operations not in
/// `Used`, and for convolutions, of which there is no kernel here.
template <operation_set Used = every_operation, bool TakesContiguous = true>
void execute(isa set, const graph_view& graph, const node& of, std::span<const operand> operands,
             std::span<const operand> results, const step_arguments& arguments) {
  dispatch(set, baseline::execute<Used, TakesContiguous>, avx2::execute<Used, TakesContiguous>,
           avx512::execute<Used, TakesContiguous>)(graph, of, operands, results, arguments);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
