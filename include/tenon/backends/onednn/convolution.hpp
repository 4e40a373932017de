// SPDX-License-Identifier: Apache-2.0
// A node of the convolution family as a oneDNN primitive, with its packed weights or unpacked weight gradient.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/backends/kernels/isa.hpp"
#include "tenon/backends/onednn/bias.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/descriptor.hpp"
#include "tenon/backends/onednn/geometry.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/backends/onednn/weight_gradient.hpp"
#include "tenon/backends/onednn/weights.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// What a pointer told by for_each_pointer is for.
enum class pointer_use : std::uint8_t { value, packed, scratchpad };

/// Convolutions, transposed convolutions and their gradients. Made once; bound to memory; then packed and run at will
/// without an allocation of ours.
class convolution_step {
 public:
  /// Makes the primitive of node `number`.
  /// throws: backend_error if oneDNN cannot, or wants more memory than is planned.
  convolution_step(const plan_view& plan, std::int32_t number, dnnl_engine_t engine, kernels::isa set)
      : plan_(&plan), node_(&plan.graph.node_at(number)), scope_(plan.graph.text(node_->scope)), isa_(set) {
    choose_implementation(engine, kernels::block_of(set));
    if (uses_kernel_) return;
    check(dnnl_primitive_create(primitive_.put(), descriptor_.get()), "dnnl_primitive_create", scope_);
    make_format();
    place_weights(number);
    make_arguments(engine);
  }
  // The primitive's arguments point into the object.
  convolution_step(const convolution_step&) = delete;
  convolution_step& operator=(const convolution_step&) = delete;

  /// oneDNN's name of the implementation, or "kernels:avx512" and so on for one of ours.
  std::string implementation() const {
    if (uses_kernel_) return "kernels:" + std::string(kernels::name_of(isa_));
    return std::string(onednn::implementation_of(descriptor_, scope_));
  }

  std::size_t scratchpad_bytes() const {
    if (uses_kernel_) return 0;
    return dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(descriptor_.get(), dnnl_query_scratchpad_md, 0));
  }

  /// Sets every pointer the primitive works on.
  void bind(const memory& memory) {
    memory_ = memory;
    for (int i = 0; i < argument_count_; ++i)
      check(dnnl_memory_set_data_handle(objects_[i].get(), address_of(arguments_[i].arg)),
            "dnnl_memory_set_data_handle", scope_);
  }

  /// Brings the weights and the bias into the primitive's layout, a norm folded in.
  void pack() const {
    if (role_ == convolution_role::weight_gradient) return;
    const convolution_values values = convolution_values_of(plan_->graph, *node_);
    folded_norm norm;
    int next = 2;
    const float* bias = nullptr;
    if (role_ == convolution_role::forward && node_->attribute.has_bias)
      bias = floats(plan_->graph.operand(*node_, next++));
    if (role_ == convolution_role::forward && node_->attribute.folds_norm) {
      norm.scale = floats(plan_->graph.operand(*node_, next));
      norm.shift = floats(plan_->graph.operand(*node_, next + 1));
      norm.mean = floats(plan_->graph.operand(*node_, next + 2));
      norm.variance = floats(plan_->graph.operand(*node_, next + 3));
      norm.epsilon = node_->attribute.epsilon;
    }
    std::byte* to = memory_.packed + packed_;
    pack_weights(floats(values.weights), plain_, norm, reinterpret_cast<float*>(to), format_);
    if (adds_bias(*node_))
      pack_bias(bias, norm, reinterpret_cast<float*>(to + bias_offset_), channels(), planned_channels());
  }

  void run(dnnl_stream_t stream) const {
    if (uses_kernel_) return run_kernel();
    check(dnnl_primitive_execute(primitive_.get(), stream, argument_count_, arguments_), "dnnl_primitive_execute",
          scope_);
    if (role_ == convolution_role::forward) finish_result();
    if (role_ == convolution_role::weight_gradient) finish_gradient();
  }

  /// Calls visit(pointer_use, value, pointer) for each memory of the primitive, the pointer as oneDNN holds it; value
  /// is -1 where the memory is no value's.
  template <class Visit>
  void for_each_pointer(const Visit& visit) const {
    if (uses_kernel_) {
      const convolution_values values = convolution_values_of(plan_->graph, *node_);
      for (const std::int32_t number : {values.source, values.destination, values.weights})
        visit(pointer_use::value, number, static_cast<const std::byte*>(address(number)));
      if (node_->attribute.has_bias)
        visit(pointer_use::value, node_->results[1], static_cast<const std::byte*>(address(node_->results[1])));
    }
    for (int i = 0; i < argument_count_; ++i) {
      void* pointer = nullptr;
      check(dnnl_memory_get_data_handle(arguments_[i].memory, &pointer), "dnnl_memory_get_data_handle", scope_);
      const int argument = arguments_[i].arg;
      const pointer_use use = argument == DNNL_ARG_SCRATCHPAD                             ? pointer_use::scratchpad
                              : argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_BIAS ? pointer_use::packed
                                                                                          : pointer_use::value;
      visit(use, value_of(argument), static_cast<const std::byte*>(pointer));
    }
  }

 private:
  static constexpr int most_arguments = 5;

  /// Lets oneDNN choose, for channels in whole blocks where that is possible.
  void choose_implementation(dnnl_engine_t engine, int block) {
    const graph_view& graph = plan_->graph;
    const convolution_values values = convolution_values_of(graph, *node_);
    plain_.extents = weight_extents_of(graph, *node_);
    plain_.transposed = is_transposed(node_->op);
    extents_ = whole_blocks(plain_.extents, block, graph.value_at(values.source).arrangement == layout::blocked,
                            graph.value_at(values.destination).arrangement == layout::blocked);
    descriptor_ = convolution_description(engine, graph, *node_, extents_, block, scope_).make();
    role_ = role_of(node_->op);
    if (role_ != convolution_role::weight_gradient) return;
    const bool is_slow = onednn::implementation_of(descriptor_, scope_).find("ref:") != std::string_view::npos;
    const window_values window = window_values_of(values);
    uses_kernel_ =
        is_slow && has_weight_gradient(node_->attribute, graph.value_at(window.image), graph.value_at(window.grid));
    if (uses_kernel_) descriptor_ = {};
  }

  /// The sides of a weight gradient as our kernel names them.
  struct window_values {
    std::int32_t image, grid;
  };
  window_values window_values_of(const convolution_values& values) const {
    if (is_transposed(node_->op)) return {values.destination, values.source};
    return {values.source, values.destination};
  }

  void run_kernel() const {
    const convolution_values values = convolution_values_of(plan_->graph, *node_);
    const window_values window = window_values_of(values);
    const attributes& attribute = node_->attribute;
    weight_gradient(isa_, attribute, operand_of(*plan_, window.image, memory_),
                    operand_of(*plan_, window.grid, memory_), floats(values.weights));
    if (attribute.has_bias && address(node_->results[1]) != nullptr)
      bias_gradient(isa_, operand_of(*plan_, values.destination, memory_), floats(node_->results[1]));
  }

  void make_format() {
    const dnnl_query_t which =
        role_ == convolution_role::weight_gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    const convolution_values values = convolution_values_of(plan_->graph, *node_);
    format_ = weight_format_of(dnnl_primitive_desc_query_md(descriptor_.get(), which, 0), extents_.groups > 1,
                               plan_->graph.value_at(values.source).extents.spatial_rank(), extents_, scope_);
    bias_offset_ = round_up(format_.bytes, 64);
  }

  /// Finds the weights' place in the plan and holds its size against what oneDNN wants.
  void place_weights(std::int32_t number) {
    const std::int64_t bias_bytes = planned_channels() * 4;
    std::int64_t wanted = 0, planned = 0;
    if (role_ == convolution_role::weight_gradient) {
      writes_weights_directly_ = is_plain(format_, plain_);
      if (!writes_weights_directly_) wanted = format_.bytes;
      if (node_->attribute.has_bias && !writes_bias_directly()) wanted = bias_offset_ + bias_bytes;
      if (node_->attribute.has_workspace)
        planned = plan_->placements[static_cast<std::size_t>(workspace_value())].bytes;
    } else {
      packed_ = plan_->packed[static_cast<std::size_t>(number)];
      wanted = adds_bias(*node_) ? bias_offset_ + bias_bytes : format_.bytes;
      if (packed_ >= 0) planned = capabilities::packed_bytes(plan_->graph, *node_);
    }
    if (wanted > planned)
      throw backend_error("oneDNN's weights of '" + std::string(scope_) + "' (" + std::string(implementation()) +
                              ") take " + std::to_string(wanted) + " bytes, planned are " + std::to_string(planned),
                          std::string(scope_), std::to_string(planned), std::to_string(wanted));
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
        if (node_->attribute.has_bias) add_argument(DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, engine, 1);
        break;
      default:
        add_argument(DNNL_ARG_SRC, dnnl_query_src_md, engine);
        add_argument(DNNL_ARG_WEIGHTS, dnnl_query_weights_md, engine);
        if (primitive_finishes(*node_) && adds_bias(*node_))
          add_argument(DNNL_ARG_BIAS, dnnl_query_weights_md, engine, 1);
        add_argument(DNNL_ARG_DST, dnnl_query_dst_md, engine);
        break;
    }
    if (scratchpad_bytes() > 0) add_argument(DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, engine);
  }

  void add_argument(int argument, dnnl_query_t which, dnnl_engine_t engine, int index = 0) {
    const const_dnnl_memory_desc_t described = dnnl_primitive_desc_query_md(descriptor_.get(), which, index);
    memory_object& object = objects_[argument_count_];
    check(dnnl_memory_create(object.put(), described, engine, DNNL_MEMORY_NONE), "dnnl_memory_create", scope_);
    arguments_[argument_count_++] = {argument, object.get()};
  }

  void finish_result() const {
    const bool rectifies = node_->attribute.fused == activation::relu;
    if (primitive_finishes(*node_) || (!adds_bias(*node_) && !rectifies)) return;
    const float* bias =
        adds_bias(*node_) ? reinterpret_cast<const float*>(memory_.packed + packed_ + bias_offset_) : nullptr;
    add_bias(isa_, operand_of(*plan_, node_->results[0], memory_), bias, rectifies);
  }

  void finish_gradient() const {
    if (!writes_weights_directly_)
      unpack_weights(reinterpret_cast<const float*>(workspace()), format_, floats(node_->results[0]), plain_);
    if (node_->attribute.has_bias && !writes_bias_directly() && bias_has_place()) {
      const auto* padded = reinterpret_cast<const float*>(workspace() + bias_offset_);
      std::copy(padded, padded + channels(), floats(node_->results[1]));
    }
  }

  /// The value an argument of the primitive is, or -1.
  std::int32_t value_of(int argument) const {
    const convolution_values values = convolution_values_of(plan_->graph, *node_);
    switch (argument) {
      case DNNL_ARG_SRC:
      case DNNL_ARG_DIFF_SRC:
        return values.source;
      case DNNL_ARG_DST:
      case DNNL_ARG_DIFF_DST:
        return values.destination;
      case DNNL_ARG_DIFF_WEIGHTS:
        return writes_weights_directly_ ? values.weights : workspace_value();
      case DNNL_ARG_DIFF_BIAS:
        return writes_bias_directly() ? node_->results[1] : workspace_value();
      default:
        return -1;
    }
  }

  std::byte* address_of(int argument) const {
    if (argument == DNNL_ARG_SCRATCHPAD) return memory_.scratchpad;
    if (argument == DNNL_ARG_WEIGHTS) return memory_.packed + packed_;
    if (argument == DNNL_ARG_BIAS) return memory_.packed + packed_ + bias_offset_;
    const bool behind_weights = argument == DNNL_ARG_DIFF_BIAS && !writes_bias_directly();
    return address(value_of(argument)) + (behind_weights ? bias_offset_ : 0);
  }

  std::byte* address(std::int32_t value) const { return operand_of(*plan_, value, memory_).data; }
  float* floats(std::int32_t value) const { return reinterpret_cast<float*>(address(value)); }
  std::int32_t workspace_value() const { return node_->results[node_->results.count - 1]; }
  std::byte* workspace() const { return address(workspace_value()); }

  std::int64_t channels() const { return plain_.extents.groups * plain_.extents.out; }
  std::int64_t padded_channels() const { return extents_.groups * extents_.out; }
  std::int64_t planned_channels() const { return round_up(channels(), planned_block); }
  /// A bias gradient that nobody reads has no place; then the workspace takes it.
  bool bias_has_place() const {
    return plan_->placements[static_cast<std::size_t>(node_->results[1])].space != memory_space::none;
  }
  bool writes_bias_directly() const { return channels() == padded_channels() && bias_has_place(); }

  const plan_view* plan_;
  const node* node_;
  std::string_view scope_;
  kernels::isa isa_;
  plain_weights plain_;
  weight_extents extents_;  ///< plain_.extents, or those grown to whole blocks
  weight_format format_;
  convolution_role role_ = convolution_role::none;
  std::int64_t packed_ = -1;
  std::int64_t bias_offset_ = 0;  ///< behind the weights
  bool writes_weights_directly_ = false;
  bool uses_kernel_ = false;  ///< instead of a primitive
  memory memory_;
  primitive_descriptor descriptor_;
  primitive primitive_;
  memory_object objects_[most_arguments];
  dnnl_exec_arg_t arguments_[most_arguments] = {};
  int argument_count_ = 0;
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
