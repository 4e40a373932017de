// SPDX-License-Identifier: Apache-2.0
// DeepLab v3+, Xception-65, 513 x 513.
#include "peer.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"

int main(int count, char** arguments) {
  return peer::run<tenon::models::deeplab_v3_plus<19>, tenon::image<1, 3, 513, 513>, 19>(count, arguments);
}
