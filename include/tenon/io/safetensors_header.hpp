// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file: read with every rule of the format checked, and written.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/foreign_weights.hpp"
#include "tenon/io/json.hpp"

namespace tenon {
inline namespace v0 {

/// A tensor inside a safetensors file.
struct stored_tensor {
  std::string name;
  /// The format's word for the element type: "F32", "I64", ...
  std::string dtype;
  /// Outermost first; empty for a scalar.
  std::vector<std::int64_t> extents;
  /// Row-major little-endian values, not always aligned to their size: copy them with memcpy.
  const std::byte* data = nullptr;
  std::int64_t bytes = 0;
};

/// The free text of a safetensors file, `__metadata__`.
using safetensors_metadata = std::map<std::string, std::string>;

namespace detail {

inline constexpr std::string_view metadata_key = "__metadata__";

/// Bits an element takes, 0 for a dtype the format does not have.
constexpr std::int64_t safetensors_bits(std::string_view dtype) {
  struct entry {
    std::string_view dtype;
    std::int64_t bits;
  };
  constexpr entry table[] = {{"F32", 32},    {"I64", 64},    {"F16", 16},    {"BF16", 16},   {"F64", 64},
                             {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U8", 8},      {"BOOL", 8},
                             {"U16", 16},    {"U32", 32},    {"U64", 64},    {"C64", 64},    {"F8_E5M2", 8},
                             {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}};
  for (const entry& known : table) {
    if (known.dtype == dtype) return known.bits;
  }
  return 0;
}

/// "(64, 3, 3, 3)"
[[gnu::cold]] inline std::string extents_text(const std::vector<std::int64_t>& extents) {
  std::string result;
  for (const std::int64_t extent : extents)
    result = joined({result, result.empty() ? "(" : ", ", std::to_string(extent)});
  return joined({result.empty() ? "(" : result, ")"});
}

[[noreturn, gnu::cold]] inline void throw_tensor_error(const std::string& path, const std::string& tensor,
                                                       const std::string& expected, const std::string& found) {
  throw format_error(joined({path, ": tensor ", in_quotes(tensor), ": expected ", expected, ", found ", found}), tensor,
                     expected, found);
}

/// The bytes of a tensor by its dtype and extents.
[[gnu::cold]] inline std::int64_t safetensors_bytes(const std::string& path, const std::string& tensor,
                                                    const std::string& dtype,
                                                    const std::vector<std::int64_t>& extents) {
  const std::int64_t bits = safetensors_bits(dtype);
  if (bits == 0) throw_tensor_error(path, tensor, "a dtype of the format such as F32 or I64", in_quotes(dtype));
  std::int64_t total = bits;
  for (const std::int64_t extent : extents) {
    if (extent < 0 || __builtin_mul_overflow(total, extent, &total)) {
      throw_tensor_error(path, tensor, "extents from 0 on whose bits can be counted in 63 bits", extents_text(extents));
    }
  }
  if (total % 8 != 0) throw_tensor_error(path, tensor, "whole bytes", joined({std::to_string(total), " bits"}));
  return total / 8;
}

/// "JSON's string"
inline std::string named(const json_value& value) { return joined({"JSON's ", value.type_name()}); }

/// A natural number of 63 bits as JSON has it, or -1.
inline std::int64_t natural_of(const json_value& value) {
  std::int64_t result = -1;
  const char* const end = value.text.data() + value.text.size();
  if (value.kind != json_kind::number || value.text.starts_with('-')) return -1;
  const auto [last, problem] = std::from_chars(value.text.data(), end, result);
  return problem == std::errc() && last == end ? result : -1;
}

/// The natural numbers of a JSON list.
[[gnu::cold]] inline std::vector<std::int64_t> read_naturals(const std::string& path, const std::string& tensor,
                                                             const json_value& entry, const char* key) {
  const json_value* const list = entry.find(key);
  const std::string expected = joined({"'", key, "', a list of integers from 0 to 2^63 - 1"});
  if (list == nullptr) throw_tensor_error(path, tensor, expected, "none");
  if (list->kind != json_kind::array) throw_tensor_error(path, tensor, expected, named(*list));
  std::vector<std::int64_t> result;
  for (const json_value& element : list->elements) {
    result.push_back(natural_of(element));
    if (result.back() >= 0) continue;
    throw_tensor_error(path, tensor, expected, element.kind == json_kind::number ? element.text : named(element));
  }
  return result;
}

[[gnu::cold]] inline stored_tensor read_entry(const std::string& path, const json_value& entry,
                                              std::span<const std::byte> buffer) {
  const std::string& name = entry.key;
  if (entry.kind != json_kind::object) throw_tensor_error(path, name, "an object", named(entry));
  const json_value* const dtype = entry.find("dtype");
  if (dtype == nullptr || dtype->kind != json_kind::string) {
    throw_tensor_error(path, name, "'dtype', a string", dtype == nullptr ? "none" : named(*dtype));
  }
  stored_tensor result{name, dtype->text, read_naturals(path, name, entry, "shape")};
  result.bytes = safetensors_bytes(path, name, result.dtype, result.extents);

  const std::vector<std::int64_t> offsets = read_naturals(path, name, entry, "data_offsets");
  if (offsets.size() != 2) {
    throw_tensor_error(path, name, "2 data_offsets", std::to_string(offsets.size()));
  }
  const std::int64_t begin = offsets[0], end = offsets[1];
  const std::string range = joined({"offsets ", std::to_string(begin), " to ", std::to_string(end)});
  if (begin > end || end > static_cast<std::int64_t>(buffer.size())) {
    throw_tensor_error(path, name,
                       joined({"offsets within the file's ", std::to_string(buffer.size()), " bytes of data"}), range);
  }
  if (end - begin != result.bytes) {
    throw_tensor_error(
        path, name,
        joined({std::to_string(result.bytes), " bytes for ", result.dtype, " ", extents_text(result.extents)}),
        joined({std::to_string(end - begin), " (", range, ")"}));
  }
  result.data = buffer.data() + begin;
  return result;
}

/// Tensors in some order, by a function's address, so that the compiler makes one kind of tree. No allocation is large,
/// however many there are.
using tensor_order = std::set<const stored_tensor*, bool (*)(const stored_tensor*, const stored_tensor*)>;

inline bool is_before_by_name(const stored_tensor* a, const stored_tensor* b) { return a->name < b->name; }

/// A tensor without bytes may share its offset with the one after it: it goes first.
inline bool is_before_by_place(const stored_tensor* a, const stored_tensor* b) {
  if (a->data != b->data) return a->data < b->data;
  return a->bytes != b->bytes ? a->bytes < b->bytes : a->name < b->name;
}

/// The tensors must fill the buffer, each byte once. Expects them in the order of their places.
[[gnu::cold]] inline void check_tiling(const std::string& path, const std::deque<stored_tensor>& tensors,
                                       std::span<const std::byte> buffer) {
  std::int64_t end = 0;
  std::string before = "the start of the data";
  for (const stored_tensor& tensor : tensors) {
    const std::int64_t begin = tensor.data - buffer.data();
    if (begin != end) {
      throw_tensor_error(path, tensor.name, joined({"offset ", std::to_string(end), ", right after ", before}),
                         joined({std::to_string(begin), begin < end ? ", an overlap" : ", a hole"}));
    }
    end = begin + tensor.bytes;
    before = joined({"tensor ", in_quotes(tensor.name)});
  }
  if (end != static_cast<std::int64_t>(buffer.size())) {
    throw_format_error(path, joined({std::to_string(end), " bytes of data for its tensors"}),
                       std::to_string(buffer.size()));
  }
}

/// What a file's header tells.
struct safetensors_content {
  std::deque<stored_tensor> tensors;  ///< in the order of their data
  safetensors_metadata metadata;
};

/// Reads everything but the values: 8 bytes length, header, data.
[[gnu::cold]] inline safetensors_content parse_safetensors(const std::string& path, std::span<const std::byte> bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  const bool has_header = bytes.size() > 8 && length > 0 && length <= bytes.size() - 8;
  if (!has_header || bytes[8] != std::byte{'{'}) refuse_foreign_weights(path, bytes);
  if (bytes.size() < 8) {
    throw_format_error(path, "a safetensors file of 8 bytes or more", std::to_string(bytes.size()));
  }
  if (length > bytes.size() - 8) {
    throw_format_error(path,
                       joined({"a safetensors header of at most the ", std::to_string(bytes.size() - 8),
                               " bytes that follow its length"}),
                       std::to_string(length));
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
  if (!header.starts_with('{')) {
    throw_format_error(path, "a safetensors header that begins with {", in_quotes(header.substr(0, 1)));
  }
  const std::span<const std::byte> buffer = bytes.subspan(8 + header.size());
  const json_value json = json_reader(path, "a header in JSON", header).read();

  std::deque<stored_tensor> tensors;
  safetensors_content result;
  for (const json_value& entry : json.elements) {
    if (entry.key != metadata_key) {
      tensors.push_back(read_entry(path, entry, buffer));
      continue;
    }
    if (entry.kind == json_kind::null) continue;  // what some writers make of none
    const std::string expected = "__metadata__ of strings";
    if (entry.kind != json_kind::object) throw_format_error(path, expected, named(entry));
    for (const json_value& text : entry.elements) {
      if (text.kind != json_kind::string) {
        throw_format_error(path, expected, joined({named(text), " at ", in_quotes(text.key)}));
      }
      result.metadata.emplace(text.key, text.text);
    }
  }
  tensor_order by_place(is_before_by_place);
  for (const stored_tensor& tensor : tensors) by_place.insert(&tensor);
  for (const stored_tensor* tensor : by_place) result.tensors.push_back(*tensor);
  check_tiling(path, result.tensors, buffer);
  return result;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
