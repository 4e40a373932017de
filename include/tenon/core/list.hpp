// SPDX-License-Identifier: Apache-2.0
// A growable array of scalars that is cheap to use while compiling.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace tenon {
inline namespace v0 {

/// A growable array of numbers or characters. What std::vector does in a handful of nested calls an element, this does
/// in one: in constant evaluation, where each call costs, it is several times as fast.
template <class T>
requires std::is_scalar_v<T>
class list {
 public:
  using value_type = T;

  constexpr list() = default;
  constexpr list(std::size_t size, T value) { assign(size, value); }
  constexpr list(const list& other) { append(other.data_, other.size_); }
  constexpr list(list&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  constexpr list& operator=(list other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  constexpr ~list() { delete[] data_; }

  constexpr T* data() { return data_; }
  constexpr const T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T* begin() { return data_; }
  constexpr T* end() { return data_ + size_; }
  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }
  constexpr T& operator[](std::size_t i) { return data_[i]; }
  constexpr const T& operator[](std::size_t i) const { return data_[i]; }

  constexpr void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* grown = new T[capacity];
    for (std::size_t i = 0; i < size_; ++i) grown[i] = data_[i];
    delete[] data_;
    data_ = grown;
    capacity_ = capacity;
  }

  constexpr void push_back(T value) {
    if (size_ == capacity_) reserve(capacity_ < 16 ? 32 : 2 * capacity_);
    data_[size_++] = value;
  }

  constexpr void append(const T* from, std::size_t count) {
    if (size_ + count > capacity_) reserve(size_ + count > 2 * capacity_ ? size_ + count : 2 * capacity_);
    for (std::size_t i = 0; i < count; ++i) data_[size_ + i] = from[i];
    size_ += count;
  }

  constexpr void assign(std::size_t size, T value) {
    clear();
    reserve(size);
    for (std::size_t i = 0; i < size; ++i) data_[i] = value;
    size_ = size;
  }

  /// Drops all elements from `size` on.
  constexpr void shorten(std::size_t size) { size_ = size; }
  constexpr void clear() { size_ = 0; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace v0
}  // namespace tenon
