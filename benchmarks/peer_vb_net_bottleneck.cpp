// SPDX-License-Identifier: Apache-2.0
// VB-Net of bottleneck blocks, 32 x 128 x 128.
#include "peer.hpp"
#include "tenon/models/vb_net.hpp"

int main(int count, char** arguments) {
  return peer::run<tenon::models::vb_net<1, tenon::models::vb_block::bottleneck>, tenon::volume<1, 1, 32, 128, 128>, 1>(
      count, arguments);
}
