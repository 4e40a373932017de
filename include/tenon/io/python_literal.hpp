// SPDX-License-Identifier: Apache-2.0
// Python literals as headers of npy files hold them: dictionaries, tuples, strings, whole numbers and truth values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// A value of one of these kinds. A dictionary's elements are keys and values in turn.
struct python_value {
  enum class kind_type : std::uint8_t { string, integer, boolean, tuple, dictionary } kind = kind_type::string;
  std::string text;
  std::int64_t number = 0;
  std::vector<python_value> elements;
};

/// Reads what ast.literal_eval reads, as far as the kinds above go, and refuses the rest with a format_error that names
/// the byte. Python 2's suffix L is read where it is said to be allowed.
class python_literal {
 public:
  python_literal(const std::string& path, std::string_view text, bool allows_long)
      : path_(path), text_(text), allows_long_(allows_long) {}

  python_value read() {
    python_value result = value(0);
    skip_space();
    if (position_ != text_.size()) refuse("the end of the header");
    return result;
  }

 private:
  using kind = python_value::kind_type;
  static constexpr int deepest = 32;

  char peek(std::size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }
  static bool is_digit(char character) { return character >= '0' && character <= '9'; }
  static bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') || character == '_';
  }
  static int digit_value(char character) {
    if (is_digit(character)) return character - '0';
    const char small = static_cast<char>(character | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : 99;
  }

  /// Blanks, line ends, comments and joined lines.
  void skip_space() {
    for (; position_ < text_.size(); ++position_) {
      if (peek() == '#') {
        while (position_ + 1 < text_.size() && peek(1) != '\n' && peek(1) != '\r') ++position_;
      } else if (peek() == '\\' && (peek(1) == '\n' || peek(1) == '\r')) {
        ++position_;
      } else if (std::string_view(" \t\f\n\r").find(peek()) == std::string_view::npos) {
        return;
      }
    }
  }
  bool accept(char character) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != character) return false;
    ++position_;
    return true;
  }
  [[noreturn]] void refuse(const std::string& expected) const {
    throw_format_error(path_, joined({expected, " at byte ", std::to_string(position_), " of its header"}),
                       in_quotes(text_.substr(position_, 1)));
  }

  python_value value(int depth) {
    if (depth == deepest) refuse("at most 32 brackets inside of each other");
    python_value result;
    if (accept('{')) {
      result.kind = kind::dictionary;
      while (!accept('}')) {
        result.elements.push_back(value(depth + 1));
        if (!accept(':')) refuse("':'");
        result.elements.push_back(value(depth + 1));
        if (accept(',')) continue;
        if (!accept('}')) refuse("',' or '}'");
        break;
      }
    } else if (accept('(')) {
      result.kind = kind::tuple;
      while (!accept(')')) {
        result.elements.push_back(value(depth + 1));
        if (accept(',')) continue;
        if (!accept(')')) refuse("',' or ')'");
        // A value in brackets without a comma is that value.
        if (result.elements.size() == 1) return python_value(result.elements[0]);
        break;
      }
    } else if (is_digit(peek()) || peek() == '-' || peek() == '+') {
      result.kind = kind::integer;
      result.number = integer();
    } else if (starts_string()) {
      while (starts_string()) {
        add_string(result.text);
        skip_space();
      }
    } else {
      std::size_t length = 0;
      while (is_letter(peek(length)) || is_digit(peek(length))) ++length;
      const std::string_view word = text_.substr(position_, length);
      if (word != "True" && word != "False") refuse("a string, a whole number, True, False or a bracket");
      result.kind = kind::boolean;
      result.number = word == "True" ? 1 : 0;
      position_ += length;
    }
    return result;
  }

  std::int64_t integer() {
    const bool negative = peek() == '-';
    if (negative || peek() == '+') ++position_;
    skip_space();
    const char mark = static_cast<char>(peek(1) | 0x20);
    const int base = peek() != '0' ? 10 : mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) position_ += 2;
    const std::size_t begin = position_;
    std::int64_t result = 0;
    for (;; ++position_) {
      // Digits may be grouped by single underscores, in front of all behind a base.
      if (peek() == '_' && (position_ > begin || base != 10) && digit_value(peek(1)) < base) continue;
      if (digit_value(peek()) >= base) break;
      if (__builtin_mul_overflow(result, base, &result) ||
          __builtin_add_overflow(result, digit_value(peek()), &result)) {
        refuse("a number below 2^63");
      }
    }
    if (position_ == begin) refuse("a whole number");
    if (base == 10 && result != 0 && text_[begin] == '0') refuse("a number without a leading zero");
    const std::size_t end = position_;
    if (allows_long_) {
      skip_space();
      if (peek() == 'L' && !is_letter(peek(1)) && !is_digit(peek(1))) return ++position_, negative ? -result : result;
      position_ = end;
    }
    if (is_letter(peek()) || is_digit(peek()) || peek() == '.') refuse("the end of a whole number");
    return negative ? -result : result;
  }

  /// How many letters stand before the quote of a string; -1 where no string of text begins.
  int prefix_length() const {
    for (int length = 0; length < 2; ++length) {
      const char quote = peek(static_cast<std::size_t>(length));
      if (quote == '\'' || quote == '"') return length;
      if (std::string_view("rRuU").find(quote) == std::string_view::npos) return -1;
    }
    return -1;
  }
  bool starts_string() const { return position_ < text_.size() && prefix_length() >= 0; }

  void add_string(std::string& result) {
    const bool raw = (peek() | 0x20) == 'r';
    position_ += static_cast<std::size_t>(prefix_length());
    const char quote = peek();
    const std::size_t quotes = peek(1) == quote && peek(2) == quote ? 3 : 1;
    const std::string_view end = quotes == 3 ? text_.substr(position_, 3) : text_.substr(position_, 1);
    position_ += quotes;
    while (!text_.substr(position_).starts_with(end)) {
      if (position_ == text_.size()) refuse("the end of a string");
      if (quotes == 1 && (peek() == '\n' || peek() == '\r')) refuse("the end of a string in its line");
      if (peek() != '\\') {
        result += text_[position_++];
      } else if (position_ + 1 == text_.size()) {
        refuse("the end of a string");
      } else if (raw) {
        result += text_.substr(position_, 2);
        position_ += 2;
      } else {
        add_escape(result);
      }
    }
    position_ += quotes;
  }

  /// A backslash and what it stands for; characters beyond ASCII, which no header needs, become question marks.
  void add_escape(std::string& result) {
    static constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
    ++position_;
    const char letter = text_[position_];
    const std::size_t known = letters.find(letter);
    const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (known != std::string_view::npos) {
      result += meanings[known];
      ++position_;
    } else if (letter == '\n') {
      ++position_;
    } else if (digits > 0 || digit_value(letter) < 8) {
      const int base = digits > 0 ? 16 : 8;
      if (digits > 0) ++position_;
      std::uint32_t code = 0;
      std::size_t count = 0;
      for (; count < (digits > 0 ? digits : 3) && digit_value(peek()) < base; ++count, ++position_) {
        code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit_value(peek()));
      }
      if (count < digits || code > 0x10ffff) refuse("digits of a character's number");
      result += code < 0x80 ? static_cast<char>(code) : '?';
    } else if (letter == 'N') {
      refuse("a character without a name");
    } else {
      result += '\\';
    }
  }

  const std::string& path_;
  std::string_view text_;
  bool allows_long_;
  std::size_t position_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
