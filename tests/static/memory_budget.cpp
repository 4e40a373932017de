// SPDX-License-Identifier: Apache-2.0
// Training steps within a budget, found by the compiler.
#include "tenon/layers/layers.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using namespace tenon::literals;

template <const auto& Net, class Input, class... Options>
using step = plan_of<Net, Input, cross_entropy<>, sgd<momentum<0.9>>, Options...>;

/// Whether a step stays within a budget, for at most so many hundredths of the work of one that keeps everything.
template <class Free, class Bound>
constexpr bool is_within(std::int64_t bytes, int percent) {
  constexpr std::int64_t macs = Free::macs - Free::recomputed_macs;
  return Bound::arena_bytes <= bytes && Bound::lower_bound_bytes <= Bound::arena_bytes &&
         Bound::macs == macs + Bound::recomputed_macs && Bound::recomputed_macs * 100 <= macs * percent &&
         Bound::parameter_count == Free::parameter_count && Bound::optimizer_bytes == Free::optimizer_bytes;
}

// Without a budget a step adds at most 2 % to the work; a budget that has room for everything is for the least work.
using unet_size = image<1, 3, 360, 480>;
using unet_step = step<models::unet<11>, unet_size>;
using roomy = step<models::unet<11>, unet_size, memory_budget<560_MiB>>;
static_assert(is_within<unet_step, unet_step>(404_MiB, 2));
static_assert(is_within<unet_step, roomy>(556_MiB, 0));

// What resizes, sums and pooling take costs no multiply-accumulate.
static_assert(is_within<unet_step, step<models::unet<11>, unet_size, memory_budget<460_MiB>>>(460_MiB, 0));
static_assert(is_within<unet_step, step<models::unet<11>, unet_size, memory_budget<352_MiB>>>(352_MiB, 2));

using scene = image<1, 3, 1024, 2048>;
using fast_step = step<models::fast_scnn<19>, scene>;
static_assert(is_within<fast_step, step<models::fast_scnn<19>, scene, memory_budget<472_MiB>>>(472_MiB, 2));
static_assert(is_within<fast_step, step<models::fast_scnn<19>, scene, memory_budget<320_MiB>>>(320_MiB, 14));

// A plan that a search has found: examples/plan unet 325.
using searched = step<models::unet<11>, unet_size, recompute<"2ok2rork3ork2rkokrokokok2okokorokrk3rkrkr2okr3k">>;
static_assert(is_within<unet_step, searched>(325_MiB, 3));

// An inference has its budget too.
static_assert(plan_of<models::unet<11>, unet_size, memory_budget<130_MiB>>::arena_bytes <= 130_MiB);

}  // namespace
