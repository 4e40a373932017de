// SPDX-License-Identifier: Apache-2.0
// Counts the allocations of a stretch of code, by who asked for them.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace runtime_test {

/// Allocations since counting began. `ours` were asked for by code of the test program, in which Tenon is compiled;
/// `onednn` by libdnnl; `others` by any other library.
struct allocation_counts {
  static constexpr std::size_t large_size = 4096;
  static constexpr std::size_t most_large = 64;

  int ours = 0, onednn = 0, others = 0;
  int large = 0;                                ///< how many of ours are over 4 KiB
  std::array<std::size_t, most_large> sizes{};  ///< their bytes
};

/// Begins to count from 0, on every thread.
void begin_counting();
/// Ends it.
allocation_counts end_counting();

}  // namespace runtime_test
