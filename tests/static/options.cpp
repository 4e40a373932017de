// SPDX-License-Identifier: Apache-2.0
// Which options layers, optimizers and losses take: none of another, and none twice.
#include "tenon/layers/layers.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon::layers;

// Whether a template takes options, one concept a template.
template <class... Options>
concept dense_takes = requires {
  typename conv2d<8, Options...>;
};
template <class... Options>
concept depthwise_takes = requires {
  typename depthwise_conv2d<Options...>;
};
template <class... Options>
concept transposed_takes = requires {
  typename conv_transpose3d<8, Options...>;
};
template <class... Options>
concept linear_takes = requires {
  typename linear<8, Options...>;
};
template <class... Options>
concept max_pool_takes = requires {
  typename max_pool2d<Options...>;
};
template <class... Options>
concept average_pool_takes = requires {
  typename average_pool3d<Options...>;
};
template <class... Options>
concept batch_norm_takes = requires {
  typename batch_norm<Options...>;
};
template <class... Options>
concept group_norm_takes = requires {
  typename group_norm<8, Options...>;
};
template <class... Options>
concept instance_norm_takes = requires {
  typename instance_norm<Options...>;
};
template <class... Options>
concept sgd_takes = requires {
  typename tenon::sgd<Options...>;
};
template <class... Options>
concept adam_takes = requires {
  typename tenon::adam<Options...>;
};
template <class... Options>
concept adamw_takes = requires {
  typename tenon::adamw<Options...>;
};
template <class... Options>
concept cross_entropy_takes = requires {
  typename tenon::cross_entropy<Options...>;
};
template <class... Losses>
concept losses_take = requires {
  typename tenon::losses<Losses...>;
};

// What a layer takes, it takes in any order.
static_assert(dense_takes<groups<2>, no_bias, padding<0>, dilation<2>, stride<2>, kernel<3>, bilinear>);
static_assert(depthwise_takes<no_bias, padding<0>, dilation<2>, stride<2>, kernel<3>, xavier_normal>);
static_assert(transposed_takes<output_padding<1>, groups<2>, no_bias, kernel<3>, stride<2>, dilation<1>, he_uniform>);
static_assert(linear_takes<xavier_uniform, no_bias>);
static_assert(max_pool_takes<padding<1>, kernel<3>, stride<2>, dilation<1>>);
static_assert(average_pool_takes<ignore_padding, padding<1>, kernel<3>, stride<2>>);
static_assert(batch_norm_takes<running_share<0.2>, epsilon<1e-3>>);
static_assert(group_norm_takes<no_affine, epsilon<1e-3>> && instance_norm_takes<epsilon<1e-3>, affine>);
static_assert(sgd_takes<tenon::weight_decay<1e-4>, tenon::nesterov, tenon::momentum<0.9>>);
static_assert(adam_takes<tenon::weight_decay<1e-4>, tenon::adam_epsilon<1e-7>, tenon::betas<0.8, 0.9>>);
static_assert(adamw_takes<tenon::betas<0.8, 0.9>, tenon::weight_decay<1e-4>>);
static_assert(cross_entropy_takes<tenon::class_weights<1.0, 2.0>, tenon::ignore<255>>);

// What belongs to another it refuses.
static_assert(!dense_takes<output_padding<1>> && !dense_takes<ignore_padding> && !dense_takes<epsilon<1e-3>>);
static_assert(!depthwise_takes<groups<1>> && !depthwise_takes<output_padding<1>>);
static_assert(!transposed_takes<ignore_padding> && !transposed_takes<affine>);
static_assert(!linear_takes<kernel<1>> && !linear_takes<groups<1>>);
static_assert(!max_pool_takes<no_bias> && !max_pool_takes<ignore_padding>);
static_assert(!average_pool_takes<dilation<1>> && !average_pool_takes<groups<1>>);
static_assert(!batch_norm_takes<affine> && !batch_norm_takes<no_bias>);
static_assert(!group_norm_takes<running_share<0.1>> && !instance_norm_takes<running_share<0.1>>);
static_assert(!sgd_takes<tenon::betas<0.8, 0.9>> && !sgd_takes<tenon::adam_epsilon<1e-7>> && !sgd_takes<no_bias>);
static_assert(!adam_takes<tenon::momentum<0.9>> && !adam_takes<tenon::nesterov> && !adam_takes<epsilon<1e-3>>);
static_assert(!adamw_takes<tenon::momentum<0.9>> && !adamw_takes<tenon::nesterov>);
static_assert(!cross_entropy_takes<tenon::momentum<0.9>> && !cross_entropy_takes<tenon::nesterov>);
static_assert(losses_take<tenon::mean_square, tenon::weighted<tenon::cross_entropy<>, 0.5>>);
static_assert(!losses_take<tenon::sgd<>> && !losses_take<tenon::losses<tenon::mean_square>>);

// What sets the same is one option, whatever it is called.
using tenon::given_once;
static_assert(given_once<> && given_once<kernel<3>, stride<3>, padding<1>, no_bias, he_normal>);
static_assert(!given_once<kernel<3>, no_bias, kernel<5>> && !given_once<no_bias, no_bias>);
static_assert(!given_once<he_normal, xavier_uniform> && !given_once<affine, no_affine>);
static_assert(!given_once<tenon::momentum<0.9>, tenon::nesterov, tenon::momentum<0.8>>);
static_assert(!given_once<tenon::ignore<0>, tenon::ignore<255>>);
static_assert(!given_once<tenon::class_weights<1.0>, tenon::class_weights<1.0, 2.0>>);

// What options say reaches the rule.
constexpr tenon::attributes adamw_has =
    tenon::adamw<tenon::betas<0.8, 0.9>, tenon::adam_epsilon<1e-7>>::rule().attribute;
static_assert(adamw_has.beta1 == 0.8 && adamw_has.beta2 == 0.9 && adamw_has.epsilon == 1e-7);
static_assert(adamw_has.weight_decay == 0.01 && adamw_has.decoupled);
static_assert(tenon::adamw<tenon::weight_decay<0.5>>::rule().attribute.weight_decay == 0.5);
constexpr tenon::optimizer_rule adam_is = tenon::adam<>::rule();
static_assert(adam_is.op == tenon::operation::adam && adam_is.states == 2 && !adam_is.attribute.decoupled);
static_assert(adam_is.attribute.beta1 == 0.9 && adam_is.attribute.beta2 == 0.999 && adam_is.attribute.epsilon == 1e-8);
static_assert(adam_is.attribute.weight_decay == 0);
constexpr tenon::optimizer_rule sgd_is = tenon::sgd<tenon::momentum<0.9>, tenon::nesterov>::rule();
static_assert(sgd_is.op == tenon::operation::sgd && sgd_is.states == 1 && sgd_is.attribute.nesterov);
static_assert(sgd_is.attribute.momentum == 0.9 && tenon::sgd<>::rule().states == 0);

}  // namespace
