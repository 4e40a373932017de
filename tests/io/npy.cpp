// SPDX-License-Identifier: Apache-2.0
// npy files: written and read back bit for bit, in NumPy's own form, and refused with a sentence when wrong.
#include "tenon/io/npy.hpp"

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>
#include <xtensor/xarray.hpp>

#include "temporary_folder.hpp"
#include "tenon/core/tensor_view.hpp"

namespace {

using Catch::Matchers::Contains;

/// A npy file of version 1 with this header (padded, as NumPy does) and these bytes.
std::string file_with(std::string header, const std::string& data, char version = 1) {
  const std::size_t prefix = version == 1 ? 10 : 12;
  header.resize((prefix + header.size() + 1 + 63) / 64 * 64 - prefix - 1, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

std::string header_of(const std::string& dtype, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + dtype + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string refusal(const std::string& bytes) {
  const temporary_folder folder;
  const std::string path = folder.file("bad.npy");
  write_bytes(path, bytes);
  const std::string sentence = sentence_of<tenon::format_error>([&] { tenon::load_npy<float>(path); });
  CHECK(sentence.starts_with(path + ": "));
  return sentence;
}

template <class T>
void check_round_trip(const std::vector<T>& values) {
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  const auto count = static_cast<std::int64_t>(values.size());
  const tenon::tensor_view<const T, 3> view(values.data(), 1, count / 2, 2);
  tenon::save_npy(path, view);
  const xt::xarray<T> read = tenon::load_npy<T>(path);
  REQUIRE(read.dimension() == 3);
  CHECK(read.shape()[0] == 1);
  CHECK(read.shape()[1] == values.size() / 2);
  CHECK(read.shape()[2] == 2);
  CHECK(std::memcmp(read.data(), values.data(), values.size() * sizeof(T)) == 0);

  const std::string bytes = read_bytes(path);
  tenon::save_npy(path, read);
  CHECK(read_bytes(path) == bytes);
  CHECK(folder.count() == 1);
}

}  // namespace

TEST_CASE("arrays come back bit for bit") {
  check_round_trip<float>({1.5F, -0.0F, std::bit_cast<float>(0x7fc12345U), 1e-42F});
  check_round_trip<std::int64_t>({INT64_MIN, -1, 0, INT64_MAX});
  check_round_trip<std::int32_t>({INT32_MIN, -1, 0, INT32_MAX});
  check_round_trip<std::uint8_t>({0, 1, 128, 255});
}

TEST_CASE("a written file is NumPy's") {
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  tenon::save_npy(path, tenon::tensor_view<const float, 2>(values.data(), 2, 3));
  const std::string bytes = read_bytes(path);
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK_THAT(bytes, Contains("'descr': '<f4'") && Contains("'fortran_order': False") && Contains("'shape': (2, 3)"));
  CHECK((bytes.size() - 24) % 64 == 0);
  CHECK(bytes.ends_with(bytes_of(values)));
}

TEST_CASE("files of every form that NumPy writes are read") {
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  const auto load = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    return tenon::load_npy<float>(path);
  };
  const xt::xarray<float> rows = {{1, 2, 3}, {4, 5, 6}}, columns = {{1, 3, 5}, {2, 4, 6}};
  CHECK((load(file_with(header_of("<f4", "(2, 3)"), data)) == rows));
  CHECK((load(file_with(header_of("<f4", "(2, 3)"), data, 2)) == rows));
  CHECK((load(file_with(header_of("<f4", "(2, 3)"), data, 3)) == rows));
  CHECK((load(file_with(header_of("<f4", "(2, 3)", "True"), data)) == columns));
  CHECK((load(file_with("{\"shape\":(2,3),'descr':'<f4','fortran_order':False}", data)) == rows));
  // To Python True is 1.
  CHECK((load(file_with(header_of("<f4", "(True, 6)"), data)) == xt::xarray<float>{{1, 2, 3, 4, 5, 6}}));
  // Header lengths of 128 to 255 and of 256 bytes and more.
  CHECK((load(file_with(header_of("<f4", "(2, 3)") + std::string(80, ' '), data)) == rows));
  CHECK((load(file_with(header_of("<f4", "(2, 3)") + std::string(300, ' '), data)) == rows));
  CHECK(load(file_with(header_of("<f4", "(6,)"), data)).dimension() == 1);
  CHECK(load(file_with(header_of("<f4", "()"), data.substr(0, 4)))() == 1.0F);
  CHECK(load(file_with(header_of("<f4", "(0, 3)"), "")).size() == 0);
}

TEST_CASE("headers are read as NumPy reads them") {
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  const auto reads = [&](const std::string& header, char version = 1) {
    INFO(header);
    write_bytes(path, file_with(header, data, version));
    try {
      return tenon::load_npy<float>(path) == xt::xarray<float>{{1, 2, 3}, {4, 5, 6}};
    } catch (const tenon::format_error&) {
      return false;
    }
  };
  const auto of_shape = [](const std::string& shape) { return header_of("<f4", shape); };
  for (const char* shape : {"(2,3)", "( 2 ,\t3 , )", "(2,\n3)", "(2, # rows\n 3)", "(2,\\\n3)", "(+2,3)", "(0x2, 0b11)",
                            "(0o2,3)", "((2),3)", "(0x_2,3)"}) {
    CHECK(reads(of_shape(shape), 3));
  }
  write_bytes(path, file_with(of_shape("(True,6)"), data));
  CHECK((tenon::load_npy<float>(path) == xt::xarray<float>{{1, 2, 3, 4, 5, 6}}));
  // Python 2's whole numbers end in L; version 3 is younger than that.
  for (const char* shape : {"(2L, 3L)", "(2 L,3)", "(0x2L,3L)"}) {
    CHECK(reads(of_shape(shape), 1));
    CHECK(reads(of_shape(shape), 2));
    CHECK_FALSE(reads(of_shape(shape), 3));
  }
  for (const char* shape : {"[2,3]",  "(2,3",    "(2,,3)",  "(2 3)",   "(2l,3)",  "(L2,3)",  "(2LL,3)",
                            "(02,3)", "(2_,3)",  "(2.0,3)", "(2e0,3)", "(2j,3)",  "('2',3)", "(None,)",
                            "--2",    "(--2,3)", "(2,3)L",  "(2,3)x",  "(2,0_3)", "(2,\v3)", "(1+1,3)"}) {
    CHECK_FALSE(reads(of_shape(shape)));
  }
  const std::string rest = ": '<f4', 'fortran_order': False, 'shape': (2, 3)}";
  for (const char* key : {"\"descr\"", "u'descr'", "U'descr'", "r'descr'", "'de' \"scr\"", "'''descr'''", "'\\x64escr'",
                          "'\\144escr'", "'\\u0064escr'", "('descr')", "'descr\\\n'"}) {
    CHECK(reads("{" + (key + rest)));
  }
  for (const char* key :
       {"b'descr'", "f'descr'", "'de\nscr'", "'descr", "descr", "'\\descr'", "''descr''", "1", "'desc'"}) {
    CHECK_FALSE(reads("{" + (key + rest)));
  }
  const std::string good = of_shape("(2, 3)");
  for (const std::string& header :
       {"(" + good + ")", "\n" + good, good + "\n\n", good + " # x", good + std::string(9000, ' ')}) {
    CHECK(reads(header));
  }
  for (const std::string& header :
       {good + ",", good + ";", "[" + good + "]", good + '\0', good + std::string(10000, ' '), std::string("None"),
        std::string("{}"), std::string(5000, '('), std::string(5000, '{')}) {
    CHECK_FALSE(reads(header));
  }
  // Version 1.1.
  std::string bytes = file_with(good, data);
  bytes[7] = '\1';
  CHECK_THAT(refusal(bytes), Contains("version 1.0, 2.0 or 3.0 of npy, found 1.1"));
}

TEST_CASE("a type has several names, and one byte has no order") {
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  const std::string data(24, '\1');
  const auto count = [&]<class T>(T, const std::string& dtype) {
    write_bytes(path, file_with(header_of(dtype, "(" + std::to_string(24 / sizeof(T)) + ",)"), data));
    try {
      return tenon::load_npy<T>(path).size();
    } catch (const tenon::format_error&) {
      return std::size_t{0};
    }
  };
  // What np.dtype takes for float32, int32, int64 and uint8.
  for (const char* dtype : {"<f4", "=f4", "|f4", "f4", "f", "<f", "float32", "single"}) CHECK(count(0.0F, dtype) == 6);
  for (const char* dtype : {"<i4", "=i4", "i4", "i", "int32", "intc"}) CHECK(count(std::int32_t{}, dtype) == 6);
  for (const char* dtype : {"<i8", "=i8", "i8", "<l", "q", "int64", "int", "long", "longlong"}) {
    CHECK(count(std::int64_t{}, dtype) == 3);
  }
  for (const char* dtype : {"|u1", "<u1", ">u1", "=u1", "u1", "B", ">B", "uint8", "ubyte"}) {
    CHECK(count(std::uint8_t{}, dtype) == 24);
  }
  for (const char* dtype : {">f4", "F4", "<float32", "float", "f8", "", "<", ",f4,", "f4,f4", "i4"}) {
    CHECK(count(0.0F, dtype) == 0);
  }
  for (const char* dtype : {"i1", ">i1", "?", "b", "S1", "<uint8"}) CHECK(count(std::uint8_t{}, dtype) == 0);
}

TEST_CASE("another type of element is refused, naming both") {
  const std::string data(24, '\0');
  CHECK_THAT(refusal(file_with(header_of("<f8", "(3,)"), data)), Contains("values of type <f4, found '<f8'"));
  CHECK_THAT(refusal(file_with(header_of(">f4", "(6,)"), data)), Contains("values of type <f4, found '>f4'"));
  const temporary_folder folder;
  const std::string path = folder.file("a.npy");
  write_bytes(path, file_with(header_of("<f4", "(6,)"), data));
  CHECK_THAT(sentence_of<tenon::format_error>([&] { tenon::load_npy<std::uint8_t>(path); }),
             Contains("values of type |u1, found '<f4'"));
  CHECK_THAT(sentence_of<tenon::format_error>([&] { tenon::load_npy<std::int64_t>(path); }),
             Contains("values of type <i8, found '<f4'"));
}

TEST_CASE("a npy file that is wrong is refused") {
  const std::string data(24, '\0'), good = header_of("<f4", "(6,)");
  CHECK_THAT(refusal(""), Contains("expected a npy file"));
  CHECK_THAT(refusal("PK\x03\x04"), Contains("expected a npy file"));
  CHECK_THAT(refusal("\x93NUMPY"), Contains("version 1.0, 2.0 or 3.0"));
  CHECK_THAT(refusal(file_with(good, data, 4)), Contains("version 1.0, 2.0 or 3.0 of npy, found 4.0"));
  CHECK_THAT(refusal(file_with(good, data).substr(0, 60)), Contains("found 60 bytes of file"));
  CHECK_THAT(refusal(file_with(good, data.substr(1))), Contains("expected 24 bytes of values, found 23"));
  CHECK_THAT(refusal(file_with(good, data + "x")), Contains("expected 24 bytes of values, found 25"));
  CHECK_THAT(refusal(file_with("{'descr': '<f4', 'fortran_order': False}", data)), Contains("no 'shape'"));
  CHECK_THAT(refusal(file_with("{'descr': '<f4', 'shape': (6,)}", data)), Contains("no 'fortran_order'"));
  CHECK_THAT(refusal(file_with("{'fortran_order': False, 'shape': (6,)}", data)), Contains("no 'descr'"));
  CHECK_THAT(refusal(file_with("{'descr': '<f4', 'descr': '<f4'}", data)),
             Contains("once in its header, found 'descr'"));
  CHECK_THAT(refusal(file_with("{'other': 1}", data)), Contains("found 'other'"));
  CHECK_THAT(refusal(file_with("{'descr': [('a', '<f4')]}", data)), Contains("at byte"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(-6,)"), data)), Contains("an extent of 0 or more, found -6"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(6"), data)), Contains("a bracket at byte 54"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(6,)", "Maybe"), data)),
             Contains("True, False") && Contains("found 'M'"));
  CHECK_THAT(refusal(file_with(good + "x", data)), Contains("the end of the header"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(9223372036854775808,)"), data)), Contains("below 2^63"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(4294967296, 4294967296)"), data)), Contains("can be counted"));
  CHECK_THAT(refusal(file_with(header_of("<f4", "(4611686018427387904,)"), data)), Contains("can be counted"));
  CHECK_THAT(refusal(file_with("", data)), Contains("a bracket at byte"));
}

TEST_CASE("missing and unwritable npy files are file errors") {
  const temporary_folder folder;
  const xt::xarray<float> array = {1, 2};
  CHECK_THROWS_AS(tenon::load_npy<float>(folder.file("missing.npy")), tenon::file_error);
  CHECK_THROWS_AS(tenon::load_npy<float>(folder.file("")), tenon::file_error);
  CHECK_THROWS_AS(tenon::save_npy(folder.file("no/a.npy"), array), tenon::file_error);
  CHECK_THROWS_AS(tenon::save_npy("/proc/a.npy", array), tenon::file_error);
  CHECK(folder.count() == 0);
}

TEST_CASE("damaged npy files are refused or read, never more") {
  const temporary_folder folder;
  const std::string valid = file_with(header_of("<f4", "(2, 3)"), std::string(24, '\x01'));
  const int refused = damage(folder.file("a.npy"), valid, valid.size(), 3000, [&](const std::string& path) {
    const xt::xarray<float> array = tenon::load_npy<float>(path);
    if (array.size() != 6) FAIL("another size");
  });
  CHECK(refused > 1000);
}
