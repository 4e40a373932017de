// SPDX-License-Identifier: Apache-2.0
// What networks.hpp declares: compiled once for all tests that plan or run every network.
#include "models/networks.hpp"

#include <array>
#include <span>

#include "support/run_time_plan.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/espnet.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/train/losses.hpp"

namespace tenon_test {
namespace {

template <const auto& Net, class Loss>
tenon::growing_graph lower_model(const tenon::shape& input, bool trains) {
  const std::span<const tenon::shape> inputs(&input, 1);
  return trains ? support::lower_with_loss<Loss>(Net, inputs) : support::lower_network(Net, inputs);
}

template <const auto& Net>
model picture_model(const char* name, const tenon::shape& input) {
  return {name, input, &lower_model<Net, tenon::cross_entropy<>>};
}
template <const auto& Net>
model volume_model(const char* name, const tenon::shape& input) {
  return {name, input, &lower_model<Net, tenon::binary_cross_entropy>};
}

constexpr tenon::layers::batch_norm<> plain_norm{};
constexpr tenon::layers::group_norm<tenon::layers::nearest<32>> group_norms{};

}  // namespace

std::vector<model> whole_models() {
  using namespace tenon::models;
  using tenon::shape;
  return {
      picture_model<unet<model_classes>>("U-Net", shape(1, 3, 360, 480)),
      picture_model<deeplab_v3_plus<model_classes, group_norms>>("DeepLab v3+", shape(1, 3, 1024, 2048)),
      picture_model<deeplab_v3_plus<model_classes>>("DeepLab v3+ with batch norms", shape(4, 3, 513, 513)),
      picture_model<fast_scnn<model_classes>>("Fast-SCNN", shape(1, 3, 1024, 2048)),
      picture_model<espnet<model_classes>>("ESPNet", shape(1, 3, 360, 480)),
      volume_model<vb_net<1>>("VB-Net", shape(1, 1, 32, 128, 128)),
      volume_model<vb_net<1, vb_block::bottleneck>>("VB-Net of bottlenecks", shape(1, 1, 32, 128, 128)),
      volume_model<vb_net<1, vb_block::separable>>("VB-Net of separable blocks", shape(1, 1, 32, 128, 128)),
  };
}

namespace {

constexpr tenon::models::deeplab_v3_plus_options narrow_deeplab{
    .width = 1.0 / 16, .middle_blocks = 2, .pyramid_channels = 16, .low_level_channels = 12, .decoder_channels = 20};
constexpr tenon::models::fast_scnn_options<> narrow_fast_scnn{.width = 1.0 / 4};
constexpr tenon::models::vb_net_options narrow_vb_net{.level = 4, .base = 4, .reduction = 2};

}  // namespace

std::vector<model> narrow_models() {
  using namespace tenon::models;
  using tenon::shape;
  constexpr auto& norm = plain_norm;
  return {
      picture_model<unet<model_classes, 8>>("U-Net", shape(1, 3, 48, 60)),
      picture_model<deeplab_v3_plus<model_classes, norm, narrow_deeplab>>("DeepLab v3+", shape(2, 3, 49, 65)),
      picture_model<deeplab_v3_plus<model_classes, group_norms, narrow_deeplab>>("DeepLab v3+ with group norms",
                                                                                 shape(1, 3, 49, 65)),
      picture_model<fast_scnn<model_classes, norm, narrow_fast_scnn>>("Fast-SCNN", shape(2, 3, 64, 97)),
      picture_model<espnet<model_classes, 1, 2, std::array{8, 20, 40}>>("ESPNet", shape(1, 3, 48, 64)),
      volume_model<vb_net<1, vb_block::standard, norm, narrow_vb_net>>("VB-Net", shape(1, 1, 16, 17, 24)),
      volume_model<vb_net<1, vb_block::bottleneck, norm, narrow_vb_net>>("VB-Net of bottlenecks",
                                                                         shape(1, 1, 16, 17, 24)),
      volume_model<vb_net<1, vb_block::separable, norm, narrow_vb_net>>("VB-Net of separable blocks",
                                                                        shape(1, 1, 16, 17, 24)),
  };
}

}  // namespace tenon_test
