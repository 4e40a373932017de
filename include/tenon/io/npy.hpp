// SPDX-License-Identifier: Apache-2.0
// npy files, NumPy's format for one array, through xtensor.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>

#include "tenon/core/tensor_view.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/npy_header.hpp"
#include "tenon/io/xtensor.hpp"

namespace tenon {
inline namespace v0 {

static_assert(std::endian::native == std::endian::little, "npy values are read and written as they lie");

/// The element types of npy files read and written here.
template <class T>
concept npy_element = std::same_as<T, float> || std::same_as<T, std::int64_t> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::uint8_t>;

/// Reads a npy file as an array of any rank, row-major whatever its order in the file. Throws file_error if the file is
/// missing or cannot be read, format_error if it is no npy file, is truncated or overlong, or holds another element
/// type (nothing is converted). The size is checked against the file before anything is allocated.
template <npy_element T>
xt::xarray<T> load_npy(const std::string& path) {
  const mapped_file file(path);
  // xt::load_npy would not do: it neither compares the header with the file's length nor reads one of 128 to 255 bytes.
  const detail::npy_header header = detail::parse_npy(path, file.bytes(), xt::detail::build_typestring<T>(), sizeof(T));
  xt::xarray<T, xt::layout_type::dynamic> stored(
      header.extents, header.column_major ? xt::layout_type::column_major : xt::layout_type::row_major);
  if (!header.data.empty()) std::memcpy(stored.data(), header.data.data(), header.data.size());
  return xt::xarray<T>(stored);
}

/// Writes a tensor as a npy file. `path` holds what it held before or the whole new file (see replace_file); throws
/// file_error if it cannot be written.
template <class T, int Rank>
requires npy_element<std::remove_const_t<T>>
void save_npy(const std::string& path, const tensor_view<T, Rank>& tensor) {
  const std::string bytes = xt::dump_npy(to_xtensor(tensor));
  const std::span<const std::byte> part = std::as_bytes(std::span(bytes));
  replace_file(path, std::span(&part, 1));
}

/// Writes an array of any rank.
template <npy_element T>
void save_npy(const std::string& path, const xt::xarray<T>& array) {
  const std::string bytes = xt::dump_npy(array);
  const std::span<const std::byte> part = std::as_bytes(std::span(bytes));
  replace_file(path, std::span(&part, 1));
}

}  // namespace v0
}  // namespace tenon
