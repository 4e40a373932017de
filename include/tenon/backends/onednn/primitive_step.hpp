// SPDX-License-Identifier: Apache-2.0
// A node of the convolution family as a oneDNN primitive, with its packed weights or unpacked weight gradient.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "tenon/backends/kernels/convolution/epilogue.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"
#include "tenon/backends/onednn/descriptor.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/backends/onednn/weights.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Computes by a primitive.
class primitive_step final : public convolution_step {
 public:
  /// Takes the descriptor of the primitive, and the weights' extents in it.
  /// throws: backend_error if oneDNN cannot, or wants more memory than is planned.
  primitive_step(const plan_view& plan, std::int32_t number, kernels::isa set, dnnl_engine_t engine,
                 primitive_descriptor descriptor, const weight_extents& extents)
      : convolution_step(plan, number, set), extents_(extents), descriptor_(std::move(descriptor)) {
    check(dnnl_primitive_create(primitive_.put(), descriptor_.get()), "dnnl_primitive_create", scope());
    make_format();
    place_weights();
    make_arguments(engine);
  }

  std::string implementation() const override { return std::string(onednn::implementation_of(descriptor_, scope())); }

  std::size_t scratchpad_bytes() const override {
    return dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(descriptor_.get(), dnnl_query_scratchpad_md, 0));
  }

  void bind(const memory& memory) override {
    convolution_step::bind(memory);
    for (int i = 0; i < argument_count_; ++i)
      check(dnnl_memory_set_data_handle(objects_[i].get(), address_of(arguments_[i].arg)),
            "dnnl_memory_set_data_handle", scope());
  }

  void pack() const override {
    if (role_ == convolution_role::weight_gradient) return;
    const folded_norm norm = norm_operands();
    pack_weights(floats(values_.weights), parameter_, norm, reinterpret_cast<float*>(packed()), format_);
    if (adds_bias(*node_))
      pack_bias(bias_operand(), norm, reinterpret_cast<float*>(packed() + bias_offset_), channels(),
                planned_channels());
  }

  const_dnnl_memory_desc_t packed_format() const override { return weights_of(descriptor_); }

  void run(dnnl_stream_t stream) const override {
    if (attribute().adds) copy_residual();
    check(dnnl_primitive_execute(primitive_.get(), stream, argument_count_, arguments_), "dnnl_primitive_execute",
          scope());
    if (role_ == convolution_role::forward) apply_result_epilogue();
    if (role_ == convolution_role::weight_gradient) apply_gradient_epilogue();
  }

 private:
  static constexpr int most_arguments = 6;

  void visit_pointers(visitor visit, const void* context) const override {
    for (int i = 0; i < argument_count_; ++i) {
      void* pointer = nullptr;
      check(dnnl_memory_get_data_handle(arguments_[i].memory, &pointer), "dnnl_memory_get_data_handle", scope());
      const int argument = arguments_[i].arg;
      if (argument == rectifier_argument()) continue;
      const pointer_use use = argument == DNNL_ARG_SCRATCHPAD                             ? pointer_use::scratchpad
                              : argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_BIAS ? pointer_use::packed
                                                                                          : pointer_use::value;
      visit(context, use, value_of(argument), static_cast<const std::byte*>(pointer));
    }
    if (attribute().adds) visit(context, pointer_use::value, residual(), address(residual()));
  }

  void make_format() {
    const dnnl_query_t which =
        role_ == convolution_role::weight_gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    format_ = weight_format_of(dnnl_primitive_desc_query_md(descriptor_.get(), which, 0), extents_.groups > 1,
                               described(values_.source).extents.spatial_rank(), extents_, scope());
    bias_offset_ = round_up(format_.bytes, alignment);
  }

  /// Holds what oneDNN wants for the weights against what is planned.
  void place_weights() {
    const std::int64_t bias_bytes = planned_channels() * 4;
    std::int64_t wanted = 0;
    if (role_ == convolution_role::weight_gradient) {
      writes_weights_directly_ = is_contiguous(format_, parameter_);
      if (!writes_weights_directly_) wanted = format_.bytes;
      if (attribute().has_bias && !writes_bias_directly()) wanted = bias_offset_ + bias_bytes;
    } else {
      wanted = adds_bias(*node_) ? bias_offset_ + bias_bytes : format_.bytes;
    }
    require_bytes(wanted);
  }

  void make_arguments(dnnl_engine_t engine) {
    switch (role_) {
      case convolution_role::data_gradient:
        add_argument(DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, engine);
        add_argument(DNNL_ARG_WEIGHTS, dnnl_query_weights_md, engine);
        add_argument(DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, engine);
        break;
      case convolution_role::weight_gradient:
        add_argument(DNNL_ARG_SRC, dnnl_query_src_md, engine);
        add_argument(DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, engine);
        add_argument(DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, engine);
        if (attribute().has_bias) add_argument(DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, engine, 1);
        break;
      case convolution_role::none:
      case convolution_role::forward:
      default:
        add_argument(DNNL_ARG_SRC, dnnl_query_src_md, engine);
        add_argument(DNNL_ARG_WEIGHTS, dnnl_query_weights_md, engine);
        if (primitive_has_epilogue(*node_) && adds_bias(*node_))
          add_argument(DNNL_ARG_BIAS, dnnl_query_weights_md, engine, 1);
        add_argument(DNNL_ARG_DST, dnnl_query_dst_md, engine);
        if (rectifier_argument() >= 0) add_rectifier(engine);
        break;
    }
    if (scratchpad_bytes() > 0) add_argument(DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, engine);
  }

  void add_argument(int argument, dnnl_query_t which, dnnl_engine_t engine, int index = 0) {
    add_argument(argument, dnnl_primitive_desc_query_md(descriptor_.get(), which, index), engine);
  }

  /// The slope of the PReLU that an activation ends in: one number for all channels.
  void add_rectifier(dnnl_engine_t engine) {
    dnnl_dims_t one = {};
    const int rank = described(values_.destination).extents.rank;
    std::fill_n(one, rank, 1);
    memory_descriptor scalar;
    check(dnnl_memory_desc_create_with_tag(scalar.put(), rank, one, dnnl_f32, rank == 4 ? dnnl_abcd : dnnl_abcde),
          "dnnl_memory_desc_create_with_tag", scope());
    add_argument(rectifier_argument(), scalar.get(), engine);
  }

  /// Its argument, or -1 without one.
  int rectifier_argument() const {
    const int position = primitive_has_epilogue(*node_) ? rectifier_position(attribute()) : -1;
    return position < 0 ? -1 : DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_WEIGHTS;
  }

  void add_argument(int argument, const_dnnl_memory_desc_t described, dnnl_engine_t engine) {
    memory_object& object = objects_[argument_count_];
    check(dnnl_memory_create(object.put(), described, engine, DNNL_MEMORY_NONE), "dnnl_memory_create", scope());
    arguments_[argument_count_++] = {argument, object.get()};
  }

  /// oneDNN adds to what the result holds.
  void copy_residual() const {
    const std::byte* from = address(residual());
    std::byte* to = address(values_.destination);
    if (from == to) return;
    const value& result = described(values_.destination);
    const std::int64_t bytes =
        stored_elements(result.extents, layout::blocked, kernels::block_of(isa_)) * size_of(result.type);
    // The last piece may be half of one: a single pixel of a block of 8.
    parallel_for((bytes + 63) / 64, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t last = std::min(bytes, end * 64);
      std::memcpy(to + begin * 64, from + begin * 64, static_cast<std::size_t>(last - begin * 64));
    });
  }

  void apply_result_epilogue() const {
    const activation function = attribute().fused;
    if (primitive_has_epilogue(*node_)) {
      if (!kernels::keeps_zero(function)) kernels::clear_padding(isa_, tensor(values_.destination));
      return;
    }
    if (!adds_bias(*node_) && function == activation::none) return;
    const float* bias = adds_bias(*node_) ? reinterpret_cast<const float*>(packed() + bias_offset_) : nullptr;
    kernels::epilogue(isa_, tensor(values_.destination), bias, function, attribute().slope);
  }

  void apply_gradient_epilogue() const {
    if (!writes_weights_directly_) unpack_weights(floats(workspace()), format_, floats(values_.weights), parameter_);
    if (bias_gradient_value() >= 0 && !writes_bias_directly()) {
      const auto* padded = reinterpret_cast<const float*>(address(workspace()) + bias_offset_);
      std::copy(padded, padded + channels(), floats(bias_gradient_value()));
    }
  }

  /// The value an argument of the primitive is, or -1.
  std::int32_t value_of(int argument) const {
    switch (argument) {
      case DNNL_ARG_SRC:
      case DNNL_ARG_DIFF_SRC:
        return values_.source;
      case DNNL_ARG_DST:
      case DNNL_ARG_DIFF_DST:
        return values_.destination;
      case DNNL_ARG_DIFF_WEIGHTS:
        return writes_weights_directly_ ? values_.weights : workspace();
      case DNNL_ARG_DIFF_BIAS:
        return writes_bias_directly() ? bias_gradient_value() : workspace();
      default:
        return -1;
    }
  }

  std::byte* address_of(int argument) const {
    if (argument == DNNL_ARG_SCRATCHPAD) return memory_.scratchpad;
    if (argument == rectifier_argument()) return reinterpret_cast<std::byte*>(const_cast<float*>(&zero));  // read only
    if (argument == DNNL_ARG_WEIGHTS) return packed();
    if (argument == DNNL_ARG_BIAS) return packed() + bias_offset_;
    const bool behind_weights = argument == DNNL_ARG_DIFF_BIAS && !writes_bias_directly();
    return address(value_of(argument)) + (behind_weights ? bias_offset_ : 0);
  }

  std::int64_t padded_channels() const { return extents_.groups * extents_.out; }
  /// A bias gradient that nobody reads has no place; then the workspace takes it.
  bool writes_bias_directly() const { return channels() == padded_channels() && bias_gradient_value() >= 0; }

  alignas(alignment) static constexpr float zero = 0;
  weight_extents extents_;  ///< the parameter's, or those grown to whole blocks
  weight_format format_;
  std::int64_t bias_offset_ = 0;  ///< behind the weights
  bool writes_weights_directly_ = false;
  primitive_descriptor descriptor_;
  primitive primitive_;
  memory_object objects_[most_arguments];
  dnnl_exec_arg_t arguments_[most_arguments] = {};
  int argument_count_ = 0;
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
