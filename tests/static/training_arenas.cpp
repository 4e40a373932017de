// SPDX-License-Identifier: Apache-2.0
// What training takes: one tensor a convolution is kept, norms and activations are recomputed.
#include "tenon/core/literals.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon;
using namespace tenon::literals;

/// Whether an arena takes so many bytes, at most 2 % more than its bound, for at most 2 % of added work.
template <class Plan>
constexpr bool is_within(std::int64_t bytes) {
  return Plan::arena_bytes <= bytes && Plan::arena_bytes >= Plan::lower_bound_bytes &&
         Plan::arena_bytes * 50 <= Plan::lower_bound_bytes * 51 && Plan::saved_bytes < Plan::arena_bytes &&
         Plan::recomputed_macs * 50 <= Plan::macs - Plan::recomputed_macs;
}

using unet = plan_of<models::unet<11>, image<1, 3, 360, 480>, cross_entropy<>, sgd<>>;
static_assert(is_within<unet>(404_MiB));

using volumes = plan_of<models::vb_net<1>, volume<1, 1, 32, 128, 128>, binary_cross_entropy, sgd<>>;
static_assert(is_within<volumes>(278_MiB));

// Values of 4 and 8 channels are contiguous, or these blocks took 601 MiB.
using bottlenecks =
    plan_of<models::vb_net<1, models::vb_block::bottleneck>, volume<1, 1, 32, 128, 128>, binary_cross_entropy, sgd<>>;
static_assert(is_within<bottlenecks>(304_MiB));

constexpr auto norm = layers::group_norm<layers::nearest<32>>{};
using street = plan_of<models::deeplab_v3_plus<19, norm>, image<1, 3, 1024, 2048>, cross_entropy<>, sgd<>>;
static_assert(is_within<street>(3290_MiB));

}  // namespace
