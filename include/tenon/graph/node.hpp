// SPDX-License-Identifier: Apache-2.0
// Nodes, values and attributes: the records of the intermediate representation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/element_type.hpp"
#include "tenon/core/shape.hpp"
#include "tenon/graph/operation_lookup.hpp"

namespace tenon {
inline namespace v0 {

/// Consecutive elements of one of a graph's pools.
struct range {
  std::int32_t begin = 0;
  std::int32_t count = 0;

  constexpr std::int32_t operator[](int i) const { return begin + i; }
};

/// A function of one element. With attributes.slope: leaky_relu x > 0 ? x : slope x; elu x > 0 ? x : slope (e^x - 1).
/// relu6 is min(max(x, 0), 6), hard_sigmoid relu6(x + 3) / 6, hard_swish x relu6(x + 3) / 6.
enum class activation : std::uint8_t {
  none,
  relu,
  leaky_relu,
  relu6,
  elu,
  sigmoid,
  hard_sigmoid,
  hard_swish,
};

/// The name of a function, as reports and tests print it.
constexpr std::string_view name_of(activation function) {
  switch (function) {
    case activation::none:
      return "none";
    case activation::relu:
      return "relu";
    case activation::leaky_relu:
      return "leaky_relu";
    case activation::relu6:
      return "relu6";
    case activation::elu:
      return "elu";
    case activation::sigmoid:
      return "sigmoid";
    case activation::hard_sigmoid:
      return "hard_sigmoid";
    case activation::hard_swish:
      return "hard_swish";
  }
  return {};
}

/// Whether the gradient follows from the function's result alone.
constexpr bool has_gradient_from_result(activation function) { return function != activation::hard_swish; }

enum class interpolation : std::uint8_t { nearest, linear, linear_align_corners };
/// How a parameter gets its first values. Fans count as in PyTorch: extent 1 times the kernel in, extent 0 times it
/// out. bilinear: each channel is enlarged by itself, linearly (a transposed convolution's weights). quarter: 0.25, a
/// PReLU's slopes.
enum class initializer : std::uint8_t {
  zeros,
  ones,
  he_normal,
  he_uniform,
  xavier_normal,
  xavier_uniform,
  bilinear,
  quarter
};

/// Depth, height, width; a 2-D node has 1 (kernel, stride, dilation) or 0 (padding) for depth.
struct extent3 {
  std::int32_t extents[3]{};  // no std::array, whose operator takes several calls while compiling

  constexpr std::int32_t operator[](std::size_t i) const { return extents[i]; }
  constexpr std::int32_t& operator[](std::size_t i) { return extents[i]; }
  constexpr const std::int32_t* begin() const { return extents; }
  constexpr const std::int32_t* end() const { return extents + 3; }
  friend constexpr bool operator==(const extent3&, const extent3&) = default;
};

/// What else an operation needs to know; each operation reads its own part.
struct attributes {
  extent3 kernel{1, 1, 1};
  extent3 stride{1, 1, 1};
  extent3 dilation{1, 1, 1};
  extent3 padding_begin{0, 0, 0};
  extent3 padding_end{0, 0, 0};
  std::int32_t groups = 1;
  std::int32_t index = 0;  ///< what the list of operations says: which input, the first channel, ...
  std::int32_t part = 0;
  activation fused = activation::none;  ///< applied to the result
  bool has_bias = false;
  bool folds_norm = false;
  bool adds = false;           ///< the last operand is a residual, of the result's shape, added before the activation
  bool has_scale = true;       ///< of a group norm: whether it has scale and shift; of the gradient of a batch norm by
                               ///< given statistics: whether theirs are made
  bool has_factor = false;     ///< of an update
  bool channelwise = false;    ///< of a dropout
  bool counts_padding = true;  ///< of an average pooling
  bool nesterov = false;
  bool decoupled = false;  ///< weight decay as AdamW has it
  bool has_ignored = false;
  bool trainable = true;       ///< of a parameter; of a running statistic: whether it follows the batches
  bool has_workspace = false;  ///< the last result is scratch memory for this node alone
  initializer initial = initializer::zeros;
  enum interpolation interpolation = interpolation::nearest;
  std::int32_t ignored = 0;  ///< the label that does not count, if has_ignored
  range class_weights{};     ///< in the graph's reals; none: all 1
  double epsilon = 0;        ///< of a norm or of Adam
  double momentum = 0;       ///< of SGD, or the share of the new value in running statistics (PyTorch's convention)
  double scale = 1;          ///< of a loss, or of a variance that running statistics take
  double slope = 0;          ///< of an activation: what its formula says
  double rate = 0;           ///< of a dropout: the share that becomes 0
  double learning_rate_factor = 1;  ///< of a parameter and its update
  double weight_decay = 0;
  double clip = 0;  ///< of an update the greatest size of a gradient's element, of a clip_norm of their norm; 0: any
  double beta1 = 0;
  double beta2 = 0;
};

/// The algorithm that a backend has selected for a node, with its memory and its estimated cost: set by lay_out, read
/// by the planner and the programs.
struct selection {
  std::uint8_t algorithm = 0;     ///< the backend's own numbers; capabilities::name_of tells the name
  std::int64_t packed_bytes = 0;  ///< of the weights and the bias in the order in which it reads them; 0: as they are
  std::int64_t workspace_bytes = 0;  ///< of scratch memory that it needs while it runs
  std::int64_t cost = 0;             ///< an estimate of its time, in multiply-accumulates of a good dense convolution

  friend constexpr bool operator==(const selection&, const selection&) = default;
};

/// One operation of a graph in static single assignment form. Ranges are into the graph's pools: operands into
/// `operands`, whose elements are value numbers; results are consecutive values; the scope is text.
struct node {
  operation op = operation::input;
  range operands;
  range results;
  range scope;
  attributes attribute;
  selection computed_by;
};

/// Whether a node has the operand or the result of a slot; of a repeated one there may be any number.
constexpr bool has(const attributes& of, presence when) {
  switch (when) {
    case presence::with_bias:
      return of.has_bias;
    case presence::with_norm:
      return of.folds_norm;
    case presence::with_scale:
      return of.has_scale;
    case presence::with_residual:
      return of.adds;
    case presence::with_factor:
      return of.has_factor;
    case presence::always:
    case presence::repeated:
    default:
      return true;
  }
}

/// The slot of the i-th operand or result among those that an operation may have, as its attributes say; behind the
/// last one of role::none. Cost: i.
constexpr slot slot_at(const slot* slots, int most, const attributes& attribute, int i) {
  for (const slot* at = slots; at != slots + most && at->is != role::none; ++at) {
    if (at->when > presence::repeated && !has(attribute, at->when)) continue;
    if (i-- == 0 || at->when == presence::repeated) return *at;
  }
  return {};
}
/// The role of the i-th operand.
constexpr role operand_role(const node& of, int i) {
  const int number = static_cast<int>(of.op);
  if (i < table::by_operation.fixed_operands[number]) return table::by_operation.fixed_roles[number][i];
  return slot_at(traits_of(of.op).operands, operation_traits::most_operands, of.attribute, i).is;
}
/// Whether the first result may lie over the i-th operand where the backend can work in place.
constexpr bool may_overwrite(const node& of, int i) {
  const int number = static_cast<int>(of.op);
  if (i < table::by_operation.fixed_operands[number]) return (table::by_operation.overwritten[number] >> i & 1) != 0;
  return slot_at(traits_of(of.op).operands, operation_traits::most_operands, of.attribute, i).may_be_overwritten;
}
/// A node's workspace has none.
constexpr slot result_slot(const node& of, int i) {
  return slot_at(traits_of(of.op).results, operation_traits::most_results, of.attribute, i);
}

/// The position of the first slot of a role among those that a node has, or -1. Cost: slots.
constexpr std::int32_t position_of(const slot* slots, int most, const attributes& attribute, role wanted) {
  std::int32_t i = 0;
  for (const slot* at = slots; at != slots + most && at->is != role::none; ++at) {
    if (at->when > presence::repeated && !has(attribute, at->when)) continue;
    if (at->is == wanted) return i;
    ++i;
  }
  return -1;
}
/// The number of the first operand that has a role in a node of this operation and these attributes, or -1.
constexpr std::int32_t operand_index(operation op, const attributes& attribute, role wanted) {
  // Passes ask every node for a residual, which stands behind all others, and few have one.
  if (wanted == role::residual && !attribute.adds) return -1;
  return position_of(traits_of(op).operands, operation_traits::most_operands, attribute, wanted);
}
constexpr std::int32_t operand_index(const node& of, role wanted) { return operand_index(of.op, of.attribute, wanted); }
/// The position of a role that stands in one place wherever it stands: what is before it every node has, or every node
/// that has it. For constants.
constexpr std::int32_t fixed_position(const slot* slots, role wanted) {
  std::int32_t i = 0;
  while (slots[i].is != wanted) {
    if (slots[i++].is == role::none) throw "the operation has no such operand or result";
  }
  for (const slot* before = slots; before != slots + i; ++before) {
    if (before->when != presence::always && before->when != slots[i].when) throw "it stands in several places";
  }
  return i;
}
/// The number of an operand that stands in one place, as a constant: for code that is hot while compiling.
template <operation Op, role Role>
inline constexpr std::int32_t fixed_operand = fixed_position(traits_of(Op).operands, Role);
/// The number of a result that does.
template <operation Op, role Role>
inline constexpr std::int32_t fixed_result = fixed_position(traits_of(Op).results, Role);

/// The number of the first result that has a role in a node, or -1.
constexpr std::int32_t result_index(const node& of, role wanted) {
  return position_of(traits_of(of.op).results, operation_traits::most_results, of.attribute, wanted);
}

/// Whether nodes of an operation may add another value to their result.
constexpr bool may_have_residual(operation op) {
  attributes with;
  with.adds = true;
  return operand_index(op, with, role::residual) >= 0;
}

/// A tensor: made once, by its producer.
struct value {
  shape extents;
  element_type type = element_type::float32;
  layout arrangement = layout::contiguous;
  std::int32_t producer = 0;
};

}  // namespace v0
}  // namespace tenon
