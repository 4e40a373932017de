// SPDX-License-Identifier: Apache-2.0
// JSON as RFC 8259 has it: a strict reader, and strings to be written. Small, because every program that loads weights
// compiles it.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

enum class json_kind : std::uint8_t { null, boolean, number, string, array, object };

/// A value as it was written. Elements of an object have keys.
struct json_value {
  json_kind kind = json_kind::null;
  std::string key;
  std::string text;  ///< of a string in UTF-8, its escapes replaced; else as it was written
  std::list<json_value> elements;

  std::string type_name() const {
    static constexpr const char* names[] = {"null", "boolean", "number", "string", "array", "object"};
    return names[static_cast<int>(kind)];
  }
  /// The member of an object, or nullptr.
  const json_value* find(std::string_view name) const {
    for (const json_value& element : elements) {
      if (element.key == name) return &element;
    }
    return nullptr;
  }
};

/// Bytes of the UTF-8 character (RFC 3629) that `text` begins with, 0 if it begins with none.
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than need be, surrogates, beyond the last character.
  const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return wrong ? 0 : length;
}

/// Reads a text that is one value. Refuses an object with the same key twice, and more than `deepest` values inside of
/// each other.
class json_reader {
 public:
  static constexpr int deepest = 64;

  /// Errors name the path and `what`, "a header in JSON" for instance.
  json_reader(const std::string& path, const char* what, std::string_view text)
      : path_(path), what_(what), text_(text) {}

  /// throws: format_error.
  json_value read() {
    json_value result;
    read_value(result, 0);
    skip_space();
    if (at_ != text_.size()) fail();
    if (!duplicate_.empty()) throw_format_error(path_, "each name once", duplicate_ + " twice");
    return result;
  }

 private:
  [[noreturn]] void fail() const {
    throw_format_error(path_, what_, "an error at its byte " + std::to_string(at_ + 1));
  }

  /// The next character; a zero, which is none of JSON's, at the end.
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char expected) {
    if (next() != expected) return false;
    ++at_;
    return true;
  }
  void require(char expected) {
    if (!take(expected)) fail();
  }
  void skip_space() {
    while (next() == ' ' || next() == '\t' || next() == '\n' || next() == '\r') ++at_;
  }
  bool at_digit() const { return next() >= '0' && next() <= '9'; }
  void skip_digits() {
    if (!at_digit()) fail();
    while (at_digit()) ++at_;
  }

  void read_value(json_value& to, int depth) {
    skip_space();
    switch (next()) {
      case '{':
      case '[':
        if (depth == deepest) fail();
        return read_elements(to, depth);
      case '"':
        to.kind = json_kind::string;
        to.text = read_string();
        return;
      case 't':
        return read_word(to, json_kind::boolean, "true");
      case 'f':
        return read_word(to, json_kind::boolean, "false");
      case 'n':
        return read_word(to, json_kind::null, "null");
      default:
        return read_number(to);
    }
  }

  void read_word(json_value& to, json_kind kind, const char* word) {
    to.kind = kind;
    to.text = word;
    for (const char letter : to.text) require(letter);
  }

  void read_elements(json_value& to, int depth) {
    to.kind = next() == '{' ? json_kind::object : json_kind::array;
    const char last = next() == '{' ? '}' : ']';
    ++at_;
    skip_space();
    if (take(last)) return;
    std::set<std::string_view> keys;
    do {
      json_value& element = to.elements.emplace_back();
      if (to.kind == json_kind::object) {
        skip_space();
        element.key = read_string();
        if (!keys.insert(element.key).second && duplicate_.empty()) duplicate_ = in_quotes(element.key);
        skip_space();
        require(':');
      }
      read_value(element, depth + 1);
      skip_space();
    } while (take(','));
    require(last);
  }

  void read_number(json_value& to) {
    const std::size_t begin = at_;
    take('-');
    if (!take('0')) skip_digits();
    if (take('.')) skip_digits();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      skip_digits();
    }
    to.kind = json_kind::number;
    to.text = text_.substr(begin, at_ - begin);
    double value = 0;
    const auto parsed = std::from_chars(to.text.data(), to.text.data() + to.text.size(), value);
    // What is too small for a double is out of its range too, but does no harm.
    const bool is_small = to.text.find('-', 1) != std::string::npos ||
                          (to.text.find_first_of("eE") == std::string::npos && to.text.find("0.") <= 1);
    if (parsed.ec == std::errc::result_out_of_range && !is_small)
      throw_format_error(path_, what_, "a number too great for any type");
  }

  std::string read_string() {
    require('"');
    std::string result;
    while (!take('"')) {
      if (take('\\')) {
        read_escape(result);
        continue;
      }
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0 || static_cast<unsigned char>(next()) < 0x20) fail();
      result += text_.substr(at_, length);
      at_ += length;
    }
    return result;
  }

  void read_escape(std::string& to) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (take('u')) return read_code(to);
    const std::size_t found = letters.find(next());
    if (found == std::string_view::npos) fail();
    to += meanings[found];
    ++at_;
  }

  std::uint32_t read_unit() {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      constexpr std::string_view digits = "0123456789abcdef";
      const char letter = next() >= 'A' && next() <= 'F' ? static_cast<char>(next() - 'A' + 'a') : next();
      const std::size_t digit = digits.find(letter);
      if (digit == std::string_view::npos) fail();
      unit = unit * 16 + static_cast<std::uint32_t>(digit);
    }
    return unit;
  }

  /// After \u: a UTF-16 unit, or a pair of surrogates.
  void read_code(std::string& to) {
    std::uint32_t code = read_unit();
    if (code >= 0xdc00 && code < 0xe000) fail();
    if (code >= 0xd800 && code < 0xdc00) {
      require('\\');
      require('u');
      const std::uint32_t low = read_unit();
      if (low < 0xdc00 || low >= 0xe000) fail();
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr std::uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    put(lead[more] | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) put(0x80 | (code >> (6 * i) & 0x3f));
  }

  const std::string& path_;
  const char* what_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::string duplicate_;
};

/// A string as JSON.
/// throws: format_error for what is not UTF-8.
inline std::string json_string(const std::string& path, const std::string& value) {
  constexpr std::string_view letters = "\"\\bfnrt", meanings = "\"\\\b\f\n\r\t", digits = "0123456789abcdef";
  std::string result = "\"";
  for (std::size_t i = 0; i < value.size();) {
    const std::size_t length = utf8_length(std::string_view(value).substr(i));
    if (length == 0) throw_format_error(path, "text in UTF-8", in_quotes(value));
    const auto byte = static_cast<unsigned char>(value[i]);
    const std::size_t escaped = meanings.find(value[i]);
    if (escaped != std::string_view::npos) {
      result += {'\\', letters[escaped]};
    } else if (byte < 0x20) {
      result += {'\\', 'u', '0', '0', digits[byte / 16], digits[byte % 16]};
    } else {
      result.append(value, i, length);
    }
    i += length;
  }
  return result + '"';
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
