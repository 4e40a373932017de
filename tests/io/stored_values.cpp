// SPDX-License-Identifier: Apache-2.0
// Stored values of every type of float, against what PyTorch makes of them (stored_values.py), and whole numbers.
#include "tenon/io/stored_values.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/io/safetensors.hpp"

namespace {

/// A tensor of one value, its bytes elsewhere.
template <class T>
tenon::stored_tensor one(const std::string& dtype, const T& value, std::vector<std::int64_t> extents = {}) {
  return {dtype, dtype, std::move(extents), reinterpret_cast<const std::byte*>(&value), sizeof(T)};
}

template <class T>
std::optional<std::int64_t> whole(const std::string& dtype, const T& value) {
  return tenon::stored_whole_number(one(dtype, value));
}

}  // namespace

TEST_CASE("floats of 16 and 64 bits become what PyTorch makes of them") {
  const tenon::safetensors_file file(std::string(TENON_TESTS_FOLDER) + "/io/stored_values.safetensors");
  for (const std::string dtype : {"F16", "BF16", "F64"}) {
    const tenon::stored_tensor* const stored = file.find(dtype);
    const tenon::stored_tensor* const expected = file.find(dtype + ".float");
    REQUIRE(stored != nullptr);
    REQUIRE(expected != nullptr);
    CHECK(stored->dtype == dtype);
    std::vector<float> found(static_cast<std::size_t>(expected->bytes) / 4), wanted(found.size());
    REQUIRE(found.size() >= 13);
    tenon::copy_as_float(*stored, found);
    tenon::copy_as_float(*expected, wanted);
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(dtype, i, found[i], wanted[i]);
      if (std::isnan(wanted[i])) {
        CHECK(std::isnan(found[i]));
      } else {
        CHECK(std::bit_cast<std::uint32_t>(found[i]) == std::bit_cast<std::uint32_t>(wanted[i]));
      }
    }
  }
}

TEST_CASE("every half is the sum of its bits") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) expected = fraction == 0 ? HUGE_VAL : std::nan("");
    if (half >> 15 != 0) expected = -expected;
    float found = 0;
    tenon::copy_as_float(one("F16", half), std::span(&found, 1));
    const bool same = exponent == 31 && fraction != 0
                          ? std::isnan(found)
                          : static_cast<double>(found) == expected && std::signbit(found) == std::signbit(expected);
    if (!same) FAIL("half " << bits << ": " << found << ", expected " << expected);
  }
  SUCCEED();
}

TEST_CASE("whole numbers are read from any type that holds one") {
  CHECK(whole("I64", std::int64_t{-5}) == -5);
  CHECK(whole("I32", std::int32_t{-5}) == -5);
  CHECK(whole("I16", std::int16_t{-5}) == -5);
  CHECK(whole("I8", std::int8_t{-5}) == -5);
  CHECK(whole("U64", std::uint64_t{5}) == 5);
  CHECK(whole("U32", std::uint32_t{4'000'000'000}) == 4'000'000'000);
  CHECK(whole("U16", std::uint16_t{40000}) == 40000);
  CHECK(whole("U8", std::uint8_t{200}) == 200);
  CHECK(whole("F32", 1000.0F) == 1000);
  CHECK(whole("F64", -0x1p63) == std::numeric_limits<std::int64_t>::min());
  CHECK(whole("F16", std::uint16_t{0x4900}) == 10);
  CHECK(whole("BF16", std::uint16_t{0x4120}) == 10);

  CHECK(!whole("U64", std::uint64_t{1} << 63));
  CHECK(!whole("F32", 0.5F));
  CHECK(!whole("F64", 0x1p63));
  CHECK(!whole("F64", std::nan("")));
  CHECK(!whole("F32", std::numeric_limits<float>::infinity()));
  CHECK(!whole("BOOL", std::uint8_t{1}));
  CHECK(!whole("C64", std::uint64_t{1}));

  const std::int64_t two[] = {3, 4};
  CHECK(tenon::stored_whole_number(one("I64", two[0], {1, 1})) == 3);
  CHECK(!tenon::stored_whole_number(one("I64", two, {2})));
  CHECK(!tenon::stored_whole_number({"empty", "I64", {0}, nullptr, 0}));
}
