// SPDX-License-Identifier: Apache-2.0
// The values of a stored tensor as float32 or as a whole number, whatever type of element they are stored in.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "tenon/core/finite.hpp"
#include "tenon/io/safetensors_header.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// The value of IEEE 754's binary16.
inline float half_value(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16, exponent = bits >> 10 & 0x1fU, fraction = bits & 0x3ffU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent == 31 ? 255U : exponent + 112) << 23 | fraction << 13);
}

/// The value of a bfloat16, the upper half of a float32.
inline float brain_value(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

template <class T>
T stored_element(const std::byte* from, std::size_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace detail

/// Whether a dtype of safetensors is one of the four that copy_as_float reads.
inline bool is_stored_float(std::string_view dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16";
}

/// Copies values of such a dtype as float32, as PyTorch's .float() converts them: F64 to the nearest, and to infinity
/// beyond float32's range; all else exactly. `to` has as many values as the tensor.
[[gnu::cold]] inline void copy_as_float(const stored_tensor& tensor, std::span<float> to) {
  if (tensor.dtype == "F32") {
    if (!to.empty()) std::memcpy(to.data(), tensor.data, to.size_bytes());
    return;
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = tensor.dtype == "F64"   ? static_cast<float>(detail::stored_element<double>(tensor.data, i))
            : tensor.dtype == "F16" ? detail::half_value(detail::stored_element<std::uint16_t>(tensor.data, i))
                                    : detail::brain_value(detail::stored_element<std::uint16_t>(tensor.data, i));
  }
}

/// The position of the first value that is finite and that copy_as_float would make infinite, which only F64 has.
[[gnu::cold]] inline std::optional<std::size_t> first_beyond_float(const stored_tensor& tensor) {
  const std::size_t count = tensor.dtype == "F64" ? static_cast<std::size_t>(tensor.bytes) / sizeof(double) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = detail::stored_element<double>(tensor.data, i);
    if (is_finite(value) && !is_finite(static_cast<float>(value))) return i;
  }
  return std::nullopt;
}

/// The whole number that a tensor of one value holds, in any type of integer or of is_stored_float; nothing if it is of
/// another type, has another number of values, or no whole number of 64 bits.
[[gnu::cold]] inline std::optional<std::int64_t> stored_whole_number(const stored_tensor& tensor) {
  for (const std::int64_t extent : tensor.extents) {
    if (extent != 1) return std::nullopt;
  }
  const std::string_view dtype = tensor.dtype;
  const auto value = [&]<class T>(T) { return static_cast<std::int64_t>(detail::stored_element<T>(tensor.data, 0)); };
  if (dtype == "I64") return value(std::int64_t{});
  if (dtype == "I32") return value(std::int32_t{});
  if (dtype == "I16") return value(std::int16_t{});
  if (dtype == "I8") return value(std::int8_t{});
  if (dtype == "U32") return value(std::uint32_t{});
  if (dtype == "U16") return value(std::uint16_t{});
  if (dtype == "U8") return value(std::uint8_t{});
  if (dtype == "U64") {
    const std::int64_t number = value(std::uint64_t{});
    return number < 0 ? std::nullopt : std::optional(number);
  }
  if (!is_stored_float(dtype)) return std::nullopt;
  double number = 0;
  if (dtype == "F64") {
    number = detail::stored_element<double>(tensor.data, 0);
  } else {
    float single = 0;
    copy_as_float(tensor, std::span(&single, 1));
    number = static_cast<double>(single);
  }
  // Written so that not-a-number fails too.
  if (!(number >= -0x1p63 && number < 0x1p63)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
}

}  // namespace v0
}  // namespace tenon
