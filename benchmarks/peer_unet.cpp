// SPDX-License-Identifier: Apache-2.0
// U-Net, 360 x 480.
#include "peer.hpp"
#include "tenon/models/unet.hpp"

int main(int count, char** arguments) {
  return peer::run<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>, 11>(count, arguments);
}
