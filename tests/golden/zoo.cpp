// SPDX-License-Identifier: Apache-2.0
// The networks of models/, narrowed and of odd sizes, equal PyTorch's.
#include <array>
#include <catch2/catch.hpp>

#include "golden/harness.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/espnet.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/vb_net.hpp"

namespace {
using namespace tenon;
using namespace tenon::layers;
using namespace tenon::models;
using golden::make;

constexpr deeplab_v3_plus_options narrow{.width = 1.0 / 64,
                                         .middle_blocks = 2,
                                         .pyramid_channels = 16,
                                         .low_level_channels = 12,
                                         .decoder_channels = 20,
                                         .dropout = 0.0};
constexpr deeplab_v3_plus_options fine{.width = 1.0 / 64,
                                       .middle_blocks = 1,
                                       .output_stride = 8,
                                       .rates{2, 3, 5},
                                       .pyramid_channels = 16,
                                       .low_level_channels = 12,
                                       .decoder_channels = 20,
                                       .dropout = 0.0};

constexpr fast_scnn_options<> slim{.width = 1.0 / 12, .dropout = 0.0};
constexpr fast_scnn_options<2> other{.width = 1.0 / 8, .expansion = 2, .blocks{1, 2, 1}, .bins{1, 3}, .dropout = 0.0};

constexpr vb_net_options standard{.level = 4, .base = 2, .dropout = 0.0};
constexpr vb_net_options shallow{.in_channels = 2, .level = 3, .base = 2, .dropout = 0.0};
constexpr vb_net_options bottleneck{.level = 3, .base = 8, .dropout = 0.0};
constexpr vb_net_options separable{.in_channels = 2, .level = 4, .base = 3, .dropout = 0.0};

template <int Classes, class Net>
golden::network segmentation(const Net& net) {
  return make<cross_entropy<ignore<Classes>>>(net);
}
template <class Net>
golden::network detection(const Net& net) {
  return make<binary_cross_entropy>(net);
}
}  // namespace

TEST_CASE("narrow networks of the zoo equal PyTorch's") {
  constexpr batch_norm<> norm{};
  golden::check_all("zoo",
                    {
                        {"deeplab", segmentation<3>(deeplab_v3_plus<3, norm, narrow>)},
                        {"deeplab_fine", segmentation<3>(deeplab_v3_plus<3, norm, fine>)},
                        {"deeplab_group_norm", segmentation<4>(deeplab_v3_plus<4, group_norm<nearest<4>>{}, narrow>)},
                        {"fast_scnn", segmentation<3>(fast_scnn<3, norm, slim>)},
                        {"fast_scnn_other", segmentation<3>(fast_scnn<3, group_norm<nearest<4>>{}, other>)},
                        {"vb_standard", detection(vb_net<1, vb_block::standard, norm, standard>)},
                        {"vb_shallow", detection(vb_net<3, vb_block::standard, norm, shallow>)},
                        {"vb_bottleneck", detection(vb_net<2, vb_block::bottleneck, norm, bottleneck>)},
                        {"vb_separable", detection(vb_net<1, vb_block::separable, norm, separable>)},
                        {"micro_standard", make(vb_micro<vb_block::standard, 8, 16>)},
                        {"micro_bottleneck", make(vb_micro<vb_block::bottleneck, 8, 16>)},
                        {"micro_separable", make(vb_micro<vb_block::separable, 8, 16>)},
                        {"espnet", segmentation<5>(espnet<5, 1, 2, std::array{8, 20, 27}>)},
                        {"espnet_deeper", segmentation<6>(espnet<6, 2, 3, std::array{6, 15, 23}>)},
                    },
                    {1e-4, 1e-4, 1e-4});
}
