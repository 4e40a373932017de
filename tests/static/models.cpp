// SPDX-License-Identifier: Apache-2.0
// The constants of the networks in models/.
#include <string_view>

#include "tenon/core/literals.hpp"
#include "tenon/layers/rewrite.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/espnet.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon::models;
using tenon::image;
using tenon::plan_of;
using tenon::volume;
using namespace tenon::literals;

template <class Plan>
constexpr bool has_parameter(std::string_view name, const tenon::shape& extents) {
  for (const tenon::parameter_description& each : Plan::parameter_list) {
    if (each.name == name) return each.extents == extents;
  }
  return false;
}

using deeplab = plan_of<deeplab_v3_plus<19>, image<1, 3, 513, 513>>;
static_assert(deeplab::parameter_count == 41'054'899);
static_assert(deeplab::macs == 54'026'782'832);
static_assert(has_parameter<deeplab>("backbone.e2.seps.1.dw.0.weight", tenon::shape(256, 1, 3, 3)));
static_assert(has_parameter<deeplab>("backbone.mid.15.seps.2.pw.1.bias", tenon::shape(728)));
static_assert(has_parameter<deeplab>("aspp.proj.0.weight", tenon::shape(256, 1280, 1, 1)));

// Group norms have as many parameters; of output stride 8 only strides and dilations differ.
using grouped = plan_of<deeplab_v3_plus<19, group_norm<nearest<32>>{}>, image<1, 3, 513, 513>>;
static_assert(grouped::parameter_count == deeplab::parameter_count && grouped::buffer_list.empty());
static_assert(grouped::macs == deeplab::macs);
// Norms are replaced through all the lambdas, too.
constexpr auto rewritten = replace<batch_norm, group_norm<nearest<32>>>(deeplab_v3_plus<19>);
using rewritten_deeplab = plan_of<rewritten, image<1, 3, 513, 513>>;
static_assert(rewritten_deeplab::parameter_count == deeplab::parameter_count && rewritten_deeplab::buffer_list.empty());
constexpr deeplab_v3_plus_options dense{.output_stride = 8};
using dense_deeplab = plan_of<deeplab_v3_plus<19, batch_norm<>{}, dense>, image<1, 3, 513, 513>>;
static_assert(dense_deeplab::parameter_count == deeplab::parameter_count);
static_assert(dense_deeplab::macs > 2 * deeplab::macs && dense_deeplab::macs < 4 * deeplab::macs);

using fast = plan_of<fast_scnn<19>, image<1, 3, 1024, 2048>>;
static_assert(fast::parameter_count == 1'137'795);
static_assert(fast::macs == 6'709'649'408);
static_assert(has_parameter<fast>("gfe.8.c.1.0.weight", tenon::shape(768, 1, 3, 3)));
static_assert(has_parameter<fast>("ppm.br.3.0.weight", tenon::shape(32, 128, 1, 1)));
static_assert(has_parameter<fast>("cls.3.weight", tenon::shape(19, 128, 1, 1)));

// Inference needs little more than the greatest pair of values.
using street = plan_of<deeplab_v3_plus<19>, image<1, 3, 1024, 2048>>;
static_assert(street::arena_bytes <= 600_MiB && street::arena_bytes * 50 <= street::lower_bound_bytes * 51);
static_assert(fast::arena_bytes <= 165_MiB && fast::arena_bytes * 50 <= fast::lower_bound_bytes * 51);
using bottlenecks = plan_of<vb_net<1, vb_block::bottleneck>, tenon::volume<1, 1, 32, 128, 128>>;
static_assert(bottlenecks::arena_bytes <= 73_MiB &&
              bottlenecks::arena_bytes * 50 <= bottlenecks::lower_bound_bytes * 51);

template <vb_block Block>
using vb = plan_of<vb_net<1, Block>, volume<1, 1, 32, 128, 128>>;
static_assert(vb<vb_block::standard>::parameter_count == 10'052'609);
static_assert(vb<vb_block::standard>::macs == 32'002'539'520);
static_assert(vb<vb_block::bottleneck>::parameter_count == 1'145'061);
static_assert(vb<vb_block::bottleneck>::macs == 2'719'481'856);
static_assert(vb<vb_block::separable>::parameter_count == 815'215);
static_assert(vb<vb_block::separable>::macs == 2'634'842'112);
static_assert(has_parameter<vb<vb_block::standard>>("ups.0.deconv.weight", tenon::shape(256, 128, 2, 2, 2)));
static_assert(has_parameter<vb<vb_block::standard>>("ups.3.deconv.conv.weight", tenon::shape(16, 32, 3, 3, 3)));
static_assert(has_parameter<vb<vb_block::bottleneck>>("downs.4.convs.2.conv_2.bias", tenon::shape(64)));

template <vb_block Block>
using micro = plan_of<vb_micro<Block>, volume<1, 16, 24, 24, 24>>;
static_assert(micro<vb_block::standard>::parameter_count == 13'920);
static_assert(micro<vb_block::bottleneck>::parameter_count == 7'872);
static_assert(micro<vb_block::separable>::parameter_count == 1'088);
// Of each voxel, all weights but biases and norms.
static_assert(micro<vb_block::standard>::macs == 24 * 24 * 24 * (13'920 - 3 * 32));
static_assert(micro<vb_block::bottleneck>::macs == 24 * 24 * 24 * (7'872 - 3 * (16 + 16 + 32)));
static_assert(micro<vb_block::separable>::macs == 24 * 24 * 24 * (1'088 - 3 * (16 + 32)));

using esp = plan_of<espnet<12>, image<1, 3, 360, 480>>;
static_assert(esp::parameter_count == 354'517);
static_assert(esp::macs == 1'335'320'100);

}  // namespace
