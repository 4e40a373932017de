// SPDX-License-Identifier: Apache-2.0
// npy files, NumPy's format for one array, through xtensor.
#pragma once

#if !__has_include(<xtensor/xarray.hpp>)
#  include "tenon/core/language.hpp"
#  error "xtensor was not found. Debian: apt-get install libxtensor-dev"
#  include TENON_STOP
#endif

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>
#include <xtensor/xarray.hpp>

#include "tenon/core/tensor_view.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/npy_header.hpp"

namespace tenon {
inline namespace v0 {

static_assert(std::endian::native == std::endian::little, "npy values are read and written as they lie");

/// The element types of npy files read and written here.
template <class T>
concept npy_element = std::same_as<T, float> || std::same_as<T, std::int64_t> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::uint8_t>;

namespace detail {

template <npy_element T>
constexpr const npy_type& npy_type_of() {
  if constexpr (std::same_as<T, float>) return npy_float32;
  if constexpr (std::same_as<T, std::int64_t>) return npy_int64;
  if constexpr (std::same_as<T, std::int32_t>) return npy_int32;
  if constexpr (std::same_as<T, std::uint8_t>) return npy_uint8;
}

template <npy_element T>
void write_npy(const std::string& path, std::span<const std::size_t> extents, std::span<const T> values) {
  const std::string header = written_npy_header(npy_type_of<T>(), extents);
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(header)), std::as_bytes(values)};
  replace_file(path, parts);
}

}  // namespace detail

/// Reads a npy file as an array of any rank, row-major whatever its order in the file. The header may be any that NumPy
/// reads for the type, but for a key given twice. Throws file_error if the file is missing or cannot be read,
/// format_error if it is no npy file, is truncated or overlong, or holds another element type or byte order (nothing is
/// converted). The size is checked against the file before anything is allocated.
template <npy_element T>
xt::xarray<T> load_npy(const std::string& path) {
  const mapped_file file(path);
  // xt::load_npy would not do: it neither compares the header with the file's length nor reads one of 128 to 255 bytes.
  const detail::npy_header header = detail::parse_npy(path, file.bytes(), detail::npy_type_of<T>());
  xt::xarray<T, xt::layout_type::dynamic> stored(
      header.extents, header.column_major ? xt::layout_type::column_major : xt::layout_type::row_major);
  if (!header.data.empty()) std::memcpy(stored.data(), header.data.data(), header.data.size());
  return xt::xarray<T>(stored);
}

/// Writes a tensor as a npy file, whatever the program's locale (xt::dump_npy would group digits as it says). `path`
/// holds what it held before or the whole new file (see replace_file); throws file_error if it cannot be written.
template <class T, int Rank>
requires npy_element<std::remove_const_t<T>>
void save_npy(const std::string& path, const tensor_view<T, Rank>& tensor) {
  std::array<std::size_t, static_cast<std::size_t>(Rank)> extents{};
  for (std::size_t i = 0; i < extents.size(); ++i) extents[i] = static_cast<std::size_t>(tensor.extents()[i]);
  detail::write_npy<std::remove_const_t<T>>(path, extents, {tensor.data(), static_cast<std::size_t>(tensor.size())});
}

/// Writes an array of any rank.
template <npy_element T>
void save_npy(const std::string& path, const xt::xarray<T>& array) {
  detail::write_npy<T>(path, std::vector<std::size_t>(array.shape().begin(), array.shape().end()),
                       {array.data(), array.size()});
}

}  // namespace v0
}  // namespace tenon
