// SPDX-License-Identifier: Apache-2.0
// An array with room for any length, for constants whose length is not known before they are made.
#pragma once

#include <cstddef>
#include <list>  // for std::construct_at and std::allocator: of the headers that have them the quickest to compile
#include <type_traits>

#include "tenon/core/list.hpp"

namespace tenon {
inline namespace v0 {

/// Room for more elements than there ever are. While compiling, only those that are used take memory and time: how a
/// list of unknown length leaves its constant evaluation.
template <class T, std::size_t Most>
class sparse_array {
 public:
  constexpr std::size_t size() const { return size_; }
  constexpr const T& operator[](std::size_t i) const {
    if constexpr (std::is_scalar_v<T>) {
      return slots_[i];
    } else {
      return slots_[i].held;
    }
  }
  /// The elements, of scalars alone.
  constexpr const T* data() const { return slots_; }

  constexpr sparse_array() = default;
  constexpr explicit sparse_array(const list<T>& from) { fill(from.data(), from.size()); }

  constexpr void fill(const T* from, std::size_t count) {
    if constexpr (std::is_scalar_v<T>) {
      copy_scalars(slots_, from, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) std::construct_at(&slots_[i].held, from[i]);
    }
    size_ = count;
  }

  constexpr void copy_to(T* to) const {
    if constexpr (std::is_scalar_v<T>) {
      copy_scalars(to, static_cast<const T*>(slots_), size_);
    } else {
      for (std::size_t i = 0; i < size_; ++i) to[i] = slots_[i].held;
    }
  }

 private:
  union slot {
    char none;
    T held;
  };
  // Zeros need no memory; a record that starts otherwise is not there until it is used.
  std::conditional_t<std::is_scalar_v<T>, T, slot> slots_[Most]{};
  std::size_t size_ = 0;
};

}  // namespace v0
}  // namespace tenon
