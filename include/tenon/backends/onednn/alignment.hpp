// SPDX-License-Identifier: Apache-2.0
// The alignment of what lies in this backend's memory.
#pragma once

#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Bytes: of every value, packed weight and bias. A cache line, and a whole vector of AVX-512.
inline constexpr std::int64_t alignment = 64;

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
