// SPDX-License-Identifier: Apache-2.0
// A node of the convolution family ready to run: what a program asks of it, and what every way of computing it shares.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tenon/backends/kernels/dispatch/isa.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/backends/onednn/weights.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// What a pointer told by for_each_pointer is for.
enum class pointer_use : std::uint8_t { value, packed, scratchpad };

/// Convolutions, transposed convolutions and their gradients. Made once; bound to memory; then packed and run at will
/// without an allocation of ours. One class a way of computing.
class convolution_step {
 public:
  convolution_step(const plan_view& plan, std::int32_t number, kernels::isa set)
      : plan_(&plan),
        node_(&plan.graph.node_at(number)),
        number_(number),
        isa_(set),
        role_(role_of(node_->op)),
        values_(convolution_values_of(plan.graph, *node_)) {
    parameter_.extents = weight_extents_of(plan.graph, *node_);
    parameter_.transposed = is_transposed(node_->op);
  }
  convolution_step(const convolution_step&) = delete;
  convolution_step& operator=(const convolution_step&) = delete;
  virtual ~convolution_step() = default;

  /// oneDNN's name of the implementation, or "kernels:avx512" and so on for one of ours.
  virtual std::string implementation() const { return joined({"kernels:", kernels::name_of(isa_)}); }
  /// What it works in while it runs, for as many threads as the calling thread's count was when it was made.
  virtual std::size_t scratchpad_bytes() const { return 0; }
  /// Sets every pointer it works on.
  virtual void bind(const memory& memory) { memory_ = memory; }
  /// Brings the weights and the bias into the order in which it reads them, a norm folded in. Of steps that share
  /// packed weights one does so for all.
  virtual void pack() const {}
  /// oneDNN's description of the packed weights; nullptr: they are packed for a kernel of ours.
  virtual const_dnnl_memory_desc_t packed_format() const { return nullptr; }
  virtual void run(dnnl_stream_t stream) const = 0;

  /// Calls visit(pointer_use, value, pointer) for each memory it works on; value is -1 where the memory is no value's.
  template <class Visit>
  void for_each_pointer(const Visit& visit) const {
    visit_pointers([](const void* to, pointer_use use, std::int32_t value,
                      const std::byte* pointer) { (*static_cast<const Visit*>(to))(use, value, pointer); },
                   &visit);
  }

 protected:
  using visitor = void (*)(const void* context, pointer_use use, std::int32_t value, const std::byte* pointer);
  /// The default, for kernels that read every operand of the node and write its result.
  virtual void visit_pointers(visitor visit, const void* context) const {
    for (const std::int32_t number : {values_.source, values_.destination, residual()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
    if (scratchpad_bytes() > 0) visit(context, pointer_use::scratchpad, -1, memory_.scratchpad);
    if (role_ != convolution_role::weight_gradient) return visit(context, pointer_use::packed, -1, packed());
    for (const std::int32_t number : {values_.weights, bias_gradient_value(), workspace()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
  }

  const attributes& attribute() const { return node_->attribute; }
  std::string_view scope() const { return plan_->graph.text(node_->scope); }
  const value& described(std::int32_t value) const { return plan_->graph.value_at(value); }
  operand tensor(std::int32_t value) const { return operand_of(*plan_, value, memory_); }
  std::byte* address(std::int32_t value) const { return tensor(value).data; }
  float* floats(std::int32_t value) const { return reinterpret_cast<float*>(address(value)); }
  bool has_place(std::int32_t value) const {
    return plan_->placements[static_cast<std::size_t>(value)].space != memory_space::none;
  }

  /// Of the result, as planned.
  std::int64_t channels() const { return parameter_.extents.groups * parameter_.extents.out; }
  std::int64_t planned_channels() const { return round_up(channels(), planned_block); }

  /// What is added to the result before its function, or -1.
  std::int32_t residual() const { return plan_->graph.operand(*node_, role::residual); }
  /// The gradient of the bias, or -1 where nobody wants it.
  std::int32_t bias_gradient_value() const {
    if (role_ != convolution_role::weight_gradient) return -1;
    const std::int32_t number = plan_->graph.result(*node_, role::bias_gradient);
    return number >= 0 && has_place(number) ? number : -1;
  }

  /// The scratch memory of a weight gradient, or -1.
  std::int32_t workspace() const { return attribute().has_workspace ? node_->results[node_->results.count - 1] : -1; }

  /// The packed weights' place: bytes behind the start of all packed weights, or -1.
  std::int64_t packed_offset() const { return plan_->packed[static_cast<std::size_t>(number_)]; }
  std::byte* packed() const { return memory_.packed + packed_offset(); }

  /// The convolution's bias (nullptr: none), and the norm folded into it.
  const float* bias_operand() const { return floats_of(role::bias); }
  folded_norm norm_operands() const {
    folded_norm norm;
    if (role_ != convolution_role::forward || !attribute().folds_norm) return norm;
    norm.scale = floats_of(role::scale);
    norm.shift = floats_of(role::shift);
    norm.mean = floats_of(role::mean);
    norm.variance = floats_of(role::variance);
    norm.epsilon = attribute().epsilon;
    return norm;
  }

  /// Holds the bytes that are wanted for packed weights, or a weight gradient's workspace, against those planned.
  /// throws: backend_error.
  void require_bytes(std::int64_t wanted) const {
    std::int64_t planned = 0;
    if (role_ == convolution_role::weight_gradient) {
      if (workspace() >= 0) planned = plan_->placements[static_cast<std::size_t>(workspace())].bytes;
    } else if (packed_offset() >= 0) {
      planned = node_->computed_by.packed_bytes;
    }
    if (wanted <= planned) return;
    throw backend_error(joined({"weights of '", scope(), "' (", implementation(), ") take ", std::to_string(wanted),
                                " bytes, planned are ", std::to_string(planned)}),
                        std::string(scope()), std::to_string(planned), std::to_string(wanted));
  }

  const plan_view* plan_;
  const node* node_;
  std::int32_t number_;
  kernels::isa isa_;
  convolution_role role_;
  convolution_values values_;
  parameter_weights parameter_;
  memory memory_;

 private:
  /// The operand of a role, or nullptr.
  const float* floats_of(role wanted) const {
    const std::int32_t number = plan_->graph.operand(*node_, wanted);
    return number < 0 ? nullptr : floats(number);
  }
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
