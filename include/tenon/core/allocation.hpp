// SPDX-License-Identifier: Apache-2.0
// One allocation, aligned as its user needs.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>

#include "tenon/core/error.hpp"

namespace tenon {
inline namespace v0 {

/// What an allocation is aligned to, in bytes, unless somebody needs more: a cache line, and the widest vector.
inline constexpr std::size_t allocation_alignment = 64;

struct allocation_deleter {
  std::size_t alignment = allocation_alignment;

  void operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{alignment}); }
};

/// Memory that is freed with its owner; not initialised.
using allocation = std::unique_ptr<std::byte[], allocation_deleter>;

/// Allocates `bytes` for what `name` says; nothing for 0. Throws allocation_error.
inline allocation allocate(std::size_t bytes, const std::string& name, std::size_t alignment = allocation_alignment) {
  if (bytes == 0) return nullptr;
  try {
    return allocation(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment})),
                      allocation_deleter{alignment});
  } catch (const std::bad_alloc&) {
    const std::string expected = joined({std::to_string(bytes), " bytes"});
    throw allocation_error(joined({name, ": ", expected, " could not be allocated"}), name, expected);
  }
}

}  // namespace v0
}  // namespace tenon
