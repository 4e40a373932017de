// SPDX-License-Identifier: Apache-2.0
// The header of a npy file, NumPy's format for one array, read with every rule checked.
#pragma once

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// What a npy file says of its array.
struct npy_header {
  /// NumPy's word for the element type: "<f4", "|u1", ...
  std::string dtype;
  bool column_major = false;
  std::vector<std::size_t> extents;
  /// The values, wherever the header ended.
  std::span<const std::byte> data;
};

/// Reads the Python literal of a npy header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class npy_dictionary {
 public:
  npy_dictionary(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  npy_header read() {
    npy_header result;
    bool has_dtype = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      bool& seen = key == "descr" ? has_dtype : key == "fortran_order" ? has_order : has_shape;
      if ((key != "descr" && key != "fortran_order" && key != "shape") || seen) {
        throw_format_error(path_, "each of 'descr', 'fortran_order' and 'shape' once in its header", in_quotes(key));
      }
      seen = true;
      expect(':');
      if (key == "descr") result.dtype = string();
      if (key == "fortran_order") result.column_major = boolean();
      if (key == "shape") result.extents = tuple();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (position_ != text_.size()) refuse("the end of the header");
    if (!has_dtype || !has_order || !has_shape) {
      throw_format_error(path_, "'descr', 'fortran_order' and 'shape' in its header",
                         std::string("no ") + (!has_dtype   ? "'descr'"
                                               : !has_order ? "'fortran_order'"
                                                            : "'shape'"));
    }
    return result;
  }

 private:
  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
  }
  bool accept(char character) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != character) return false;
    ++position_;
    return true;
  }
  void expect(char character) {
    if (!accept(character)) refuse("'" + std::string(1, character) + "'");
  }
  [[noreturn]] void refuse(const std::string& expected) {
    throw_format_error(path_, expected + " at byte " + std::to_string(position_) + " of its header",
                       in_quotes(text_.substr(position_, 1)));
  }

  std::string string() {
    skip_space();
    const char quote = position_ < text_.size() && text_[position_] == '"' ? '"' : '\'';
    expect(quote);
    const std::size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) refuse("a string");
    const std::string_view result = text_.substr(position_, end - position_);
    position_ = end + 1;
    return std::string(result);
  }

  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return value;
    }
    refuse("True or False");
  }

  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> result;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t value = 0;
      const std::size_t begin = position_;
      for (; position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_])) != 0; ++position_) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text_[position_] - '0', &value)) {
          refuse("an extent below 2^63");
        }
      }
      if (position_ == begin) refuse("an extent");
      result.push_back(static_cast<std::size_t>(value));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t position_ = 0;
};

/// Reads the header of a file that must hold values of `dtype`, `element_bytes` each, and nothing after them.
inline npy_header parse_npy(const std::string& path, std::span<const std::byte> bytes, const std::string& dtype,
                            std::size_t element_bytes) {
  constexpr std::string_view magic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic)) throw_format_error(path, "a npy file", "no signature of one");
  const int version = text.size() > magic.size() ? static_cast<unsigned char>(text[magic.size()]) : 0;
  const std::size_t prefix = magic.size() + 2, length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3) throw_format_error(path, "version 1 to 3 of npy", std::to_string(version));
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes && prefix + i < text.size(); ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(text[prefix + i])) << (8 * i);
  }
  if (text.size() < prefix + length_bytes || text.size() - prefix - length_bytes < length) {
    throw_format_error(path, "a header of " + std::to_string(length) + " bytes",
                       std::to_string(text.size()) + " bytes of file");
  }

  npy_header result = npy_dictionary(path, text.substr(prefix + length_bytes, length)).read();
  result.data = bytes.subspan(prefix + length_bytes + length);
  if (result.dtype != dtype) throw_format_error(path, "values of type " + dtype, in_quotes(result.dtype));
  std::size_t total = element_bytes;
  for (const std::size_t extent : result.extents) {
    if (__builtin_mul_overflow(total, extent, &total)) throw_format_error(path, "a size that can be counted", "more");
  }
  if (result.data.size() != total) {
    throw_format_error(path, std::to_string(total) + " bytes of values", std::to_string(result.data.size()));
  }
  return result;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
