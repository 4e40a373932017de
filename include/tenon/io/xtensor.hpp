// SPDX-License-Identifier: Apache-2.0
// xtensor's containers as tensor_view and back, on the same memory.
#pragma once

#if !__has_include(<xtensor/xarray.hpp>)
#  include "tenon/core/language.hpp"
#  error "xtensor was not found. Debian: apt-get install libxtensor-dev"
#  include TENON_STOP
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// `Element` carries the constness of the view.
template <class Element, int Rank, class Container>
tensor_view<Element, Rank> view_of_container(Container& container) {
  typename tensor_view<Element, Rank>::extents_type extents{};
  for (std::size_t i = 0; i < extents.size(); ++i) extents[i] = static_cast<std::int64_t>(container.shape()[i]);
  return {container.data(), extents};
}

template <class Container>
void check_rank(const Container& container, int rank) {
  const auto found = container.dimension();
  if (found == static_cast<std::size_t>(rank)) return;
  throw shape_error("xt::xarray: expected " + std::to_string(rank) + " dimensions, found " + std::to_string(found),
                    "xt::xarray", std::to_string(rank), std::to_string(found));
}

}  // namespace detail

/// Sees an xt::xtensor of row-major layout; valid until the container is resized or destroyed. One of another layout
/// has no view.
template <class Storage, std::size_t Rank, class Tag>
tensor_view<typename Storage::value_type, static_cast<int>(Rank)> view(
    xt::xtensor_container<Storage, Rank, xt::layout_type::row_major, Tag>& tensor) {
  return detail::view_of_container<typename Storage::value_type, static_cast<int>(Rank)>(tensor);
}
template <class Storage, std::size_t Rank, class Tag>
tensor_view<const typename Storage::value_type, static_cast<int>(Rank)> view(
    const xt::xtensor_container<Storage, Rank, xt::layout_type::row_major, Tag>& tensor) {
  return detail::view_of_container<const typename Storage::value_type, static_cast<int>(Rank)>(tensor);
}
/// A view of a temporary would dangle.
template <class Storage, std::size_t Rank, class Tag>
void view(const xt::xtensor_container<Storage, Rank, xt::layout_type::row_major, Tag>&& tensor) = delete;

/// Sees an xt::xarray of row-major layout as a tensor of `Rank` dimensions: view<4>(array). Throws shape_error if it
/// has another number of dimensions.
template <int Rank, class Storage, class Extents, class Tag>
tensor_view<typename Storage::value_type, Rank> view(
    xt::xarray_container<Storage, xt::layout_type::row_major, Extents, Tag>& array) {
  detail::check_rank(array, Rank);
  return detail::view_of_container<typename Storage::value_type, Rank>(array);
}
template <int Rank, class Storage, class Extents, class Tag>
tensor_view<const typename Storage::value_type, Rank> view(
    const xt::xarray_container<Storage, xt::layout_type::row_major, Extents, Tag>& array) {
  detail::check_rank(array, Rank);
  return detail::view_of_container<const typename Storage::value_type, Rank>(array);
}
template <int Rank, class Storage, class Extents, class Tag>
void view(const xt::xarray_container<Storage, xt::layout_type::row_major, Extents, Tag>&& array) = delete;

/// The view's memory as an xtensor expression of fixed rank, row-major: reads and, for a view of non-const T, writes go
/// there.
template <class T, int Rank>
auto to_xtensor(const tensor_view<T, Rank>& tensor) {
  std::array<std::size_t, static_cast<std::size_t>(Rank)> extents{};
  for (std::size_t i = 0; i < extents.size(); ++i) extents[i] = static_cast<std::size_t>(tensor.extents()[i]);
  return xt::adapt<xt::layout_type::row_major>(tensor.data(), static_cast<std::size_t>(tensor.size()),
                                               xt::no_ownership(), extents);
}

}  // namespace v0
}  // namespace tenon
