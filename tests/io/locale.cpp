// SPDX-License-Identifier: Apache-2.0
// What is written and read is the same in every locale: one that groups digits, one with a decimal comma.
#include <array>
#include <catch2/catch.hpp>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <locale>
#include <string>
#include <vector>

#include "skip.hpp"
#include "temporary_folder.hpp"
#include "tenon/core/number_text.hpp"
#include "tenon/io/npy.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/report/layer_table.hpp"
#include "tenon/report/progress.hpp"

namespace {

/// Digits in groups of three behind points, and a decimal comma, for the C++ library's streams.
struct grouping : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

class grouping_scope {
 public:
  grouping_scope() : before_(std::locale::global(std::locale(std::locale(), new grouping))) {}
  ~grouping_scope() { std::locale::global(before_); }
  grouping_scope(const grouping_scope&) = delete;
  grouping_scope& operator=(const grouping_scope&) = delete;

 private:
  std::locale before_;
};

/// A locale with a decimal comma for the C library, made where the system has none; false if that cannot be done.
bool set_comma(const temporary_folder& folder) {
  const std::string made = "localedef -i de_DE -f UTF-8 " + folder.file("de_DE.UTF-8") + " >/dev/null 2>&1";
  for (const bool second : {false, true}) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"}) {
      if (std::setlocale(LC_ALL, name) != nullptr && std::localeconv()->decimal_point[0] == ',') return true;
    }
    if (second || std::system(made.c_str()) < 0) return false;
    ::setenv("LOCPATH", folder.path().c_str(), 1);
  }
  return false;
}

std::string progress_line() {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  tenon::progress bar(2000, 10, file);
  bar.epoch_done(1500, 1234.5678, 0.5);
  std::rewind(file);
  std::array<char, 200> line{};
  const bool read = std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr;
  std::fclose(file);
  return read ? line.data() : "";
}

void check_everything() {
  const temporary_folder folder;
  const std::string npy = folder.file("a.npy"), weights = folder.file("a.safetensors");
  const std::vector<float> values(1200 * 3, 0.5F);
  tenon::save_npy(npy, tenon::tensor_view<const float, 2>(values.data(), 1200, 3));
  CHECK(read_bytes(npy).find("'shape': (1200, 3), }") != std::string::npos);
  CHECK(tenon::load_npy<float>(npy).shape()[0] == 1200);

  tenon::write_safetensors(weights, std::vector<tenon::tensor_source>{{"w", "F32", {1200, 3}, values.data()}});
  CHECK(read_bytes(weights).find(R"("shape":[1200,3],"data_offsets":[0,14400])") != std::string::npos);
  CHECK(tenon::safetensors_file(weights).find("w")->extents == std::vector<std::int64_t>{1200, 3});
  CHECK(sentence_of<tenon::format_error>([&] { tenon::load_npy<float>(weights); }).find("npy") != std::string::npos);

  CHECK(progress_line().starts_with("epoch 1500/2000  loss 1234.5678  mIoU 0.500  "));
  CHECK(tenon::mebibytes(44236800) == "42.2 MiB");
  CHECK(tenon::grouped(31038283) == "31,038,283");
  CHECK(tenon::number_text(0.01F) == "0.01");
  CHECK(tenon::fixed_text(1234.5, 1) == "1234.5");
}

}  // namespace

TEST_CASE("numbers become text") {
  CHECK(tenon::number_text(1e-30F) == "1e-30");
  CHECK(tenon::number_text(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(tenon::number_text(-0.25F) == "-0.25");
  CHECK(tenon::fixed_text(0.0625, 3) == "0.062");
  CHECK(tenon::fixed_text(-std::numeric_limits<double>::max(), 20).size() == 1 + 309 + 1 + 20);
}

TEST_CASE("a locale that groups digits changes nothing") {
  const grouping_scope scope;
  check_everything();
}

TEST_CASE("a locale with a decimal comma changes nothing") {
  const temporary_folder folder;
  if (!set_comma(folder)) TENON_SKIP("no locale with a decimal comma");
  {
    const grouping_scope scope;
    check_everything();
  }
  check_everything();
  ::unsetenv("LOCPATH");
  std::setlocale(LC_ALL, "C");
}
