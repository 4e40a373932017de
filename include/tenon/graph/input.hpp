// SPDX-License-Identifier: Apache-2.0
// The inputs of a network as types: image<N, C, H, W>, volume<N, C, D, H, W>, inputs<...>.
#pragma once

#include <array>

#include "tenon/core/shape.hpp"

namespace tenon {
inline namespace v0 {

/// A batch of images: (N, C, H, W), all of them constants. Sizes known only while running: `dynamic_predictor`.
template <int Batch, int Channels, int Height, int Width>
requires(Batch >= 1 && Channels >= 1 && Height >= 1 && Width >= 1) struct image {
  static constexpr shape extents{Batch, Channels, Height, Width};
};

/// A batch of volumes: (N, C, D, H, W).
template <int Batch, int Channels, int Depth, int Height, int Width>
requires(Batch >= 1 && Channels >= 1 && Depth >= 1 && Height >= 1 && Width >= 1) struct volume {
  static constexpr shape extents{Batch, Channels, Depth, Height, Width};
};

template <class Input>
concept network_input = requires {
  {Input::extents.rank};
};

/// Several inputs of one network, in the order of its description's parameters.
template <network_input... Inputs>
struct inputs {
  static constexpr std::array<shape, sizeof...(Inputs)> list{Inputs::extents...};
};

/// The inputs of a network as `inputs<...>`, whether one was given or several; none of what is no input.
template <class Input>
struct input_list {
  using type = inputs<>;
};
template <network_input Input>
struct input_list<Input> {
  using type = inputs<Input>;
};
template <class... Inputs>
struct input_list<inputs<Inputs...>> {
  using type = inputs<Inputs...>;
};

}  // namespace v0
}  // namespace tenon
