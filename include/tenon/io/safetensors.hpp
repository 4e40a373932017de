// SPDX-License-Identifier: Apache-2.0
// Safetensors files, the format PyTorch users keep weights in: reader and writer.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/safetensors_header.hpp"

namespace tenon {
inline namespace v0 {

static_assert(std::endian::native == std::endian::little, "safetensors values are read and written as they lie");

/// A safetensors file, opened and wholly checked; its values are seen in place, without a copy.
///
/// Throws file_error if the file is missing or cannot be read, format_error if it is no safetensors file: truncated, a
/// header longer than the file or not the JSON it should be, a name twice, a size that does not follow from dtype and
/// shape, offsets that overlap, leave a hole or lead outside. The sentence names the file, the tensor and both numbers.
///
///     const tenon::safetensors_file file("unet.safetensors");
///     if (const tenon::stored_tensor* tensor = file.find("encoder.0.weight")) ...
class safetensors_file {
 public:
  explicit safetensors_file(const std::string& path)
      : path_(path), file_(path), content_(detail::parse_safetensors(path, file_.bytes())) {
    for (const stored_tensor& tensor : content_.tensors) by_name_.insert(&tensor);
  }

  const std::string& path() const { return path_; }

  /// All tensors in the order of their data; valid while this object lives.
  const std::deque<stored_tensor>& tensors() const { return content_.tensors; }

  /// The tensor of that name, or nullptr.
  const stored_tensor* find(std::string_view name) const {
    stored_tensor wanted;
    wanted.name = name;
    const auto found = by_name_.find(&wanted);
    return found == by_name_.end() ? nullptr : *found;
  }

  const safetensors_metadata& metadata() const { return content_.metadata; }

 private:
  std::string path_;
  mapped_file file_;
  detail::safetensors_content content_;
  detail::tensor_order by_name_{detail::is_before_by_name};
};

/// A tensor to be written.
struct tensor_source {
  std::string name;
  /// The format's word for the element type: "F32", "I64", ...
  std::string dtype;
  /// Outermost first; empty for a scalar.
  std::vector<std::int64_t> extents;
  /// Row-major values; may be null where an extent is 0.
  const void* data = nullptr;
};

/// Writes the tensors in the given order as a safetensors file, the header padded with spaces to 8 bytes. `path` holds
/// what it held before or the whole new file, whatever happens (see replace_file). Throws file_error if it cannot be
/// written, format_error (before anything is written) for a name given twice or `__metadata__`, a dtype that the format
/// does not have, a negative extent, text that is not UTF-8, or values missing.
[[gnu::cold]] inline void write_safetensors(const std::string& path, std::span<const tensor_source> tensors,
                                            const safetensors_metadata& metadata = {}) {
  std::string header = "{";
  if (!metadata.empty()) {
    for (const auto& [key, value] : metadata) {
      header += header.size() == 1 ? "\"__metadata__\":{" : ",";
      header += joined({detail::json_string(path, key), ":", detail::json_string(path, value)});
    }
    header += "}";
  }

  std::vector<std::span<const std::byte>> parts(2);
  std::set<std::string_view> names{detail::metadata_key};
  std::int64_t offset = 0;
  for (const tensor_source& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      detail::throw_tensor_error(path, tensor.name, "a name of its own", "one already taken");
    }
    const std::int64_t bytes = detail::safetensors_bytes(path, tensor.name, tensor.dtype, tensor.extents);
    if (bytes > 0 && tensor.data == nullptr) {
      detail::throw_tensor_error(path, tensor.name, joined({std::to_string(bytes), " bytes"}), "a null pointer");
    }
    header += joined({header.size() == 1 ? "" : ",", detail::json_string(path, tensor.name), R"(:{"dtype":")",
                      tensor.dtype, R"(","shape":[)"});
    for (std::size_t i = 0; i < tensor.extents.size(); ++i) {
      header += joined({i == 0 ? "" : ",", std::to_string(tensor.extents[i])});
    }
    header += joined({R"(],"data_offsets":[)", std::to_string(offset), ",", std::to_string(offset + bytes), "]}"});
    offset += bytes;
    parts.emplace_back(static_cast<const std::byte*>(tensor.data), static_cast<std::size_t>(bytes));
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');

  const auto length = static_cast<std::uint64_t>(header.size());
  parts[0] = std::as_bytes(std::span(&length, 1));
  parts[1] = std::as_bytes(std::span(header));
  replace_file(path, parts);
}

}  // namespace v0
}  // namespace tenon
