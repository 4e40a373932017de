// SPDX-License-Identifier: Apache-2.0
// The constants of U-Nets.
#include "tenon/models/unet.hpp"

#include "support/networks.hpp"
#include "tenon/core/literals.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::literals;

using unet = tenon::plan_of<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>>;
static_assert(unet::parameter_count == 31'038'283);
static_assert(unet::macs == 126'870'650'880);
static_assert(unet::lower_bound_bytes <= unet::arena_bytes);
// Inputs and outputs, the greatest pair of values at full size, and nothing like the sum of all.
static_assert(unet::arena_bytes >= (3 + 64) * 360 * 480 * 4);
static_assert(unet::arena_bytes <= 140_MiB && unet::arena_bytes * 50 <= unet::lower_bound_bytes * 51);
static_assert(unet::gradient_bytes == 0 && unet::optimizer_bytes == 0 && unet::saved_bytes == 0);
static_assert(unet::total_bytes == unet::arena_bytes + unet::parameter_count * 4 + unet::packed_bytes);
static_assert(unet::parameter_list.front().name == "inc.0.0.weight");
static_assert(unet::parameter_list.front().extents == tenon::shape(64, 3, 3, 3));
static_assert(unet::parameter_list.back().name == "outc.bias");
static_assert(unet::parameter_list.size() == 18 * 3 + 4 * 2 + 2);
static_assert(unet::buffer_list.size() == 18 * 2);

using small = tenon::plan_of<tenon_test::small_unet<11>, tenon::image<1, 3, 360, 480>>;
static_assert(small::parameter_count < 200'000);
// Convolutions without bias, norms of two parameters a channel, and the last convolution with its bias.
static_assert(small::parameter_count == (3 * 32 + 32 * 64 + 64 * 64 + 96 * 32) * 9 + 2 * (32 + 64 + 64 + 32) + 33 * 11);
static_assert(small::macs == std::int64_t{360} * 480 * ((3 * 32 + 96 * 32) * 9 + 32 * 11) +
                                 std::int64_t{180} * 240 * (32 * 64 + 64 * 64) * 9);
static_assert(small::arena_bytes <= 96_MiB && small::arena_bytes * 50 <= small::lower_bound_bytes * 51);
static_assert(small::lower_bound_bytes <= small::arena_bytes);

// In training every convolution but the stem computes three times as much: the gradient of the picture is not made.
using loss = tenon::cross_entropy<tenon::ignore<11>>;
using optimizer = tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>;
using teacher = tenon::plan_of<tenon_test::small_unet<11>, tenon::image<4, 3, 360, 480>, loss, optimizer>;
static_assert(teacher::trains && !small::trains);
static_assert(teacher::parameter_count == small::parameter_count);
static_assert(teacher::macs - teacher::recomputed_macs == 4 * (3 * small::macs - std::int64_t{360} * 480 * 3 * 32 * 9));
static_assert(teacher::optimizer_bytes == teacher::parameter_count * 4 && teacher::gradient_bytes == 0);
static_assert(teacher::lower_bound_bytes <= teacher::arena_bytes);
static_assert(teacher::saved_bytes <= teacher::arena_bytes);
static_assert(teacher::recomputed_macs > 0 && teacher::recomputed_macs * 51 <= teacher::macs);
// What a backward pass needs at the least: the input of each norm whose convolution does not run again.
static_assert(teacher::saved_bytes >= 4 * (std::int64_t{360} * 480 * 32 + 180 * 240 * 64) * 4);

using keeper = tenon::plan_of<tenon_test::small_unet<11>, tenon::image<1, 3, 36, 48>, loss, tenon::adam<>,
                              tenon::keep_gradients, tenon::backend::reference>;
static_assert(keeper::gradient_bytes == keeper::parameter_count * 4);
static_assert(keeper::optimizer_bytes == keeper::parameter_count * 8);
static_assert(keeper::packed_bytes == 0);
static_assert(
    tenon::plan_of<tenon_test::small_unet<11>, tenon::image<1, 3, 36, 48>, loss, tenon::sgd<>>::optimizer_bytes == 0);

}  // namespace
