// SPDX-License-Identifier: Apache-2.0
// Safetensors files: written and read back bit for bit, and refused with a sentence for every way of being wrong.
#include "tenon/io/safetensors.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace {

using Catch::Matchers::Contains;
using tenon::tensor_source;

/// A file with this header, its length right, and that many bytes of data.
std::string file_with(const std::string& header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(header.size()) >> (8 * i));
  return bytes + header + std::string(data_bytes, '\x01');
}

std::string refusal(const std::string& bytes) {
  const temporary_folder folder;
  const std::string path = folder.file("bad.safetensors");
  write_bytes(path, bytes);
  const std::string sentence = sentence_of<tenon::format_error>([&] { const tenon::safetensors_file file(path); });
  CHECK(sentence.starts_with(path + ": "));
  CHECK(sentence.find('\n') == std::string::npos);
  return sentence;
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return refusal(file_with(header, data_bytes));
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

}  // namespace

TEST_CASE("tensors come back bit for bit") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  // Not-a-number with a payload, negative zero and a denormal survive only as bits.
  const float weight[] = {1.0F,
                          -0.0F,
                          std::bit_cast<float>(0x7fc12345U),
                          std::numeric_limits<float>::denorm_min(),
                          std::numeric_limits<float>::infinity(),
                          -3.25F};
  const std::int64_t steps = std::numeric_limits<std::int64_t>::min() + 1;
  const float odd = 0.5F;
  const std::vector<tensor_source> written = {{"z.weight", "F32", {2, 3, 1}, weight},
                                              {"odd", "F32", {1}, &odd},
                                              {"a.num_batches_tracked", "I64", {}, &steps},
                                              {"empty", "F32", {0, 7}, nullptr},
                                              {"name \"\\\n\xc3\xa9", "U8", {4}, weight}};
  tenon::write_safetensors(path, written, {{"format", "pt"}, {"note", "\"\xe2\x82\xac\""}});
  CHECK(folder.count() == 1);

  const tenon::safetensors_file file(path);
  CHECK(file.path() == path);
  CHECK(file.metadata() == tenon::safetensors_metadata{{"format", "pt"}, {"note", "\"\xe2\x82\xac\""}});
  REQUIRE(file.tensors().size() == written.size());
  for (const tensor_source& source : written) {
    CAPTURE(source.name);
    const tenon::stored_tensor* const tensor = file.find(source.name);
    REQUIRE(tensor != nullptr);
    CHECK(tensor->name == source.name);
    CHECK(tensor->dtype == source.dtype);
    CHECK(tensor->extents == source.extents);
    if (tensor->bytes > 0) {
      CHECK(std::memcmp(tensor->data, source.data, static_cast<std::size_t>(tensor->bytes)) == 0);
    }
  }
  CHECK(file.find("z.weight")->bytes == 24);
  CHECK(file.find("a.num_batches_tracked")->bytes == 8);
  CHECK(file.find("empty")->bytes == 0);
  CHECK(file.find("z") == nullptr);
  CHECK(file.find("") == nullptr);
  CHECK(file.find("__metadata__") == nullptr);
  // In the order they were given, values one after the other.
  CHECK(file.tensors()[0].name == "z.weight");
  CHECK(file.tensors()[1].data == file.tensors()[0].data + 24);
}

TEST_CASE("the header has the reference implementation's form") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  const float values[] = {1, 2, 3, 4, 5, 6};
  tenon::write_safetensors(path, std::vector<tensor_source>{{"w", "F32", {2, 3}, values}}, {{"k", "v"}});
  std::string header = R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  while (header.size() % 8 != 0) header += ' ';
  std::string expected = file_with(header, 0) + std::string(24, '\0');
  std::memcpy(expected.data() + expected.size() - 24, values, 24);
  CHECK(read_bytes(path) == expected);
}

TEST_CASE("unusual files that follow the format are read") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  SECTION("no tensor") {
    write_bytes(path, file_with("{}", 0));
    CHECK(tenon::safetensors_file(path).tensors().empty());
    tenon::write_safetensors(path, {});
    CHECK(tenon::safetensors_file(path).tensors().empty());
  }
  SECTION("names in another order than their data, an odd header length, white space, unknown keys") {
    write_bytes(path, file_with("{ " + entry("b", "F32", "[1]", "[4, 8]") + " ,\n" +
                                    R"("a":{"more":[{}],"dtype":"F32","shape":[ ],"data_offsets":[0,4]}}   )",
                                8));
    const tenon::safetensors_file file(path);
    REQUIRE(file.tensors().size() == 2);
    CHECK(file.tensors()[0].name == "a");
    CHECK(file.find("b")->data == file.find("a")->data + 4);
  }
  SECTION("empty tensors between others, every type of element") {
    write_bytes(path, file_with("{" + entry("x", "I64", "[0]", "[3,3]") + "," + entry("h", "BF16", "[1]", "[1,3]") +
                                    "," + entry("t", "BOOL", "[1]", "[0,1]") + "," +
                                    entry("y", "F64", "[2,0]", "[3,3]") + "," + entry("f", "F4", "[2]", "[3,4]") + "}",
                                4));
    CHECK(tenon::safetensors_file(path).tensors().size() == 5);
  }
  SECTION("metadata that are null") {
    write_bytes(path, file_with(R"({"__metadata__":null,)" + entry("w", "F32", "[1]", "[0,4]") + "}", 4));
    CHECK(tenon::safetensors_file(path).metadata().empty());
    CHECK(tenon::safetensors_file(path).tensors().size() == 1);
  }
  SECTION("moved, its tensors stay where they are") {
    write_bytes(path, file_with("{" + entry("w", "F32", "[1]", "[0,4]") + "}", 4));
    tenon::safetensors_file file(path);
    const tenon::stored_tensor* const tensor = file.find("w");
    const tenon::safetensors_file moved = std::move(file);
    CHECK(moved.find("w") == tensor);
    CHECK(tensor->data[3] == std::byte{1});
  }
}

TEST_CASE("a file that is not there is a file error") {
  const temporary_folder folder;
  CHECK_THROWS_AS(tenon::safetensors_file(folder.file("missing")), tenon::file_error);
  CHECK_THROWS_AS(tenon::safetensors_file(folder.file("")), tenon::file_error);
}

TEST_CASE("the length of the header is checked") {
  CHECK_THAT(refusal(""), Contains("expected a safetensors file of 8 bytes or more, found 0"));
  CHECK_THAT(refusal("1234567"), Contains("found 7"));
  const std::string valid = file_with("{" + entry("w", "F32", "[1]", "[0,4]") + "}", 4);
  std::string longer = valid;
  longer[0] = static_cast<char>(valid.size() - 8 + 1);
  CHECK_THAT(refusal(longer), Contains("at most the " + std::to_string(valid.size() - 8) + " bytes") &&
                                  Contains("found " + std::to_string(valid.size() - 7)));
  std::string greatest = valid;
  greatest.replace(0, 8, 8, '\xff');
  CHECK_THAT(refusal(greatest), Contains("found 18446744073709551615"));
  std::string shorter = valid;
  shorter[0] = static_cast<char>(shorter[0] - 1);
  CHECK_THAT(refusal(shorter), Contains("a header in JSON"));
  CHECK_THAT(refusal(std::string(8, '\0')), Contains("begins with {"));
}

TEST_CASE("a foreign header is refused") {
  CHECK_THAT(refusal("[]", 0), Contains("begins with {"));
  CHECK_THAT(refusal(" {}", 0), Contains("begins with {"));
  CHECK_THAT(refusal("{", 0), Contains("a header in JSON, found an error at its byte"));
  CHECK_THAT(refusal("{}x", 0), Contains("a header in JSON, found an error at its byte 3"));
  CHECK_THAT(refusal("{\"\xff\":1}", 0), Contains("a header in JSON"));
  CHECK_THAT(refusal(R"({"a":1e999})", 0), Contains("a header in JSON"));
  CHECK_THAT(refusal("{\"a\":" + std::string(100000, '['), 0), Contains("a header in JSON"));
  CHECK_THAT(refusal(R"({"w":3})", 0), Contains("tensor 'w': expected an object, found JSON's number"));
  CHECK_THAT(refusal("PK\x03\x04 a zip archive, as torch.save writes it", 0), Contains("begins with {"));
}

TEST_CASE("metadata holds strings alone") {
  CHECK_THAT(refusal(R"({"__metadata__":[]})", 0), Contains("expected __metadata__ of strings, found JSON's array"));
  CHECK_THAT(refusal(R"({"__metadata__":{"epoch":3}})", 0), Contains("found JSON's number at 'epoch'"));
}

TEST_CASE("a name twice is refused") {
  const std::string one = entry("w", "F32", "[1]", "[0,4]");
  CHECK_THAT(refusal("{" + one + "," + entry("w", "F32", "[1]", "[4,8]") + "}", 8),
             Contains("expected each name once, found 'w' twice"));
  CHECK_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}})", 8),
             Contains("'shape' twice"));
  CHECK_THAT(refusal(R"({"__metadata__":{"a":"b","a":"c"}})", 0), Contains("'a' twice"));
}

TEST_CASE("dtype, shape and offsets have the right kinds") {
  CHECK_THAT(refusal(R"({"w":{"shape":[],"data_offsets":[0,4]}})", 4),
             Contains("'w': expected 'dtype', a string, found none"));
  CHECK_THAT(refusal(R"({"w":{"dtype":32,"shape":[],"data_offsets":[0,4]}})", 4), Contains("found JSON's number"));
  CHECK_THAT(refusal("{" + entry("w", "F31", "[1]", "[0,4]") + "}", 4), Contains("found 'F31'"));
  CHECK_THAT(refusal(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", 4),
             Contains("'shape'") && Contains("found none"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "1", "[0,4]") + "}", 4),
             Contains("'shape'") && Contains("found JSON's number"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[-1]", "[0,4]") + "}", 4), Contains("'shape'") && Contains("found -1"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1.0]", "[0,4]") + "}", 4), Contains("'shape'") && Contains("found 1.0"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[true]", "[0,4]") + "}", 4), Contains("found JSON's boolean"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[9223372036854775808]", "[0,4]") + "}", 4),
             Contains("found 9223372036854775808"));
  CHECK_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1]}})", 4), Contains("'data_offsets'") && Contains("found none"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[0]") + "}", 4), Contains("expected 2 data_offsets, found 1"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[0,4,8]") + "}", 4), Contains("expected 2 data_offsets, found 3"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[-4,0]") + "}", 4),
             Contains("'data_offsets'") && Contains("found -4"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[\"0\",4]") + "}", 4), Contains("found JSON's string"));
}

TEST_CASE("sizes follow from dtype and shape") {
  CHECK_THAT(refusal("{" + entry("w", "F32", "[2,3]", "[0,20]") + "}", 20),
             Contains("'w': expected 24 bytes for F32 (2, 3), found 20 (offsets 0 to 20)"));
  // 2^62 elements, and a product that overflows although one extent is 0.
  CHECK_THAT(refusal("{" + entry("w", "F32", "[4294967296,1073741824]", "[0,4]") + "}", 4), Contains("63 bits"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[4294967296,4294967296,0]", "[0,0]") + "}", 0), Contains("63 bits"));
  CHECK_THAT(refusal("{" + entry("w", "F4", "[3]", "[0,2]") + "}", 2), Contains("expected whole bytes, found 12 bits"));
}

TEST_CASE("offsets stay inside the data and fill it, each byte once") {
  CHECK_THAT(refusal("{" + entry("w", "F32", "[2]", "[0,8]") + "}", 4),
             Contains("'w': expected offsets within the file's 4 bytes of data, found offsets 0 to 8"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[4,0]") + "}", 4), Contains("found offsets 4 to 0"));
  CHECK_THAT(refusal("{" + entry("w", "F32", "[1]", "[9223372036854775803,9223372036854775807]") + "}", 4),
             Contains("found offsets 9223372036854775803 to 9223372036854775807"));
  const std::string first = "{" + entry("a", "F32", "[2]", "[0,8]") + ",";
  CHECK_THAT(refusal(first + entry("b", "F32", "[2]", "[4,12]") + "}", 12),
             Contains("'b': expected offset 8, right after tensor 'a', found 4, an overlap"));
  CHECK_THAT(refusal(first + entry("b", "F32", "[2]", "[0,8]") + "}", 8), Contains("an overlap"));
  CHECK_THAT(refusal(first + entry("b", "F32", "[1]", "[12,16]") + "}", 16),
             Contains("'b': expected offset 8, right after tensor 'a', found 12, a hole"));
  CHECK_THAT(refusal("{" + entry("a", "F32", "[1]", "[4,8]") + "}", 8), Contains("right after the start of the data"));
  CHECK_THAT(refusal(first + entry("b", "F32", "[1]", "[8,12]") + "}", 13),
             Contains("expected 12 bytes of data for its tensors, found 13"));
  CHECK_THAT(refusal(first + entry("b", "I64", "[0]", "[4,4]") + "}", 8), Contains("'b'") && Contains("an overlap"));
}

TEST_CASE("a foreign name cannot disturb the sentence") {
  const std::string sentence =
      refusal("{" + entry("a\\n\\u001b[31m" + std::string(5000, 'x'), "F32", "[]", "[0,3]") + "}", 3);
  CHECK_THAT(sentence, Contains("'a??[31mxxx") && Contains("...'"));
  CHECK(sentence.find('\x1b') == std::string::npos);
  CHECK(sentence.size() < 1000);
}

TEST_CASE("what cannot be stored is refused before anything is written") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  const float values[4] = {};
  const auto refuse = [&](const std::vector<tensor_source>& tensors, const tenon::safetensors_metadata& metadata = {}) {
    return sentence_of<tenon::format_error>([&] { tenon::write_safetensors(path, tensors, metadata); });
  };
  CHECK_THAT(refuse({{"w", "F32", {4}, values}, {"w", "F32", {4}, values}}),
             Contains("'w'") && Contains("already taken"));
  CHECK_THAT(refuse({{"__metadata__", "F32", {4}, values}}), Contains("already taken"));
  CHECK_THAT(refuse({{"w", "float", {4}, values}}), Contains("found 'float'"));
  CHECK_THAT(refuse({{"w", "F32", {-4}, values}}), Contains("found (-4)"));
  CHECK_THAT(refuse({{"w", "F32", {4}, nullptr}}), Contains("expected 16 bytes, found a null pointer"));
  CHECK_THAT(refuse({{"\xff", "F32", {4}, values}}), Contains("text in UTF-8"));
  CHECK_THAT(refuse({{"w", "F32", {4}, values}}, {{"key", "\xc3"}}), Contains("text in UTF-8"));
  CHECK(folder.count() == 0);
}

TEST_CASE("a place that cannot be written to is a file error") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  const float value = 1;
  const std::vector<tensor_source> tensors = {{"w", "F32", {1}, &value}};
  tenon::write_safetensors(path, tensors);
  const std::string before = read_bytes(path);
  CHECK_THROWS_AS(tenon::write_safetensors(path + "/b", tensors), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_safetensors(folder.file("no/b"), tensors), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_safetensors("/proc/b", tensors), tenon::file_error);
  CHECK_THROWS_AS(tenon::write_safetensors(folder.file(""), tensors), tenon::file_error);
  CHECK(read_bytes(path) == before);
  CHECK(folder.count() == 1);
}

TEST_CASE("damaged safetensors files are refused or read, never more") {
  const temporary_folder folder;
  const std::string path = folder.file("a.safetensors");
  const float values[24] = {};
  tenon::write_safetensors(path,
                           std::vector<tensor_source>{{"conv.weight", "F32", {2, 3, 2, 2}, values},
                                                      {"conv.bias", "F32", {2}, values},
                                                      {"norm.num_batches_tracked", "I64", {}, values}},
                           {{"format", "pt"}});
  const std::string valid = read_bytes(path);
  std::int64_t sum = 0;
  const int refused = damage(path, valid, valid.size(), 3000, [&](const std::string& damaged) {
    const tenon::safetensors_file file(damaged);
    // Everything a file offers lies within it: the sanitizers see to that.
    for (const tenon::stored_tensor& tensor : file.tensors()) {
      for (std::int64_t i = 0; i < tensor.bytes; ++i) sum += std::to_integer<int>(tensor.data[i]);
    }
  });
  CHECK(refused > 1500);
  CHECK(sum >= 0);
}
