// SPDX-License-Identifier: Apache-2.0
// The lesser and the greater of two numbers, and a sort, for what is evaluated while compiling.
#pragma once

#include <cstddef>
#include <type_traits>

#include "tenon/core/list.hpp"

namespace tenon {
inline namespace v0 {

// <algorithm> would be a seventh of what a description's headers take to compile, and std::sort takes several calls for
// each comparison, which is dear in constant evaluation.

template <class T>
constexpr T lesser(T a, std::type_identity_t<T> b) {
  return b < a ? b : a;
}
template <class T>
constexpr T greater(T a, std::type_identity_t<T> b) {
  return a < b ? b : a;
}

/// Sorts elements that are numbers or records of numbers so that no element comes `before` the one in front of it;
/// equal ones keep their order. Cost: count * log(count) comparisons, and memory for as many elements.
template <class T, class Before>
constexpr void sort_elements(T* elements, std::size_t count, const Before& before) {
  // Runs of 1, 2, 4, ... elements are merged.
  if (count < 2) return;
  list<T> merged(count, elements[0]);
  T *from = elements, *to = merged.first;
  for (std::size_t run = 1; run < count; run *= 2) {
    for (std::size_t begin = 0; begin < count; begin += 2 * run) {
      std::size_t a = begin, b = lesser(begin + run, count);
      const std::size_t a_end = b, b_end = lesser(begin + 2 * run, count);
      for (std::size_t i = begin; i < b_end; ++i) {
        const bool takes_b = a == a_end || (b < b_end && before(from[b], from[a]));
        to[i] = from[takes_b ? b++ : a++];
      }
    }
    T* const latest = to;
    to = from;
    from = latest;
  }
  if (from == elements) return;
  for (std::size_t i = 0; i < count; ++i) elements[i] = from[i];
}

}  // namespace v0
}  // namespace tenon
