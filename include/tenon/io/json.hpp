// SPDX-License-Identifier: Apache-2.0
// JSON as RFC 8259 has it: a strict reader, and strings to be written, both by RapidJSON. What is cold is not optimised
// for speed, because every program that loads weights compiles it.
#pragma once

#if !__has_include(<rapidjson/reader.h>)
#  include "tenon/core/language.hpp"
#  error "RapidJSON was not found. Debian: apt-get install rapidjson-dev"
#  include TENON_STOP
#endif

// RapidJSON's stack of characters, while it is empty, compares a null pointer moved by some bytes.
#ifdef __clang__
#  pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/encodings.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stream.h>
#include <rapidjson/writer.h>
#ifdef __clang__
#  pragma clang attribute pop
#endif

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

namespace rapid = RAPIDJSON_NAMESPACE;

enum class json_kind : std::uint8_t { null, boolean, number, string, array, object };

/// A value as it was written. Elements of an object have keys.
struct json_value {
  json_kind kind = json_kind::null;
  std::string key;
  std::string text;  ///< of a string in UTF-8, its escapes replaced; else as it was written
  std::list<json_value> elements;

  std::string type_name() const {
    switch (kind) {
      case json_kind::null:
        return "null";
      case json_kind::boolean:
        return "boolean";
      case json_kind::number:
        return "number";
      case json_kind::string:
        return "string";
      case json_kind::array:
        return "array";
      case json_kind::object:
        return "object";
    }
    return {};
  }
  /// The member of an object, or nullptr.
  const json_value* find(std::string_view name) const {
    for (const json_value& element : elements) {
      if (element.key == name) return &element;
    }
    return nullptr;
  }
};

/// Whether a text is UTF-8 (RFC 3629).
[[gnu::cold]] inline bool is_utf8(std::string_view text) {
  rapid::MemoryStream stream(text.data(), text.size());
  unsigned code = 0;
  while (stream.Tell() < text.size()) {
    if (!rapid::UTF8<>::Decode(stream, &code)) return false;
  }
  return true;
}

/// Takes what RapidJSON reads, by RapidJSON's names, and refuses what RapidJSON lets pass.
class json_handler : public rapid::BaseReaderHandler<rapid::UTF8<>, json_handler> {
 public:
  static constexpr std::size_t deepest = 64;
  /// A value takes some hundred bytes; a header of a hundred thousand tensors has eight each.
  static constexpr std::size_t most_values = 1'000'000;

  json_handler(const std::string& path, const char* what, json_value& to) : path_(path), what_(what), root_(to) {}

  bool Null() { return put(json_kind::null, "null"); }
  bool Bool(bool value) { return put(json_kind::boolean, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapid::SizeType size, bool) { return put(json_kind::number, {text, size}); }
  bool String(const char* text, rapid::SizeType size, bool) {
    check({text, size});
    return put(json_kind::string, {text, size});
  }
  bool StartObject() { return open(json_kind::object); }
  bool StartArray() { return open(json_kind::array); }
  bool EndObject(rapid::SizeType) { return close(); }
  bool EndArray(rapid::SizeType) { return close(); }
  [[gnu::cold]] bool Key(const char* text, rapid::SizeType size, bool) {
    level& inside = levels_[depth_ - 1];
    json_value& element = inside.value->elements.emplace_back();
    element.key.assign(text, size);
    check(element.key);
    if (!inside.keys.insert(element.key).second) {
      throw_format_error(path_, "each name once", joined({in_quotes(element.key), " twice"}));
    }
    return true;
  }

 private:
  /// An array or object that is not complete.
  struct level {
    json_value* value = nullptr;
    std::set<std::string_view> keys;
  };

  /// A value's place: a member's was made with its key.
  json_value& next() {
    if (++values_ > most_values) {
      throw_format_error(path_, joined({what_, " of at most ", std::to_string(most_values), " values"}), "more");
    }
    if (depth_ == 0) return root_;
    json_value& inside = *levels_[depth_ - 1].value;
    return inside.kind == json_kind::object ? inside.elements.back() : inside.elements.emplace_back();
  }
  [[gnu::cold]] bool put(json_kind kind, std::string_view text) {
    json_value& value = next();
    value.kind = kind;
    value.text.assign(text.data(), text.size());
    return true;
  }
  [[gnu::cold]] bool open(json_kind kind) {
    if (depth_ == deepest) {
      throw_format_error(
          path_, joined({what_, " of at most ", std::to_string(deepest), " values inside of each other"}), "more");
    }
    json_value& value = next();
    value.kind = kind;
    levels_[depth_++].value = &value;
    return true;
  }
  bool close() {
    levels_[--depth_].keys.clear();
    return true;
  }

  /// RapidJSON takes half a pair of surrogates as an escape, so it is checked what came out.
  [[gnu::cold]] void check(std::string_view text) const {
    if (!is_utf8(text)) throw_format_error(path_, joined({what_, " in UTF-8"}), in_quotes(text));
  }

  const std::string& path_;
  const char* what_;
  json_value& root_;
  level levels_[deepest];
  std::size_t depth_ = 0, values_ = 0;
};

/// Reads a text that is one value. Refuses an object with the same key twice, more than 64 values inside of each other,
/// more than a million, and more than `longest` bytes.
class json_reader {
 public:
  /// What other readers of safetensors take, and few enough for RapidJSON's counts of digits and characters.
  static constexpr std::size_t longest = 100'000'000;

  /// Errors name the path and `what`, "a header in JSON" for instance.
  json_reader(const std::string& path, const char* what, std::string_view text)
      : path_(path), what_(what), text_(text) {}

  /// throws: format_error.
  [[gnu::cold]] json_value read() const {
    if (text_.size() > longest) {
      throw_format_error(path_, joined({what_, " of at most ", std::to_string(longest), " bytes"}),
                         std::to_string(text_.size()));
    }
    json_value result;
    json_handler handler(path_, what_, result);
    rapid::MemoryStream stream(text_.data(), text_.size());
    rapid::Reader reader;
    reader.Parse<rapid::kParseNumbersAsStringsFlag>(stream, handler);
    if (reader.HasParseError()) fail(reader.GetErrorOffset(), rapid::GetParseError_En(reader.GetParseErrorCode()));
    // A zero is RapidJSON's end.
    if (stream.Tell() != text_.size()) fail(stream.Tell(), "A zero.");
    return result;
  }

 private:
  [[noreturn]] void fail(std::size_t at, const char* problem) const {
    throw_format_error(path_, what_, joined({"an error at its byte ", std::to_string(at + 1), ": ", problem}));
  }

  const std::string& path_;
  const char* what_;
  std::string_view text_;
};

/// Where RapidJSON writes, by RapidJSON's names.
struct json_output {
  using Ch = char;
  std::string text;
  void Put(char character) { text += character; }
  void Flush() {}
};

/// A string as JSON.
/// throws: format_error for what is not UTF-8.
inline std::string json_string(const std::string& path, const std::string& value) {
  if (!is_utf8(value)) throw_format_error(path, "text in UTF-8", in_quotes(value));
  json_output result;
  rapid::Writer<json_output> writer(result);
  writer.String(value.data(), static_cast<rapid::SizeType>(value.size()));
  return result.text;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
