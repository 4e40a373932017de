// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions between a few contiguous channels and blocked ones, and their gradients, by kernels of ours.
#pragma once

#include <cstdint>

#include "tenon/backends/kernels/convolution/narrow_convolution.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// A pointwise convolution one side of which has so few channels that a block would be nearly empty. Gradients of
/// weights are compiled where they are wanted.
template <bool Trains>
class narrow_step final : public convolution_step {
 public:
  /// throws: backend_error if the weights take more memory than is planned.
  narrow_step(const plan_view& plan, std::int32_t number, kernels::isa set)
      : convolution_step(plan, number, set), widens_(described(values_.source).arrangement == layout::contiguous) {
    require_bytes(4 * (role_ == convolution_role::weight_gradient
                           ? kernels::narrow_gradient_sums(narrow(), stored())
                           : weights() + (adds_bias(*node_) ? padded_result() : 0)));
  }

  void pack() const override {
    if (role_ == convolution_role::weight_gradient) return;
    auto* to = reinterpret_cast<float*>(packed());
    const float* const from = floats(values_.weights);
    const folded_norm norm = norm_operands();
    for (std::int64_t row = 0; row < rows(); ++row)
      for (std::int64_t i = 0; i < stored(); ++i) {
        const std::int64_t o = widens_ ? i : row, in = widens_ ? row : i;
        const bool is_there = o < parameter_.extents.out && in < parameter_.extents.in;
        *to++ = !is_there ? 0 : from[parameter_.offset(0, o, in)] * (norm.scale == nullptr ? 1.0F : norm.factor(o));
      }
    if (adds_bias(*node_)) pack_bias(bias_operand(), norm, to, channels(), padded_result());
  }

  void run(dnnl_stream_t) const override {
    if constexpr (Trains) {
      if (role_ == convolution_role::weight_gradient) return sum_gradient();
    }
    const auto* const weights_at = reinterpret_cast<const float*>(packed());
    const bool is_forward = role_ == convolution_role::forward;
    const kernels::narrow_arguments of{tensor(wide()),
                                       tensor(few()),
                                       weights_at,
                                       adds_bias(*node_) ? weights_at + weights() : nullptr,
                                       residual() < 0 ? nullptr : floats(residual()),
                                       is_forward ? attribute().fused : activation::none,
                                       static_cast<float>(attribute().slope)};
    if (widens_ == is_forward) return kernels::convolve_to_wide(isa_, of);
    kernels::convolve_to_narrow(isa_, of);
  }

 private:
  void sum_gradient() const {
    float* const bias = bias_gradient_value() < 0 ? nullptr : floats(bias_gradient_value());
    kernels::narrow_weight_gradient(isa_, {tensor(wide()), tensor(few()), floats(workspace()), floats(values_.weights),
                                           widens_ ? 1 : parameter_.extents.in, widens_ ? parameter_.extents.in : 1,
                                           widens_ ? nullptr : bias, widens_ ? bias : nullptr});
  }

  std::int32_t wide() const { return widens_ ? values_.destination : values_.source; }
  std::int32_t few() const { return widens_ ? values_.source : values_.destination; }
  std::int64_t narrow() const { return widens_ ? parameter_.extents.in : parameter_.extents.out; }
  std::int64_t rows() const { return kernels::narrow_rows(narrow()); }
  std::int64_t stored() const {
    return round_up(widens_ ? parameter_.extents.out : parameter_.extents.in, std::int64_t{kernels::block_of(isa_)});
  }
  std::int64_t weights() const { return rows() * stored(); }
  std::int64_t padded_result() const { return widens_ ? stored() : rows(); }

  bool widens_;  ///< the source is the narrow side, for whichever role
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
