// SPDX-License-Identifier: Apache-2.0
// Convolutions of few contiguous channels, and their gradients, by kernels of ours.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/backends/kernels/convolution/row_convolution.hpp"
#include "tenon/backends/kernels/convolution/row_weight_gradient.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// A convolution whose source and destination are contiguous. Gradients of weights are compiled where they are wanted.
template <bool Trains>
class row_step final : public convolution_step {
 public:
  /// throws: backend_error if the weights take more memory than is planned.
  row_step(const plan_view& plan, std::int32_t number, kernels::isa set) : convolution_step(plan, number, set) {
    const std::int64_t weights = parameter_.extents.elements();
    require_bytes(4 * (role_ == convolution_role::weight_gradient ? kernels::row_gradient_sums(weights, channels())
                                                                  : weights + (adds_bias(*node_) ? channels() : 0)));
    const kernels::row_tiles cut = tiles();
    scratch_parts_ = std::min<std::int64_t>(omp_get_max_threads(), cut.count());
    scratchpad_bytes_ = static_cast<std::size_t>(scratch_parts_ * cut.scratch_floats()) * sizeof(float);
  }

  std::size_t scratchpad_bytes() const override { return scratchpad_bytes_; }

  /// A data gradient sees the taps the other way round.
  void pack() const override {
    if (role_ == convolution_role::weight_gradient) return;
    auto* to = reinterpret_cast<float*>(packed());
    const float* const from = floats(values_.weights);
    const folded_norm norm = norm_operands();
    const weight_extents& extents = parameter_.extents;
    const bool is_forward = role_ == convolution_role::forward;
    for (std::int64_t tap = 0; tap < extents.kernel; ++tap) {
      if (is_forward) {
        for (std::int64_t i = 0; i < extents.in; ++i)
          for (std::int64_t o = 0; o < extents.out; ++o)
            *to++ = from[parameter_.offset(0, o, i) + tap] * (norm.scale == nullptr ? 1.0F : norm.factor(o));
      } else {
        for (std::int64_t o = 0; o < extents.out; ++o)
          for (std::int64_t i = 0; i < extents.in; ++i)
            *to++ = from[parameter_.offset(0, o, i) + extents.kernel - 1 - tap];
      }
    }
    if (adds_bias(*node_)) pack_bias(bias_operand(), norm, to, channels(), channels());
  }

  void run(dnnl_stream_t) const override {
    if constexpr (Trains) {
      if (role_ == convolution_role::weight_gradient) return sum_gradient();
    }
    const auto* const weights = reinterpret_cast<const float*>(packed());
    const bool is_forward = role_ == convolution_role::forward;
    kernels::row_convolution(isa_, {tensor(is_forward ? values_.source : values_.destination),
                                    tensor(is_forward ? values_.destination : values_.source),
                                    weights,
                                    adds_bias(*node_) ? weights + parameter_.extents.elements() : nullptr,
                                    residual() < 0 ? nullptr : floats(residual()),
                                    is_forward ? attribute().fused : activation::none,
                                    static_cast<float>(attribute().slope),
                                    {along(0), along(1), along(2)},
                                    scratch()});
  }

 private:
  void sum_gradient() const {
    kernels::row_weight_gradient(isa_, {tensor(values_.source),
                                        tensor(values_.destination),
                                        floats(workspace()),
                                        floats(values_.weights),
                                        bias_gradient_value() < 0 ? nullptr : floats(bias_gradient_value()),
                                        {along(0), along(1), along(2)},
                                        scratch()});
  }

  kernels::row_tiles tiles() const {
    const bool is_data_gradient = role_ == convolution_role::data_gradient;
    const shape& from = described(is_data_gradient ? values_.destination : values_.source).extents;
    const shape& to = described(is_data_gradient ? values_.source : values_.destination).extents;
    const kernels::row_dimension dimensions[] = {along(0), along(1), along(2)};
    return {from.batch(), from.channels(), to.channels(), dimensions, kernels::width_of(isa_)};
  }

  kernels::row_scratch scratch() const { return {reinterpret_cast<float*>(memory_.scratchpad), scratch_parts_}; }

  kernels::row_dimension along(int i) const {
    const auto d = static_cast<std::size_t>(i);
    const std::int64_t source = described(values_.source).extents.spatial(i);
    const std::int64_t destination = described(values_.destination).extents.spatial(i);
    const std::int64_t taps = attribute().kernel[d], step = attribute().dilation[d];
    const std::int64_t padding = attribute().padding_begin[d];
    if (role_ == convolution_role::data_gradient) return {destination, source, taps, step, padding - (taps - 1) * step};
    return {source, destination, taps, step, -padding};
  }

  std::int64_t scratch_parts_ = 0;
  std::size_t scratchpad_bytes_ = 0;
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
