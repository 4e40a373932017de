// SPDX-License-Identifier: Apache-2.0
// The vocabulary on one page. Each layer's own header has its shape rule, parameters, MACs and problems.
#pragma once

// Options: kernel<3>, stride<2>, dilation<2>, padding<0>, output_padding<1>, groups<8>, no_bias; epsilon<1e-3>,
// running_share<0.1>, running_statistics; he_normal, he_uniform, xavier_normal, xavier_uniform, bilinear
#include "tenon/layers/options.hpp"

// Parts and how they join
//   a >> b, chain(a, b)          b called on what a gave; chains flatten
//   name<"encoder">(part)        names a layer, chain or lambda; name<"block">(part, i) is "block.i"
//   repeat<N>(part)              N copies of a part, one after the other
//   unroll<N>([]<int I>(auto x) ...)     a lambda called for 0 to N - 1: sizes may depend on the index
//   share<"head">(part)          every call uses the same parameters
//   frozen(part), frozen<"encoder">(part)                        parameters that are not trained
//   frozen<running_statistics>(part), ...<"encoder", running_statistics>(part)    nor do norms follow the batch
//   learning_rate_factor<0.1>(part), ...<0.1, "encoder">(part)   parameters that learn slower or faster
#include "tenon/layers/layer.hpp"
#include "tenon/layers/sharing.hpp"

// Convolutions
//   conv2d<Channels, ...>, conv3d<Channels, ...>                        weight, bias
//   depthwise_conv2d<...>, depthwise_conv3d<...>                        weight, bias
//   conv_transpose2d<Channels, ...>, conv_transpose3d<Channels, ...>    weight, bias
#include "tenon/layers/convolution.hpp"

// All values of an image
//   linear<Outputs, ...>                                                weight, bias
#include "tenon/layers/linear.hpp"

// Norms
//   batch_norm<...>                                                     weight, bias, running_mean, running_var
//   group_norm<32, ...>, group_norm<nearest<32>, ...>                   weight, bias, unless no_affine
//   instance_norm<...>                                                  weight, bias, if affine
#include "tenon/layers/normalization.hpp"

// Activations
//   relu, leaky_relu<0.01>, relu6, elu<1.0>, sigmoid, hard_sigmoid, hard_swish, softmax
//   prelu                        weight
#include "tenon/layers/activation.hpp"

// Dropouts
//   dropout<0.1>, dropout_channels<0.01>
#include "tenon/layers/dropout.hpp"

// Poolings
//   max_pool2d<kernel<2>>, max_pool3d<kernel<2>>
//   average_pool2d<kernel<3>, stride<2>, padding<1>>, average_pool3d<...>; ignore_padding
//   adaptive_average_pool2d<6>, adaptive_average_pool2d<3, 5>, adaptive_average_pool3d<...>; global_average_pool
#include "tenon/layers/pooling.hpp"

// Values that meet
//   add(a, b), a + b; multiply(a, b), a * b; concat(a, b, ...)
#include "tenon/layers/join.hpp"

// Channels
//   split<8, 24>(x), chunk<2>(x): a std::array of parts; channel_shuffle<Groups>
#include "tenon/layers/channels.hpp"

// Values made to fit
//   resize<size<360, 480>>, resize<factor<2>, nearest<>>, resize_like(x, like), resize_like<align_corners>(x, like),
//   pad_like(x, like)
#include "tenon/layers/resize.hpp"

// Rewriting, in headers of its own, which need Boost.Hana
//   replace<batch_norm, group_norm<32>>(net), rewrite<Rule...>(net)     tenon/layers/rewrite.hpp
//   scale_width<0.5, except<"head">>(net), separable<between<relu>>(net), bottleneck<4>(net)
//                                                                       tenon/layers/rewrite_convolutions.hpp
