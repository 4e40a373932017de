// SPDX-License-Identifier: Apache-2.0
// Byte sizes as literals: 160_MiB, 2_GiB.
#pragma once

#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
/// Sizes are binary: 1_KiB is 1024 bytes.
namespace literals {

consteval std::int64_t operator""_KiB(unsigned long long count) { return static_cast<std::int64_t>(count) << 10; }
consteval std::int64_t operator""_MiB(unsigned long long count) { return static_cast<std::int64_t>(count) << 20; }
consteval std::int64_t operator""_GiB(unsigned long long count) { return static_cast<std::int64_t>(count) << 30; }

}  // namespace literals
}  // namespace v0
}  // namespace tenon
