// SPDX-License-Identifier: Apache-2.0
// A growable array that is cheap to use while compiling.
#pragma once

#include <cstddef>
#include <list>  // for std::construct_at and std::allocator: of the headers that have them the quickest to compile
#include <type_traits>
#include <utility>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// Copies numbers or characters. While compiling, eight at a time: a turn of a loop costs as much as a copy.
template <class T>
constexpr void copy_scalars(T* to, const T* from, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8, to += 8, from += 8) {
    to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = from[3];
    to[4] = from[4], to[5] = from[5], to[6] = from[6], to[7] = from[7];
  }
  for (; i < count; ++i) *to++ = *from++;
}

/// Sets numbers or characters, eight at a time likewise.
template <class T>
constexpr void fill_scalars(T* to, std::size_t count, T value) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8, to += 8) {
    to[0] = value, to[1] = value, to[2] = value, to[3] = value;
    to[4] = value, to[5] = value, to[6] = value, to[7] = value;
  }
  for (; i < count; ++i) *to++ = value;
}

/// A growable array of numbers, characters or records of them. What std::vector does in a handful of nested calls an
/// element, this does in one: in constant evaluation, where each call costs, it is several times as fast.
template <class T>
requires std::is_trivially_copyable_v<T>
class list {
 public:
  using value_type = T;

  T* first = nullptr;     ///< the elements; for reading without a call, as of an array_view
  std::size_t count = 0;  ///< only functions change it

  constexpr list() = default;
  constexpr list(std::size_t size, T value) { assign(size, value); }
  constexpr list(const list& other) { append(other.first, other.count); }
  constexpr list(list&& other) noexcept
      : first(std::exchange(other.first, nullptr)),
        count(std::exchange(other.count, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  constexpr list& operator=(list other) noexcept {
    std::swap(first, other.first);
    std::swap(count, other.count);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  constexpr ~list() { release(); }

  constexpr T* data() { return first; }
  constexpr const T* data() const { return first; }
  constexpr std::size_t size() const { return count; }
  constexpr bool empty() const { return count == 0; }
  constexpr T* begin() { return first; }
  constexpr T* end() { return first + count; }
  constexpr const T* begin() const { return first; }
  constexpr const T* end() const { return first + count; }
  constexpr T& operator[](std::size_t i) { return first[i]; }
  constexpr const T& operator[](std::size_t i) const { return first[i]; }
  constexpr T& back() { return first[count - 1]; }
  constexpr const T& back() const { return first[count - 1]; }

  constexpr void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* grown = nullptr;
    if constexpr (std::is_scalar_v<T>) {
      grown = new T[capacity];
    } else {
      grown = std::allocator<T>().allocate(capacity);
    }
    copy(grown, first, count);
    release();
    first = grown;
    capacity_ = capacity;
  }

  constexpr void push_back(const T& value) {
    if (count == capacity_) return push_grown(value);
    if constexpr (std::is_scalar_v<T>) {
      first[count++] = value;
    } else {
      std::construct_at(first + count++, value);
    }
  }

  /// Appends so many numbers, which the caller sets; gives the first of them.
  constexpr T* extend(std::size_t more) requires std::is_scalar_v<T> {
    if (count + more > capacity_) grow(more);
    count += more;
    return first + (count - more);
  }

  /// Appends `more` elements, which may be this list's own.
  constexpr void append(const T* from, std::size_t more) {
    if (count + more > capacity_) return append_grown(from, more);
    copy(first + count, from, more);
    count += more;
  }

  constexpr void assign(std::size_t size, T value) {
    clear();
    reserve(size);
    if constexpr (std::is_scalar_v<T>) {
      fill_scalars(first, size, value);
    } else {
      for (std::size_t i = 0; i < size; ++i) std::construct_at(first + i, value);
    }
    count = size;
  }

  /// Drops all elements from `size` on.
  constexpr void shorten(std::size_t size) { count = size; }
  constexpr void pop_back() { --count; }
  constexpr void clear() { count = 0; }

 private:
  // While compiling, copies are dearer than memory.
  constexpr std::size_t grown_capacity() const {
    return capacity_ < 16 ? 32 : capacity_ * (std::is_constant_evaluated() ? 4 : 2);
  }

  constexpr void grow(std::size_t more) {
    const std::size_t least = count + more, grown = grown_capacity();
    reserve(least > grown ? least : grown);
  }

  static constexpr void copy(T* to, const T* from, std::size_t size) {
    if constexpr (std::is_scalar_v<T>) {
      copy_scalars(to, from, size);
    } else {
      for (std::size_t i = 0; i < size; ++i) std::construct_at(to + i, from[i]);
    }
  }

  // The old elements stay until all are copied: `from` may lie among them.
  constexpr void append_grown(const T* from, std::size_t more) {
    list grown;
    const std::size_t least = count + more, usual = grown_capacity();
    grown.reserve(least > usual ? least : usual);
    copy(grown.first, first, count);
    copy(grown.first + count, from, more);
    std::swap(first, grown.first);
    std::swap(capacity_, grown.capacity_);
    count = least;
  }

  constexpr void push_grown(T value) {  // a copy: it may have been an element
    reserve(grown_capacity());
    push_back(value);
  }

  constexpr void release() {
    if constexpr (std::is_scalar_v<T>) {
      delete[] first;
    } else {
      if (first != nullptr) std::allocator<T>().deallocate(first, capacity_);
    }
  }

  std::size_t capacity_ = 0;
};

}  // namespace v0
}  // namespace tenon
