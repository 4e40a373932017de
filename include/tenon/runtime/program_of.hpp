// SPDX-License-Identifier: Apache-2.0
// The program class of each backend.
#pragma once

#include "tenon/backends/backend.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/program.hpp"

namespace tenon {
inline namespace v0 {

/// What runs a plan of the backend; `Trains` tells training from inference.
template <class Backend, bool Trains>
struct program_of;
template <>
struct program_of<backend::onednn, true> {
  using type = onednn::program;
};
template <>
struct program_of<backend::onednn, false> {
  using type = onednn::inference_program;
};
template <bool Trains>
struct program_of<backend::reference, Trains> {
  using type = reference::program<float>;
};

}  // namespace v0
}  // namespace tenon
