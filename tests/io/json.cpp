// SPDX-License-Identifier: Apache-2.0
// The JSON reader takes what RFC 8259 allows and nothing else.
#include "tenon/io/json.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using tenon::detail::json_kind;

tenon::detail::json_value read(const std::string& text) {
  return tenon::detail::json_reader("file", "JSON", text).read();
}

}  // namespace

TEST_CASE("every kind of JSON value is read") {
  const auto value = read(" {\"a\" : [1, -0.5e+3,true ,false,null,\"x\",{ } ,[\t]],\r\n\"\":{\"b\":2}} ");
  REQUIRE(value.kind == json_kind::object);
  REQUIRE(value.elements.size() == 2);
  REQUIRE(value.find("a") != nullptr);
  std::string kinds, texts;
  for (const auto& element : value.find("a")->elements) {
    kinds += element.type_name() + ' ';
    texts += element.text + ' ';
  }
  CHECK(kinds == "number number boolean boolean null string object array ");
  CHECK(texts == "1 -0.5e+3 true false null x   ");
  CHECK(value.find("")->find("b")->text == "2");
  CHECK(value.find("b") == nullptr);
  for (const char* text : {"0", "-0", "10", "1e5", "1E-5", "0.25", "\"\"", "true", "1e-999", "0.125"})
    CHECK(read(text).elements.empty());
  CHECK(read(std::string(64, '[') + std::string(64, ']')).elements.size() == 1);
}

TEST_CASE("escapes of strings are replaced") {
  CHECK(read(R"("\"\\\/\b\f\n\r\t")").text == "\"\\/\b\f\n\r\t");
  CHECK(read(R"("\u0041\u00e9\u20AC\ud83d\ude00")").text == "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(read(R"("\u0000")").text == std::string(1, '\0'));
  CHECK(read(R"({"\u0061":1})").find("a") != nullptr);
  CHECK(read("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\x7f\"").text.size() == 11);
}

TEST_CASE("a string is written so that it is read again") {
  std::string all = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  for (char c = 0; c < 0x7f; ++c) all += c;
  const std::string written = tenon::detail::json_string("file", all);
  CHECK(read(written).text == all);
  CHECK(tenon::detail::json_string("file", "\x01\"\n/") == R"("\u0001\"\n/")");
}

TEST_CASE("what is no JSON is refused") {
  const char* const wrong[] = {"",
                               " ",
                               "{",
                               "}",
                               "[1,]",
                               "[,1]",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{a:1}",
                               "{\"a\":1,}",
                               "[1 2]",
                               "01",
                               "+1",
                               "1.",
                               ".5",
                               "1e",
                               "1e+",
                               "-",
                               "--1",
                               "0x1",
                               "nul",
                               "nulll",
                               "True",
                               "NaN",
                               "\"",
                               "\"\\\"",
                               "\"\\x\"",
                               "\"\\u12\"",
                               "\"\\u12g4\"",
                               "\"\\ud800\"",
                               "\"\\udc00\"",
                               "\"\\ud800\\u0041\"",
                               "\"\n\"",
                               "\"\x80\"",
                               "\"\xc0\x80\"",
                               "\"\xc3\"",
                               "\"\xe0\x80\x80\"",
                               "\"\xed\xa0\x80\"",
                               "\"\xf0\x80\x80\x80\"",
                               "\"\xf4\x90\x80\x80\"",
                               "\"\xf5\x80\x80\x80\"",
                               "\"\xff\"",
                               "{} {}",
                               "[1]x",
                               "/**/1",
                               "'a'",
                               "1e999",
                               "-1e999",
                               "[[1]"};
  for (const char* text : wrong) {
    CAPTURE(text);
    CHECK_THROWS_AS(read(text), tenon::format_error);
  }
  CHECK_THROWS_AS(read(std::string("1\0", 2)), tenon::format_error);
  CHECK_THROWS_AS(read(std::string("\"\0\"", 3)), tenon::format_error);
  CHECK_THROWS_AS(read(std::string(65, '[') + std::string(65, ']')), tenon::format_error);
  CHECK_THROWS_AS(read(std::string("[1]\0 ", 5)), tenon::format_error);
  CHECK_THROWS_AS(read(R"({"a":1,"\u0061":2})"), tenon::format_error);
}

TEST_CASE("a refusal says where and why") {
  const auto refusal = [](const std::string& text) {
    try {
      read(text);
    } catch (const tenon::format_error& problem) {
      return std::string(problem.what());
    }
    return std::string("taken");
  };
  CHECK(refusal("[1 2]") ==
        "file: expected JSON, found an error at its byte 4: Missing a comma or ']' after an array element.");
  CHECK(refusal(std::string("{}\0", 3)) == "file: expected JSON, found an error at its byte 3: A zero.");
  CHECK(refusal("\"\\udc00\"") == "file: expected JSON in UTF-8, found '\xed\xb0\x80'");
  CHECK(refusal("{\"a\":1,\"a\":2}") == "file: expected each name once, found 'a' twice");
  CHECK(refusal(std::string(65, '[')) == "file: expected JSON of at most 64 values inside of each other, found more");
  std::string many = "[0";
  for (int i = 1; i < 1'000'000; ++i) many += ",0";
  CHECK(refusal(many + "]") == "file: expected JSON of at most 1000000 values, found more");
  CHECK(refusal(std::string(100'000'001, ' ')) == "file: expected JSON of at most 100000000 bytes, found 100000001");
}
