// SPDX-License-Identifier: Apache-2.0
// Fast-SCNN, 1024 x 2048.
#include "peer.hpp"
#include "tenon/models/fast_scnn.hpp"

int main(int count, char** arguments) {
  return peer::run<tenon::models::fast_scnn<19>, tenon::image<1, 3, 1024, 2048>, 19>(count, arguments);
}
