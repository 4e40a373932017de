// SPDX-License-Identifier: Apache-2.0
// Elements in a row that are owned elsewhere; std::span, but cheap to use while compiling.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// What std::span<const T> is. In constant evaluation, which checks every access itself, a span's nested calls cost
/// several times the access; here code that is hot while compiling can use the pointer.
template <class T>
struct array_view {
  const T* first = nullptr;
  std::size_t count = 0;

  constexpr array_view() = default;
  constexpr array_view(const T* begin, std::size_t size) : first(begin), count(size) {}
  /// Of anything whose elements lie in a row: std::span, std::vector, std::array, list.
  template <class Range>
  requires requires(const Range& from) {
    requires std::convertible_to<decltype(from.data()), const T*>;
    from.size();
  }
  constexpr array_view(const Range& from) : first(from.data()), count(from.size()) {}
  template <std::size_t Count>
  constexpr array_view(const T (&from)[Count]) : first(from), count(Count) {}

  constexpr operator std::span<const T>() const { return {first, count}; }

  constexpr const T* data() const { return first; }
  constexpr std::size_t size() const { return count; }
  constexpr bool empty() const { return count == 0; }
  constexpr const T* begin() const { return first; }
  constexpr const T* end() const { return first + count; }
  constexpr const T& operator[](std::size_t i) const { return first[i]; }
};

}  // namespace v0
}  // namespace tenon
