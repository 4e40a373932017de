// SPDX-License-Identifier: Apache-2.0
// The most memory a process can have: the machine's, its control group's, its address space's.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "tenon/core/separate.hpp"

namespace tenon {
inline namespace v0 {

/// A number of bytes that cannot be exceeded, and what says so.
struct memory_limit {
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
  std::string source;

  /// Keeps the smaller of this limit and another.
  void take(std::int64_t other, const char* its_source) {
    if (other >= bytes) return;
    bytes = other;
    source = its_source;
  }
};

/// Takes the limits of the process's control groups, versions 1 and 2. `root` stands before /proc and /sys.
void take_control_group_limits(memory_limit& limit, const std::string& root = {});

/// The least of physical memory, the control groups' limits and RLIMIT_AS.
memory_limit find_memory_limit();

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/memory_limit_definitions.hpp"
#endif
