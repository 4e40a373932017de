// SPDX-License-Identifier: Apache-2.0
// Convolutions, transposed ones and their data gradients by kernels of ours, with weights packed for them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tenon/backends/kernels/convolution/depthwise_convolution.hpp"
#include "tenon/backends/kernels/convolution/direct_convolution.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// A direct convolution: each element of the result is the sum over its window, forward, transposed or as a data
/// gradient.
class direct_step final : public convolution_step {
 public:
  /// kernels::depthwise for nodes that algorithm::depthwise computes, else kernels::direct_convolution.
  using kernel = void (*)(kernels::isa set, const kernels::direct_arguments& of);

  /// throws: backend_error if the weights take more memory than is planned.
  direct_step(const plan_view& plan, std::int32_t number, kernels::isa set, kernel by)
      : convolution_step(plan, number, set),
        kernel_(by),
        block_(kernels::block_of(set)),
        depthwise_(algorithm_of(*node_) == algorithm::depthwise),
        from_(described(read()).extents, block_),
        to_(described(written()).extents, block_) {
    const bool forward = role_ == convolution_role::forward;
    to_channels_ = forward ? parameter_.extents.out : parameter_.extents.in;
    from_channels_ = forward ? parameter_.extents.in : parameter_.extents.out;
    rows_ = kernels::tap_rows(dimension(2));
    find_weights();
    const std::int64_t bias_bytes = adds_bias(*node_) ? planned_channels() * 4 : 0;
    require_bytes(bias_offset_ + bias_bytes);
  }

  void pack() const override {
    const folded_norm norm = norm_operands();
    const float* const from = floats(values_.weights);
    auto* const to = reinterpret_cast<float*>(packed());
    parallel_for(to_.blocks, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        pack_block(i, norm, from, to + block_weights_[static_cast<std::size_t>(i)]);
    });
    if (adds_bias(*node_))
      pack_bias(bias_operand(), norm, reinterpret_cast<float*>(packed() + bias_offset_), channels(),
                planned_channels());
  }

  void run(dnnl_stream_t) const override {
    const bool is_contiguous = described(read()).arrangement == layout::contiguous;
    const std::int64_t source_block = from_.pixels * block_;
    const kernels::direct_arguments of{
        floats(read()),
        reinterpret_cast<const float*>(packed()),
        block_weights_.get(),
        adds_bias(*node_) ? reinterpret_cast<const float*>(packed() + bias_offset_) : nullptr,
        attribute().adds ? floats(residual()) : nullptr,
        floats(written()),
        role_ == convolution_role::forward ? attribute().fused : activation::none,
        static_cast<float>(attribute().slope),
        from_,
        to_,
        parameter_.extents.groups,
        is_contiguous ? 1 : block_,
        is_contiguous ? from_.pixels : 1,
        is_contiguous ? block_ * from_.pixels : source_block,
        is_contiguous ? from_.channels * from_.pixels : from_.blocks * source_block,
        dimension(0),
        dimension(1),
        &rows_};
    kernel_(isa_, of);
  }

 private:
  void visit_pointers(visitor visit, const void* context) const override {
    for (const std::int32_t number : {read(), written(), residual()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
    visit(context, pointer_use::packed, -1, packed());
    if (adds_bias(*node_)) visit(context, pointer_use::packed, -1, packed() + bias_offset_);
  }

  std::int32_t read() const { return role_ == convolution_role::forward ? values_.source : values_.destination; }
  std::int32_t written() const { return role_ == convolution_role::forward ? values_.destination : values_.source; }

  kernels::tap_dimension dimension(int i) const {
    const bool strided = (role_ == convolution_role::forward) != is_transposed(node_->op);
    return {attribute(), described(read()).extents, described(written()).extents, i, strided};
  }

  kernels::channel_range range(std::int64_t at_block) const {
    return {at_block, block_, to_.channels, to_channels_, from_channels_};
  }

  /// Finds where each block's weights begin, and where all end.
  void find_weights() {
    block_weights_ = std::make_unique<std::int64_t[]>(static_cast<std::size_t>(to_.blocks));
    std::int64_t end = 0;
    for (std::int64_t i = 0; i < to_.blocks; ++i) {
      block_weights_[static_cast<std::size_t>(i)] = end;
      end += (depthwise_ ? 1 : range(i).count) * parameter_.extents.kernel * block_;
    }
    bias_offset_ = round_up(end * 4, alignment);
  }

  /// Writes one block's weights: a vector for each tap, and source channel where there are several; zeros for channels
  /// of other groups and for padding.
  void pack_block(std::int64_t at_block, const folded_norm& norm, const float* from, float* to) const {
    const std::int64_t first = at_block * block_, taps = parameter_.extents.kernel;
    const kernels::channel_range sources = range(at_block);
    float factors[planned_block];
    for (std::int64_t lane = 0; lane < block_; ++lane)
      factors[lane] = norm.scale == nullptr || first + lane >= to_.channels ? 1.0F : norm.factor(first + lane);
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t i = 0; i < (depthwise_ ? 1 : sources.count); ++i)
        for (std::int64_t lane = 0; lane < block_; ++lane) {
          const std::int64_t result = first + lane, source = depthwise_ ? result : sources.first + i;
          const std::int64_t group = result / to_channels_;
          const bool meets = result < to_.channels && group == source / from_channels_;
          *to++ = meets ? from[place(group, result % to_channels_, source % from_channels_) + tap] * factors[lane] : 0;
        }
  }

  /// The index in the parameter of the first tap from a source channel to a result channel of a group.
  std::int64_t place(std::int64_t group, std::int64_t result, std::int64_t source) const {
    return role_ == convolution_role::forward ? parameter_.offset(group, result, source)
                                              : parameter_.offset(group, source, result);
  }

  kernel kernel_;
  int block_;
  bool depthwise_;  ///< the node's record, never its extents, says which weights the kernel reads
  kernels::blocked_extents from_, to_;
  std::int64_t to_channels_ = 1, from_channels_ = 1;  ///< of a group
  kernels::tap_rows rows_;
  std::unique_ptr<std::int64_t[]> block_weights_;
  std::int64_t bias_offset_ = 0;  ///< behind the weights
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
