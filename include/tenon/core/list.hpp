// SPDX-License-Identifier: Apache-2.0
// A growable array that is cheap to use while compiling.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>  // for std::construct_at and std::allocator: <memory> takes three times as long to compile

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

/// A growable array of numbers, characters or plain records. What std::vector does in a handful of nested calls an
/// element, this does in one: in constant evaluation, where each call costs, it is several times as fast.
template <class T>
requires std::is_trivially_copyable_v<T>
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
  constexpr ~list() { release(); }

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
  constexpr T& back() { return data_[size_ - 1]; }
  constexpr const T& back() const { return data_[size_ - 1]; }

  constexpr void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* grown = nullptr;
    if constexpr (std::is_scalar_v<T>) {
      grown = new T[capacity];
    } else {
      grown = std::allocator<T>().allocate(capacity);
    }
    copy(grown, data_, size_);
    release();
    data_ = grown;
    capacity_ = capacity;
  }

  constexpr void push_back(const T& value) {
    if (size_ == capacity_) return push_grown(value);
    if constexpr (std::is_scalar_v<T>) {
      data_[size_++] = value;
    } else {
      std::construct_at(data_ + size_++, value);
    }
  }

  /// Appends `count` numbers that the caller sets; gives the first.
  constexpr T* extend(std::size_t count) requires std::is_scalar_v<T> {
    if (size_ + count > capacity_) reserve(size_ + count > grown_capacity() ? size_ + count : grown_capacity());
    size_ += count;
    return data_ + (size_ - count);
  }

  constexpr void append(const T* from, std::size_t count) {
    if (size_ + count > capacity_) reserve(size_ + count > grown_capacity() ? size_ + count : grown_capacity());
    copy(data_ + size_, from, count);
    size_ += count;
  }

  constexpr void assign(std::size_t size, T value) {
    clear();
    reserve(size);
    if constexpr (std::is_scalar_v<T>) {
      for (std::size_t i = 0; i < size; ++i) data_[i] = value;
    } else {
      for (std::size_t i = 0; i < size; ++i) std::construct_at(data_ + i, value);
    }
    size_ = size;
  }

  /// Drops all elements from `size` on.
  constexpr void shorten(std::size_t size) { size_ = size; }
  constexpr void pop_back() { --size_; }
  constexpr void clear() { size_ = 0; }

 private:
  // While compiling, copies are dearer than memory.
  constexpr std::size_t grown_capacity() const {
    return capacity_ < 16 ? 32 : capacity_ * (std::is_constant_evaluated() ? 4 : 2);
  }

  static constexpr void copy(T* to, const T* from, std::size_t count) {
    if constexpr (std::is_scalar_v<T>) {
      copy_scalars(to, from, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) std::construct_at(to + i, from[i]);
    }
  }

  constexpr void push_grown(T value) {  // a copy: it may have been an element
    reserve(grown_capacity());
    push_back(value);
  }

  constexpr void release() {
    if constexpr (std::is_scalar_v<T>) {
      delete[] data_;
    } else {
      if (data_ != nullptr) std::allocator<T>().deallocate(data_, capacity_);
    }
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace v0
}  // namespace tenon
