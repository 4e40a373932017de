// SPDX-License-Identifier: Apache-2.0
// gradient() is asked of a trainer that keeps none.
// expect: gradient\(\) needs the trainer's option tenon::keep_gradients: without it gradients are not kept
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = name<"decoder">(conv2d<4, kernel<3>>{} >> relu{});

#ifdef FIXED
using teacher =
    tenon::trainer<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>, tenon::keep_gradients>;
#else
using teacher = tenon::trainer<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>>;
#endif

float use(const teacher& trained);
float use(const teacher& trained) { return *trained.gradient("decoder.0.weight").data(); }
