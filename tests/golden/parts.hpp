// SPDX-License-Identifier: Apache-2.0
// What the networks of several golden files are made of; parts.py has the same in PyTorch.
#pragma once

#include "golden/harness.hpp"

namespace golden {

/// A convolution 1 x 1 that keeps the channels, then the layer: its gradient depends on that of the layer's input.
template <int Channels, class Layer>
network after(const Layer& layer) {
  return make(layers::conv2d<Channels>{} >> layer);
}
template <int Channels, class Layer>
network after3(const Layer& layer) {
  return make(layers::conv3d<Channels>{} >> layer);
}

/// A network of two inputs.
template <class Net>
network two_inputs(const Net& net) {
  return make<mean_square, sgd<>, 2>(net);
}

}  // namespace golden
