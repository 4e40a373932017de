// SPDX-License-Identifier: Apache-2.0
// Vectors of floats for each instruction set: loads and stores, choices, transposition, elementary functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/dispatch/isa.hpp"
#include "tenon/core/compiler.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// 0 to Count - 1, to be unrolled.
template <int Count>
using indices = std::make_index_sequence<static_cast<std::size_t>(Count)>;

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/dispatch/lanes_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
