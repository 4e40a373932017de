// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions to a few plain channels, and their gradients, by kernels of ours.
#pragma once

#include <cstdint>
#include <string>

#include "tenon/backends/kernels/narrow_convolution.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// A convolution whose few channels would leave a block nearly empty. Gradients of weights and of the source are
/// compiled where they are wanted.
template <bool Trains, bool PassesBack>
class narrow_step final : public convolution_step {
 public:
  /// throws: backend_error if the weights take more memory than is planned.
  narrow_step(const plan_view& plan, std::int32_t number, kernels::isa set) : convolution_step(plan, number, set) {
    if (role_ == convolution_role::weight_gradient) {
      require_bytes(kernels::narrow_parts * weights() * 4,
                    attribute().has_workspace ? plan.placements[static_cast<std::size_t>(workspace())].bytes : 0);
    } else {
      require_bytes((weights() + kernels::most_narrow_channels) * 4,
                    packed_offset() < 0 ? 0 : capabilities::packed_bytes(plan.graph, *node_));
    }
  }

  std::string implementation() const override { return "kernels:" + std::string(kernels::name_of(isa_)); }

  void pack() const override {
    if (role_ == convolution_role::weight_gradient) return;
    auto* to = reinterpret_cast<float*>(packed());
    const float* const from = floats(values_.weights);
    const folded_norm norm = norm_operands();
    for (std::int64_t o = 0; o < kernels::most_narrow_channels; ++o) {
      const float factor = norm.scale == nullptr || o >= channels() ? 1.0F : norm.factor(o);
      for (std::int64_t i = 0; i < stored(); ++i)
        *to++ = o < channels() && i < plain_.extents.in ? from[o * plain_.extents.in + i] * factor : 0;
    }
    if (adds_bias(*node_)) pack_bias(bias_operand(), norm, to, channels(), kernels::most_narrow_channels);
  }

  void run(dnnl_stream_t) const override {
    if constexpr (Trains) {
      if (role_ == convolution_role::weight_gradient) return sum_gradient();
    }
    const auto* const weights_at = reinterpret_cast<const float*>(packed());
    const float* const bias = adds_bias(*node_) ? weights_at + weights() : nullptr;
    const kernels::narrow_arguments of{tensor(values_.source), tensor(values_.destination),          weights_at, bias,
                                       attribute().fused,      static_cast<float>(attribute().slope)};
    if constexpr (PassesBack) {
      if (role_ == convolution_role::data_gradient) return kernels::narrow_data_gradient(isa_, of);
    }
    kernels::narrow_convolution(isa_, of);
  }

 private:
  void sum_gradient() const {
    float* const bias = bias_gradient_value() < 0 ? nullptr : floats(bias_gradient_value());
    kernels::narrow_weight_gradient(isa_, tensor(values_.source), tensor(values_.destination), floats(workspace()),
                                    floats(values_.weights), bias);
  }

  void visit_pointers(visitor visit, const void* context) const override {
    for (const std::int32_t number : {values_.source, values_.destination})
      visit(context, pointer_use::value, number, address(number));
    if (role_ != convolution_role::weight_gradient) return visit(context, pointer_use::packed, -1, packed());
    for (const std::int32_t number : {values_.weights, bias_gradient_value(), workspace()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
  }

  std::int64_t stored() const { return round_up(plain_.extents.in, std::int64_t{kernels::block_of(isa_)}); }
  std::int64_t weights() const { return kernels::most_narrow_channels * stored(); }
  std::int32_t workspace() const { return node_->results[node_->results.count - 1]; }
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
