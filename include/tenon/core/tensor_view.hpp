// SPDX-License-Identifier: Apache-2.0
// A tensor somebody else owns, seen through its pointer and extents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "tenon/core/error.hpp"
#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// "1 x 3 x 360 x 480"
template <class Extents>
std::string extents_to_text(const Extents& extents, std::size_t rank) {
  std::string text;
  for (std::size_t i = 0; i < rank; ++i) text = joined({text, i == 0 ? "" : " x ", std::to_string(extents[i])});
  return text;
}

/// The product of extents, or -1 where one is negative or 64 bits do not hold it.
constexpr std::int64_t product_of_extents(const std::int64_t* extents, std::size_t rank) {
  constexpr std::int64_t most = 0x7fffffffffffffff;
  std::int64_t product = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    if (extents[i] < 0 || (extents[i] > 0 && product > most / extents[i])) return -1;
    product *= extents[i];
  }
  return product;
}

[[noreturn]] __attribute__((cold, noinline)) inline void refuse_buffer(const std::int64_t* extents, std::size_t rank,
                                                                       std::size_t count) {
  const std::int64_t elements = product_of_extents(extents, rank);
  const std::string thing = joined({"a view of ", extents_to_text(extents, rank)}), found = std::to_string(count);
  const std::string expected =
      elements < 0 ? "extents of at least 0 whose product 64 bits hold" : std::to_string(elements);
  throw shape_error(joined({thing, " needs ", expected, elements < 0 ? "" : " elements", ", the buffer has ", found}),
                    thing, expected, found);
}

/// What has elements of T in a row: std::span, std::vector, std::array, another view. What owns them has to outlive the
/// expression, so it is no temporary.
template <class Buffer, class T>
concept buffer_of = requires(Buffer& buffer) {
  requires std::is_convertible_v<decltype(buffer.data()), T*>;
  requires std::is_convertible_v<decltype(buffer.size()), std::size_t>;
  requires std::is_lvalue_reference_v<Buffer> || std::is_trivially_copyable_v<Buffer>;
};

/// A dense row-major tensor of `Rank` dimensions that is owned elsewhere: what predictors and trainers take and give.
/// A view of T converts to a view of const T. Indices are not checked.
///
///     std::vector<float> values(3 * 360 * 480);
///     tenon::tensor_view picture{values, 1, 3, 360, 480};     // shape_error, if there were more values or fewer
///
/// Of a pointer nobody knows how many elements lie behind it: such a view is as right as its extents are.
template <class T, int Rank>
class tensor_view {
 public:
  using value_type = std::remove_const_t<T>;
  using extents_type = std::array<std::int64_t, static_cast<std::size_t>(Rank)>;
  static constexpr int rank = Rank;

  constexpr tensor_view() = default;

  /// All of a buffer: tensor_view{values, 1, 3, 360, 480}. Throws shape_error unless it has just as many elements.
  template <class Buffer, class... Extents>
  requires(buffer_of<Buffer, T> && sizeof...(Extents) == Rank &&
           (std::is_integral_v<Extents> && ...)) constexpr explicit tensor_view(Buffer&& values, Extents... extents)
      : data_(values.data()), extents_{static_cast<std::int64_t>(extents)...} {
    check(static_cast<std::size_t>(values.size()));
  }
  template <class Buffer>
  requires buffer_of<Buffer, T>
  constexpr tensor_view(Buffer&& values, const extents_type& extents) : data_(values.data()), extents_(extents) {
    check(static_cast<std::size_t>(values.size()));
  }

  /// What lies behind a pointer.
  constexpr tensor_view(T* data, const extents_type& extents) : data_(data), extents_(extents) {}

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
  constexpr const extents_type& extents() const { return extents_; }
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
    const std::int64_t index[static_cast<std::size_t>(Rank)] = {static_cast<std::int64_t>(indices)...};
    std::int64_t offset = 0;
    for (int i = 0; i < Rank; ++i) offset = offset * extents_[static_cast<std::size_t>(i)] + index[i];
    return data_[offset];
  }

 private:
  constexpr void check(std::size_t count) const {
    const std::int64_t elements = product_of_extents(extents_.data(), Rank);
    if (elements < 0 || static_cast<std::uint64_t>(elements) != count) refuse_buffer(extents_.data(), Rank, count);
  }

  T* data_ = nullptr;
  extents_type extents_{};
};

template <class Buffer, class... Extents>
requires(requires(Buffer& buffer) { buffer.data(); } && (std::is_integral_v<Extents> && ...))
    tensor_view(Buffer&&, Extents...)
->tensor_view<std::remove_pointer_t<decltype(std::declval<Buffer&>().data())>, static_cast<int>(sizeof...(Extents))>;

template <class Buffer, std::size_t Rank>
requires requires(Buffer& buffer) { buffer.data(); }
tensor_view(Buffer&&, std::array<std::int64_t, Rank>)
    ->tensor_view<std::remove_pointer_t<decltype(std::declval<Buffer&>().data())>, static_cast<int>(Rank)>;

template <class T, class... Extents>
tensor_view(T*, Extents...) -> tensor_view<T, static_cast<int>(sizeof...(Extents))>;

template <class T, std::size_t Rank>
tensor_view(T*, std::array<std::int64_t, Rank>) -> tensor_view<T, static_cast<int>(Rank)>;

}  // namespace v0
}  // namespace tenon
