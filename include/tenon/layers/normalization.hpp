// SPDX-License-Identifier: Apache-2.0
// batch_norm, group_norm, instance_norm.
#pragma once

#include <array>
#include <concepts>
#include <type_traits>

#include "tenon/graph/operand_list.hpp"
#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"
#include "tenon/layers/resize.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Batch normalisation (Ioffe and Szegedy 2015), one mean and variance a channel, of any rank.
///
/// In training the batch's own statistics normalise and the running ones follow them; in inference the running ones do.
/// Over one value a channel (a 1 x 1 map of batch 1) training too uses the running statistics, and leaves them; where
/// another call of a shared norm moves them, it uses those from before the step. A norm whose result nobody uses is not
/// computed, and its running statistics stay.
/// shapes: x -> the same
/// parameters: weight (C), bias (C)
/// buffers: running_mean (C), running_var (C, unbiased as PyTorch's), num_batches_tracked
/// MACs: none
/// saved for the backward pass: its input, and the batch's mean and variance
/// options: epsilon<1e-5>, running_share<0.1>, running_statistics (by which training normalises too; they stay)
/// problems: none
/// example: conv2d<8, kernel<3>, no_bias>{} >> batch_norm<epsilon<1e-3>>{}
template <batch_norm_option... Options>
struct batch_norm : layer<batch_norm<Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr batch_norm_options options = collect<batch_norm_options, Options...>();
    builder& to = *x.to;
    const shape channels(x.channels());
    const std::array<std::int32_t, 5> operands{x.number, to.parameter("weight", channels, initializer::ones),
                                               to.parameter("bias", channels, initializer::zeros),
                                               to.buffer("running_mean", channels, initializer::zeros, options.follows),
                                               to.buffer("running_var", channels, initializer::ones, options.follows)};
    attributes attribute;
    attribute.epsilon = options.epsilon;
    attribute.momentum = options.momentum;
    return to.make(operation::batch_norm, operands, attribute, x.extents());
  }
};

/// The divisor of `channels` nearest to `wanted`; of two equally near the greater: of 728 nearest to 32 it is 28.
/// requires: both are positive
constexpr std::int32_t nearest_divisor(std::int32_t channels, std::int32_t wanted) {
  if (wanted >= channels) return channels;
  for (std::int32_t distance = 0;; ++distance) {
    if (channels % (wanted + distance) == 0) return wanted + distance;
    if (wanted > distance && channels % (wanted - distance) == 0) return wanted - distance;
  }
}

/// How many groups a norm of so many channels has, given a number or nearest<N>.
constexpr std::int32_t norm_groups(std::integral auto given, std::int32_t) {
  return shape::clamp(static_cast<std::int64_t>(given));
}
template <int Wanted>
constexpr std::int32_t norm_groups(nearest_option<Wanted>, std::int32_t channels) {
  static_assert(Wanted >= 1, "group_norm<nearest<N>> needs N");
  return nearest_divisor(channels, Wanted);
}

/// Appends a norm over `groups` groups of channels of each image.
constexpr symbol append_group_norm(symbol x, std::int32_t groups, const group_norm_options& options) {
  builder& to = *x.to;
  const shape channels(x.channels()), statistics(x.extents().batch(), groups);
  attributes attribute;
  attribute.groups = groups;
  attribute.has_scale = options.affine;
  attribute.epsilon = options.epsilon;
  operand_list operands(operation::group_norm, attribute);
  operands.set(role::activation, x.number);
  if (options.affine) {
    operands.set(role::scale, to.parameter("weight", channels, initializer::ones));
    operands.set(role::shift, to.parameter("bias", channels, initializer::zeros));
  }
  const symbol y = to.make(operation::group_norm, operands.view(), attribute, x.extents());
  to.graph.add_result(statistics);
  to.graph.add_result(statistics);
  return y;
}

/// Group normalisation (Wu and He 2018), of any rank: one mean and variance for each group of channels of each image,
/// in training and in inference. `Groups` is their number, which has to divide the channels, or nearest<N>: the divisor
/// of the channels nearest to N, of two the greater.
///
/// shapes: x -> the same
/// parameters: weight (C), bias (C) unless no_affine
/// MACs: none
/// saved for the backward pass: its input, and the groups' means and variances
/// options: epsilon<1e-5>, no_affine
/// problems: norm_groups_do_not_divide_use_nearest
/// example: conv2d<48, kernel<3>, no_bias>{} >> group_norm<nearest<32>>{}
template <auto Groups, group_norm_option... Options>
struct group_norm : layer<group_norm<Groups, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    const std::int32_t groups = norm_groups(Groups, x.channels());
    if (groups < 1 || x.channels() % groups != 0) {
      x.to->report(problem::norm_groups_do_not_divide_use_nearest, x.channels(), groups);
    }
    if (groups < 1) return x;
    return append_group_norm(x, groups, collect<group_norm_options, Options...>());
  }
};

/// Instance normalisation (Ulyanov et al. 2016), of any rank: one mean and variance for each channel of each image, in
/// training and in inference. As in PyTorch it has no parameters unless `affine` is given; it keeps no running
/// statistics.
///
/// shapes: x -> the same
/// parameters: none; weight (C), bias (C) with affine
/// MACs: none
/// saved for the backward pass: its input, and the channels' means and variances
/// options: epsilon<1e-5>, affine
/// problems: none
/// example: conv3d<8, kernel<3>>{} >> instance_norm<affine>{}
template <group_norm_option... Options>
struct instance_norm : layer<instance_norm<Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    return append_group_norm(x, x.channels(), collect<instance_norm_options, Options...>());
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
