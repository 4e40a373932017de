// SPDX-License-Identifier: Apache-2.0
// The header of a npy file, NumPy's format for one array: read as NumPy reads it, and written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/file.hpp"
#include "tenon/io/python_literal.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// NumPy's words for a type of element.
struct npy_type {
  /// As it is written: "<f4", "|u1".
  std::string_view written;
  std::size_t bytes;
  /// Between commas: what may stand behind a mark of the byte order, and what must stand alone.
  std::string_view codes, names;
};

inline constexpr npy_type npy_float32{"<f4", 4, ",f4,f,", ",float32,single,"};
inline constexpr npy_type npy_int32{"<i4", 4, ",i4,i,", ",int32,intc,"};
inline constexpr npy_type npy_int64{"<i8", 8, ",i8,l,n,p,q,", ",int64,int,int_,intp,long,longlong,"};
inline constexpr npy_type npy_uint8{"|u1", 1, ",u1,B,", ",uint8,ubyte,"};

/// Whether NumPy, on a machine that stores the lowest byte first, takes a word for that type.
inline bool is_npy_type(const npy_type& type, std::string_view word) {
  if (word.empty() || word.find(',') != std::string_view::npos) return false;
  const auto has = [](std::string_view list, std::string_view entry) {
    return list.find(joined({",", entry, ","})) != std::string_view::npos;
  };
  if (has(type.codes, word) || has(type.names, word)) return true;
  // One byte has no order.
  const std::string_view orders = type.bytes == 1 ? "<=|>" : "<=|";
  return orders.find(word[0]) != std::string_view::npos && has(type.codes, word.substr(1));
}

/// What a npy file says of its array.
struct npy_header {
  /// NumPy's word for the element type: "<f4", "|u1", ...
  std::string dtype;
  bool column_major = false;
  std::vector<std::size_t> extents;
  /// The values, wherever the header ended.
  std::span<const std::byte> data;
};

/// Reads the literal of a npy header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
inline npy_header read_npy_literal(const std::string& path, std::string_view text, bool allows_long) {
  using kind = python_value::kind_type;
  const python_value literal = python_literal(path, text, allows_long).read();
  if (literal.kind != kind::dictionary) throw_format_error(path, "a dictionary for its header", "something else");
  npy_header result;
  constexpr std::string_view keys[] = {"descr", "fortran_order", "shape"};
  bool seen[] = {false, false, false};
  for (std::size_t i = 0; i < literal.elements.size(); i += 2) {
    const python_value &key = literal.elements[i], &value = literal.elements[i + 1];
    const std::size_t number = key.text == keys[0] ? 0 : key.text == keys[1] ? 1 : 2;
    if (key.kind != kind::string || key.text != keys[number] || seen[number]) {
      throw_format_error(path, "each of 'descr', 'fortran_order' and 'shape' once in its header",
                         key.kind == kind::string ? in_quotes(key.text) : "a key that is no string");
    }
    seen[number] = true;
    constexpr kind wanted[] = {kind::string, kind::boolean, kind::tuple};
    constexpr const char* words[] = {"a string", "True or False", "a tuple"};
    if (value.kind != wanted[number]) {
      throw_format_error(path, joined({words[number], " for '", keys[number], "'"}), "something else");
    }
    if (number == 0) result.dtype = value.text;
    if (number == 1) result.column_major = value.number != 0;
    for (const python_value& extent : value.elements) {
      // To Python True is 1.
      const bool is_number = extent.kind == kind::integer || extent.kind == kind::boolean;
      if (!is_number || extent.number < 0) {
        throw_format_error(path, "an extent of 0 or more",
                           is_number ? std::to_string(extent.number) : "something else");
      }
      result.extents.push_back(static_cast<std::size_t>(extent.number));
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (seen[i]) continue;
    throw_format_error(path, "'descr', 'fortran_order' and 'shape' in its header", joined({"no '", keys[i], "'"}));
  }
  return result;
}

/// Reads the header of a file that must hold values of `type`, and nothing after them.
inline npy_header parse_npy(const std::string& path, std::span<const std::byte> bytes, const npy_type& type) {
  constexpr std::string_view magic = "\x93NUMPY";
  constexpr std::size_t prefix = magic.size() + 2, longest = 10000;  // NumPy's bound
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic)) throw_format_error(path, "a npy file", "no signature of one");
  const auto byte = [&](std::size_t at) -> std::size_t {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  const std::size_t version = byte(magic.size()), minor = byte(magic.size() + 1), length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3 || minor != 0) {
    throw_format_error(path, "version 1.0, 2.0 or 3.0 of npy",
                       joined({std::to_string(version), ".", std::to_string(minor)}));
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= byte(prefix + i) << (8 * i);
  if (text.size() < prefix + length_bytes || text.size() - prefix - length_bytes < length) {
    throw_format_error(path, joined({"a header of ", std::to_string(length), " bytes"}),
                       joined({std::to_string(text.size()), " bytes of file"}));
  }
  if (length > longest) throw_format_error(path, "a header of at most 10000 bytes", std::to_string(length));
  const std::string_view literal = text.substr(prefix + length_bytes, length);
  if (literal.find('\0') != std::string_view::npos) throw_format_error(path, "a header of text", "a zero byte in it");

  npy_header result = read_npy_literal(path, literal, version <= 2);
  result.data = bytes.subspan(prefix + length_bytes + length);
  if (!is_npy_type(type, result.dtype)) {
    throw_format_error(path, joined({"values of type ", type.written}), in_quotes(result.dtype));
  }
  // An extent of 0 makes an array empty, but does not make the others smaller.
  std::size_t total = type.bytes, places = type.bytes;
  for (const std::size_t extent : result.extents) {
    total *= extent;
    if (extent > 0 && (__builtin_mul_overflow(places, extent, &places) || places > PTRDIFF_MAX)) {
      throw_format_error(path, "a size that can be counted", "more");
    }
  }
  if (result.data.size() != total) {
    throw_format_error(path, joined({std::to_string(total), " bytes of values"}), std::to_string(result.data.size()));
  }
  return result;
}

/// The bytes in front of the values of an array in row-major order, of a multiple of 64 bytes.
inline std::string written_npy_header(const npy_type& type, std::span<const std::size_t> extents) {
  std::string literal = joined({"{'descr': '", type.written, "', 'fortran_order': False, 'shape': ("});
  for (std::size_t i = 0; i < extents.size(); ++i) {
    literal += joined({i > 0 ? " " : "", std::to_string(extents[i]), i == 0 || i + 1 < extents.size() ? "," : ""});
  }
  literal += "), }";
  const std::size_t needed = literal.size() + 1 + 10;
  // Version 1 counts the literal's bytes in 16 bits; some thousand dimensions take more.
  const bool is_short = (needed + 63) / 64 * 64 < 65536;
  const std::size_t prefix = is_short ? 10 : 12, whole = (literal.size() + 1 + prefix + 63) / 64 * 64;
  literal.resize(whole - prefix - 1, ' ');
  literal += '\n';
  std::string result = "\x93NUMPY";
  result += is_short ? '\1' : '\2';
  result += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) result += static_cast<char>(literal.size() >> (8 * i) & 0xff);
  return result + literal;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
