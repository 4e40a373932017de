// SPDX-License-Identifier: Apache-2.0
// A tensor somebody else owns, seen through its pointer and extents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// A dense row-major tensor of `Rank` dimensions that is owned elsewhere: what predictors and trainers take and give.
/// A view of T converts to a view of const T. Indices are not checked.
template <class T, int Rank>
class tensor_view {
 public:
  using value_type = std::remove_const_t<T>;
  static constexpr int rank = Rank;

  constexpr tensor_view() = default;
  constexpr tensor_view(T* data, const std::array<std::int64_t, Rank>& extents) : data_(data), extents_(extents) {}

  /// tensor_view{pointer, 1, 3, 360, 480}
  template <class... Extents>
  requires(sizeof...(Extents) == Rank &&
           (std::is_integral_v<Extents> && ...)) constexpr explicit tensor_view(T* data, Extents... extents)
      : data_(data), extents_{static_cast<std::int64_t>(extents)...} {}

  template <class U>
  requires std::is_same_v<const U, T>
  constexpr tensor_view(const tensor_view<U, Rank>& other)
      : data_(other.data()), extents_(other.extents()) {}  // NOLINT

  constexpr T* data() const { return data_; }
  constexpr const std::array<std::int64_t, Rank>& extents() const { return extents_; }
  constexpr std::int64_t extent(int dimension) const { return extents_[static_cast<std::size_t>(dimension)]; }

  /// The number of elements.
  constexpr std::int64_t size() const {
    std::int64_t product = 1;
    for (std::int64_t extent : extents_) product *= extent;
    return product;
  }

  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size(); }

  template <class... Indices>
  requires(sizeof...(Indices) == Rank) constexpr T& operator()(Indices... indices) const {
    const std::int64_t index[Rank] = {static_cast<std::int64_t>(indices)...};
    std::int64_t offset = 0;
    for (int i = 0; i < Rank; ++i) offset = offset * extents_[static_cast<std::size_t>(i)] + index[i];
    return data_[offset];
  }

 private:
  T* data_ = nullptr;
  std::array<std::int64_t, Rank> extents_{};
};

template <class T, class... Extents>
tensor_view(T*, Extents...) -> tensor_view<T, static_cast<int>(sizeof...(Extents))>;

template <class T, std::size_t Rank>
tensor_view(T*, std::array<std::int64_t, Rank>) -> tensor_view<T, static_cast<int>(Rank)>;

}  // namespace v0
}  // namespace tenon
