// SPDX-License-Identifier: Apache-2.0
// What is wrong with a network, as a value: it becomes a compile error or an exception at the front door.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/core/language.hpp"
#include "tenon/graph/operation_traits.hpp"

namespace tenon {
inline namespace v0 {

/// What can be wrong with a network. Each names what the two numbers of its diagnostic are.
enum class problem : std::uint8_t {
  none,
  channels_differ,       ///< add, multiply: channels of the first and of the other operand
  sizes_differ,          ///< add, multiply, concat: extents along the first spatial dimension that differs
  batch_differs,         ///< add, multiply, concat: batches of the operands
  ranks_differ,          ///< a 2-D layer on a 3-D value or the reverse: spatial dimensions of layer and value
  groups_do_not_divide,  ///< channels, groups
  split_sizes_differ,    ///< channels, the sum of the sizes
  norm_groups_do_not_divide_use_nearest,  ///< channels, groups; group_norm<nearest<N>> takes the divisor nearest to N
  kernel_exceeds_padded_input,            ///< kernel (with dilation), padded input extent
  name_used_twice,                        ///< how often it may be used (1), how often it was
  number_is_negative,                     ///< a number behind a name: the least (0), the one given
  shared_shape_differs,  ///< parameter of a shared part: the first extent that differs, at its first and at this use
  selects_nothing,       ///< a name that a selection (frozen, ...) needs: how often it has to be (1), how often it is
  no_output,             ///< outputs needed (1), outputs given
  losses_differ_from_outputs,  ///< losses, outputs
  class_weights_differ,        ///< class weights, channels of the output
  targets_differ,              ///< loss on a value of the wrong kind: expected, found
  not_positive,                ///< a hyper-parameter's least value, the value given
  result_is_empty,             ///< transposed convolution: the least extent (1), what the result's would be
  output_padding_too_great,    ///< the greater of stride and dilation, which it must stay below; output padding
  extent_too_great,            ///< the greatest extent that can be counted with, the extent
  too_many_bytes,              ///< the most bytes of all values and parameters together, the bytes up to this one
  too_many_macs,               ///< the most multiply-accumulates, those up to this layer
  has_no_gradient,             ///< an operation behind trained parameters: the gradients it needs (1), those there are
};

/// The first problem of a network; scope is a range of the graph's text, hints are up to three texts behind one another
/// in it: which call it is, what its values come from, what to write instead (see graph/hints.hpp). `of` is the
/// operation where it is that which is wrong.
struct diagnostic {
  enum problem kind = problem::none;
  std::int32_t scope_begin = 0, scope_count = 0;
  std::int64_t expected = 0, found = 0;
  std::int32_t values[2]{-1, -1};  ///< of which it was said, where the problem is one of values that meet
  std::int32_t hints_begin = 0, hint_lengths[3]{};
  operation of = operation::input;

  constexpr explicit operator bool() const { return kind != problem::none; }
};

/// The sentence for an exception; the compile error prints the enumerator itself.
constexpr std::string_view sentence_of(problem kind) {
  switch (kind) {
    case problem::none:
      return "nothing is wrong";
    case problem::channels_differ:
      return "the channels differ";
    case problem::sizes_differ:
      return "the sizes differ";
    case problem::batch_differs:
      return "the batches differ";
    case problem::ranks_differ:
      return "the numbers of spatial dimensions differ";
    case problem::groups_do_not_divide:
      return "the groups do not divide the channels";
    case problem::split_sizes_differ:
      return "the sizes of a split do not sum to the channels";
    case problem::norm_groups_do_not_divide_use_nearest:
      return "the norm's groups do not divide the channels; group_norm<nearest<N>> takes the divisor nearest to N";
    case problem::kernel_exceeds_padded_input:
      return "the kernel is larger than the padded input";
    case problem::name_used_twice:
      return "a name is used for two things";
    case problem::number_is_negative:
      return "the number behind a name is negative";
    case problem::shared_shape_differs:
      return "a shared part is used with another shape";
    case problem::selects_nothing:
      return "nothing has the selected name";
    case problem::no_output:
      return "the description returns no value";
    case problem::losses_differ_from_outputs:
      return "there is not one loss an output";
    case problem::class_weights_differ:
      return "there is not one class weight a channel";
    case problem::targets_differ:
      return "the loss does not fit the output";
    case problem::not_positive:
      return "a hyper-parameter is too small";
    case problem::result_is_empty:
      return "the result would be empty";
    case problem::output_padding_too_great:
      return "the output padding is not below stride or dilation";
    case problem::extent_too_great:
      return "an extent is too great to be counted with";
    case problem::too_many_bytes:
      return "the bytes of all values up to here are too many to be counted with";
    case problem::too_many_macs:
      return "the multiply-accumulates up to here are too many to be counted with";
    case problem::has_no_gradient:
      return "parameters stand before an operation that has no gradient";
  }
  return "";
}

}  // namespace v0
}  // namespace tenon
