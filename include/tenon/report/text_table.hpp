// SPDX-License-Identifier: Apache-2.0
// Tables of text, and numbers as reports write them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tenon/core/number_text.hpp"

namespace tenon {
inline namespace v0 {

/// Columns of text, the first two or so many aligned left and the others right, with a rule below the head and above
/// the foot.
class text_table {
 public:
  explicit text_table(std::vector<std::string> head, std::size_t left_columns = 2) : left_columns_(left_columns) {
    rows_.push_back(std::move(head));
  }

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  /// The last `foot` rows stand below a rule.
  std::string text(std::size_t foot = 0) const {
    std::vector<std::size_t> widths(rows_[0].size(), 0);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::size_t width = 2 * (widths.size() - 1);
    for (std::size_t column : widths) width += column;
    const std::string rule = std::string(width, '-') + "\n";
    std::string result;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (r == 1 || (foot > 0 && r + foot == rows_.size())) result += rule;
      for (std::size_t i = 0; i < rows_[r].size(); ++i) {
        const std::string space(widths[i] - rows_[r][i].size(), ' ');
        const bool left = i < left_columns_;
        if (i > 0) result += "  ";
        if (!left) result += space;
        result += rows_[r][i];
        if (left) result += space;
      }
      while (result.ends_with(' ')) result.pop_back();
      result += '\n';
    }
    return result;
  }

 private:
  std::size_t left_columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 12345678 as "12,345,678".
inline std::string grouped(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t behind = digits.size() - i;
    if (behind % 3 == 0 && i > 0 && digits[i - 1] != '-') result += ',';
    result += digits[i];
  }
  return result;
}

/// Bytes as "42.2 MiB".
inline std::string mebibytes(std::int64_t bytes) {
  const std::int64_t tenths = (bytes * 10 + (1 << 19)) >> 20;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

/// Bytes as a number of MiB, "6,607.0".
inline std::string grouped_mebibytes(std::int64_t bytes) {
  const std::int64_t tenths = (bytes * 10 + (1 << 19)) >> 20;
  return grouped(tenths / 10) + "." + std::to_string(tenths % 10);
}

/// A part of a whole in per cent; of nothing 0.
inline double percent_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

/// The same with one decimal, "12.5".
inline std::string percent_text(std::int64_t part, std::int64_t whole) {
  return fixed_text(percent_of(part, whole), 1);
}

}  // namespace v0
}  // namespace tenon
