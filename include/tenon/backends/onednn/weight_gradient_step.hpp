// SPDX-License-Identifier: Apache-2.0
// Weight gradients by kernels of ours.
#pragma once

#include <cstdint>

#include "tenon/backends/kernels/convolution/depthwise_weight_gradient.hpp"
#include "tenon/backends/kernels/convolution/direct_weight_gradient.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"
#include "tenon/backends/onednn/needs.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The gradient of weights of any groups. A template, as the kernels that it calls, for programs that have none.
template <needs Needs>
class weight_gradient_step final : public convolution_step {
 public:
  weight_gradient_step(const plan_view& plan, std::int32_t number, kernels::isa set)
      : convolution_step(plan, number, set) {}

  void run(dnnl_stream_t) const override {
    const bool transposed = is_transposed(node_->op);
    const operand source = tensor(values_.source), destination = tensor(values_.destination);
    kernels::direct_weight_gradient(isa_, attribute(), transposed ? destination : source,
                                    transposed ? source : destination, floats(values_.weights));
    if (bias_gradient_value() >= 0) kernels::bias_gradient(isa_, destination, floats(bias_gradient_value()));
  }

 private:
  // It needs no workspace, whether or not one is planned.
  void visit_pointers(visitor visit, const void* context) const override {
    for (const std::int32_t number : {values_.source, values_.destination, values_.weights, bias_gradient_value()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
  }
};

/// The gradient of a depthwise convolution's weights, or of a transposed one's. A template likewise.
template <needs Needs>
class depthwise_gradient_step final : public convolution_step {
 public:
  depthwise_gradient_step(const plan_view& plan, std::int32_t number, kernels::isa set)
      : convolution_step(plan, number, set), rows_(dimension(2)) {
    const shape& grid = described(this->grid()).extents;
    const std::int64_t rows = grid.batch() * grid.spatial(0) * grid.spatial(1);
    parts_ = kernels::depthwise_gradient_parts(grid.channels(), rows);
    require_bytes(4 * kernels::depthwise_gradient_sums(grid.channels(), rows, parameter_.extents.kernel));
  }

  void run(dnnl_stream_t) const override {
    const int block = kernels::block_of(isa_);
    kernels::depthwise_gradient(
        isa_, {floats(image()), floats(grid()), floats(values_.destination), floats(workspace()),
               floats(values_.weights), bias_gradient_value() < 0 ? nullptr : floats(bias_gradient_value()),
               kernels::blocked_extents(described(image()).extents, block),
               kernels::blocked_extents(described(grid()).extents, block),
               kernels::blocked_extents(described(values_.destination).extents, block), dimension(0), dimension(1),
               &rows_, parts_});
  }

 private:
  std::int32_t image() const { return is_transposed(node_->op) ? values_.destination : values_.source; }
  std::int32_t grid() const { return is_transposed(node_->op) ? values_.source : values_.destination; }
  kernels::tap_dimension dimension(int i) const {
    return {attribute(), described(image()).extents, described(grid()).extents, i, true};
  }

  kernels::tap_rows rows_;
  std::int64_t parts_ = 1;
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
