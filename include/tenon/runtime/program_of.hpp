// SPDX-License-Identifier: Apache-2.0
// The program class of each backend.
#pragma once

#include "tenon/backends/backend.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/program.hpp"

namespace tenon {
inline namespace v0 {

template <class Backend>
struct program_of;
template <>
struct program_of<backend::onednn> {
  using type = onednn::program;
};
template <>
struct program_of<backend::reference> {
  using type = reference::program<float>;
};

}  // namespace v0
}  // namespace tenon
