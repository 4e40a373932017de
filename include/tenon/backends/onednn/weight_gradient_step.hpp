// SPDX-License-Identifier: Apache-2.0
// Weight gradients by kernels of ours.
#pragma once

#include <string>

#include "tenon/backends/onednn/convolution_step.hpp"
#include "tenon/backends/onednn/weight_gradient.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The gradient of a dense convolution's weights.
class weight_gradient_step final : public convolution_step {
 public:
  weight_gradient_step(const plan_view& plan, std::int32_t number, kernels::isa set)
      : convolution_step(plan, number, set) {}

  std::string implementation() const override { return "kernels:" + std::string(kernels::name_of(isa_)); }

  void run(dnnl_stream_t) const override {
    const bool transposed = is_transposed(node_->op);
    const operand source = tensor(values_.source), destination = tensor(values_.destination);
    weight_gradient(isa_, attribute(), transposed ? destination : source, transposed ? source : destination,
                    floats(values_.weights));
    if (bias_gradient_value() >= 0) bias_gradient(isa_, destination, floats(bias_gradient_value()));
  }

 private:
  void visit_pointers(visitor visit, const void* context) const override {
    for (const std::int32_t number : {values_.source, values_.destination, values_.weights, bias_gradient_value()})
      if (number >= 0) visit(context, pointer_use::value, number, address(number));
  }
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
