// SPDX-License-Identifier: Apache-2.0
// Memory that ends at a page nobody may touch.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tenon/core/allocation.hpp"

namespace tenon_test {

/// Bytes between two closed pages, zero at first, aligned as an allocation is. They end where the one behind begins,
/// but for what alignment leaves; this and what lies before the first byte have a pattern, which `is_whole` looks for.
///
///     closed page | pattern | bytes | up to 63 bytes of pattern | closed page
class guarded_space {
 public:
  guarded_space() = default;
  guarded_space(guarded_space&& from) noexcept { *this = std::move(from); }
  guarded_space& operator=(guarded_space&& from) noexcept {
    std::swap(mapped_, from.mapped_);
    std::swap(mapped_size_, from.mapped_size_);
    std::swap(begin_, from.begin_);
    std::swap(size_, from.size_);
    return *this;
  }
  ~guarded_space() {
    if (mapped_ != nullptr) munmap(mapped_, mapped_size_);
  }

  /// Makes the bytes, and returns the first.
  std::byte* make(std::int64_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    constexpr std::size_t alignment = tenon::allocation_alignment;
    const std::size_t size = static_cast<std::size_t>(bytes);
    const std::size_t aligned = (size + alignment - 1) / alignment * alignment;
    const std::size_t open = (aligned + page - 1) / page * page;
    guarded_space made;
    made.mapped_size_ = open + 2 * page;
    void* const at = mmap(nullptr, made.mapped_size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) std::abort();
    made.mapped_ = static_cast<std::byte*>(at);
    if (open > 0 && mprotect(made.mapped_ + page, open, PROT_READ | PROT_WRITE) != 0) std::abort();
    made.begin_ = made.mapped_ + page + (open - aligned);
    made.size_ = size;
    std::fill(made.mapped_ + page, made.begin_, pattern);
    std::fill(made.begin_ + size, made.begin_ + aligned, pattern);
    *this = std::move(made);
    return begin_;
  }

  std::byte* begin() const { return begin_; }
  std::size_t size() const { return size_; }
  std::vector<std::byte> bytes() const { return {begin_, begin_ + size_}; }

  /// Whether nothing was written beside the bytes.
  bool is_whole() const {
    if (mapped_ == nullptr) return true;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto is_pattern = [](std::byte each) { return each == pattern; };
    return std::all_of(mapped_ + page, begin_, is_pattern) &&
           std::all_of(begin_ + size_, mapped_ + mapped_size_ - page, is_pattern);
  }

 private:
  static constexpr std::byte pattern{0xa5};

  std::byte* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tenon_test
