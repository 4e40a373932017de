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

template <class Plan>
constexpr bool is_tight =
    Plan::arena_bytes >= Plan::lower_bound_bytes&& Plan::arena_bytes * 50 <= Plan::lower_bound_bytes * 51;

using unet = plan_of<models::unet<11>, image<1, 3, 360, 480>, cross_entropy<>, sgd<>>;
static_assert(unet::arena_bytes <= 700_MiB && is_tight<unet> && unet::saved_bytes < unet::arena_bytes);

using volumes = plan_of<models::vb_net<1>, volume<1, 1, 32, 128, 128>, binary_cross_entropy, sgd<>>;
static_assert(volumes::arena_bytes <= 330_MiB && is_tight<volumes> && volumes::saved_bytes < volumes::arena_bytes);

// Values of 4 and 8 channels are contiguous, or these blocks took 601 MiB.
using bottlenecks =
    plan_of<models::vb_net<1, models::vb_block::bottleneck>, volume<1, 1, 32, 128, 128>, binary_cross_entropy, sgd<>>;
static_assert(bottlenecks::arena_bytes <= 436_MiB && is_tight<bottlenecks>);

constexpr auto norm = layers::group_norm<layers::nearest<32>>{};
using street = plan_of<models::deeplab_v3_plus<19, norm>, image<1, 3, 1024, 2048>, cross_entropy<>, sgd<>>;
static_assert(street::arena_bytes <= 7_GiB && is_tight<street> && street::saved_bytes < street::arena_bytes);

}  // namespace
