// SPDX-License-Identifier: Apache-2.0
// Whether the scans of a progressive JPEG, which refine each other, are all there.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Which bits of which coefficients the scans of a progressive JPEG have brought so far.
class jpeg_scans {
 public:
  /// A progressive frame's segment, without its length.
  void begin(std::span<const std::byte> frame) {
    for (std::size_t at = 6; at + 2 < frame.size(); at += 3) {
      components_.push_back({frame[at], {}});
      components_.back().lacking.fill(nothing_yet);
    }
  }

  /// A scan's segment, without its length: components with their tables, first and last coefficient, and how many bits
  /// of each were lacking before and are lacking after it.
  void add(std::span<const std::byte> scan) {
    const auto number = [&](std::size_t at) { return std::to_integer<std::size_t>(scan[at]); };
    const std::size_t count = number(0), behind = 1 + 2 * count;
    if (scan.size() < behind + 3) return;
    for (component& each : components_) {
      for (std::size_t i = 0; i < count; ++i) {
        if (each.name != scan[1 + 2 * i]) continue;
        for (std::size_t k = number(behind); k <= number(behind + 1) && k < each.lacking.size(); ++k)
          each.lacking[k] = static_cast<int>(number(behind + 2) & 15);
      }
    }
  }

  /// Whether every bit of every coefficient has come. Always of a JPEG that is not progressive, which never begins.
  bool are_complete() const {
    for (const component& each : components_) {
      for (const int bits : each.lacking) {
        if (bits != 0) return false;
      }
    }
    return true;
  }

 private:
  static constexpr int nothing_yet = -1;
  struct component {
    std::byte name;
    std::array<int, 64> lacking;  ///< low bits of each coefficient
  };
  std::vector<component> components_;
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
