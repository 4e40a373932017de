// SPDX-License-Identifier: Apache-2.0
// Garments: both files of a split belong together, and outlines are cut as promised.
#include "tenon/data/garments.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "small_garments.hpp"

namespace {

using Catch::Matchers::Contains;

constexpr int framed = tenon::garment_cutout::size;

using picture = std::array<std::uint8_t, 28 * 28>;

void fill(picture& shades, int top, int left, int height, int width, std::uint8_t shade) {
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) shades[static_cast<std::size_t>(y * 28 + x)] = shade;
  }
}

std::uint8_t inside(const tenon::garment_cutout& cutout, int y, int x) {
  return cutout.inside[static_cast<std::size_t>((y + 1) * framed + x + 1)];
}

std::int64_t covered(const tenon::garment_cutout& cutout) {
  return std::count(cutout.inside.begin(), cutout.inside.end(), std::uint8_t{255});
}

}  // namespace

TEST_CASE("the two splits are read from two pairs of files") {
  const temporary_folder folder;
  const tenon::garments all = small_garments();
  tenon::garments few = all;
  few.kinds.resize(2);
  few.shades.resize(2 * 28 * 28);
  write_garments(folder.file("train"), all);
  write_garments(folder.file("t10k"), few);

  const tenon::garments train = tenon::read_garments(folder.file("."), tenon::garment_split::train);
  CHECK(train.shades == all.shades);
  CHECK(train.kinds == all.kinds);
  const tenon::garments held_out = tenon::read_garments(folder.file("."), tenon::garment_split::held_out);
  CHECK(held_out.shades == few.shades);
  CHECK(held_out.kinds == few.kinds);
}

TEST_CASE("files that do not belong together are refused") {
  const temporary_folder folder;
  const std::string start = folder.file("train");
  const auto read = [&folder] { tenon::read_garments(folder.file("."), tenon::garment_split::train); };
  const tenon::garments all = small_garments();

  CHECK_THAT(sentence_of<tenon::file_error>(read), Contains("train-images-idx3-ubyte.gz"));

  write_garments(start, all);
  write_gzip(start + "-labels-idx1-ubyte.gz", idx_text({9}, std::vector<std::uint8_t>(9)));
  CHECK_THAT(sentence_of<tenon::format_error>(read), Contains("expected 9 x 28 x 28, found 10 x 28 x 28"));

  write_gzip(start + "-labels-idx1-ubyte.gz", idx_text({0}, {}));
  CHECK_THAT(sentence_of<tenon::format_error>(read), Contains("a list of 1 or more labels, found 0"));

  write_gzip(start + "-labels-idx1-ubyte.gz", idx_text({5, 2}, all.kinds));
  CHECK_THAT(sentence_of<tenon::format_error>(read), Contains("a list of 1 or more labels, found 5 x 2"));

  tenon::garments odd = all;
  odd.kinds[3] = 10;
  write_garments(start, odd);
  CHECK_THAT(sentence_of<tenon::label_error>(read), Contains("expected kinds of 0 to 9, found 10"));
}

TEST_CASE("a cut-out is what is brighter than 10, framed by an empty pixel") {
  picture shades{};
  fill(shades, 0, 0, 28, 28, 10);
  fill(shades, 0, 3, 5, 4, 11);
  fill(shades, 10, 20, 10, 8, 200);
  const tenon::garment_cutout cutout = tenon::cut_out(shades.data());
  CHECK(covered(cutout) == 5 * 4 + 10 * 8);
  CHECK(inside(cutout, 0, 3) == 255);
  CHECK(inside(cutout, 0, 2) == 0);
  CHECK(inside(cutout, 19, 27) == 255);
  CHECK(cutout.shade[static_cast<std::size_t>((15 + 1) * framed + 24 + 1)] == 200);
  CHECK(cutout.shade[static_cast<std::size_t>((25 + 1) * framed + 1 + 1)] == 0);
  for (int i = 0; i < framed; ++i) {
    CHECK(inside(cutout, -1, i - 1) == 0);
    CHECK(inside(cutout, 28, i - 1) == 0);
    CHECK(inside(cutout, i - 1, -1) == 0);
    CHECK(inside(cutout, i - 1, 28) == 0);
  }
}

TEST_CASE("specks vanish, dark cloth is filled, open rings stay open") {
  picture shades{};
  fill(shades, 0, 0, 1, 5, 90);    // a speck of 5
  fill(shades, 0, 10, 1, 6, 90);   // 6 are enough
  fill(shades, 4, 2, 12, 12, 90);  // a block with a dark spot of 23 pixels
  fill(shades, 6, 4, 4, 5, 3);
  fill(shades, 10, 4, 1, 3, 0);
  fill(shades, 4, 16, 10, 10, 90);  // a ring around 24 pixels
  fill(shades, 7, 18, 4, 6, 0);
  fill(shades, 20, 2, 8, 8, 90);  // a notch that reaches the border
  fill(shades, 24, 4, 4, 2, 0);
  const tenon::garment_cutout cutout = tenon::cut_out(shades.data());
  CHECK(inside(cutout, 0, 2) == 0);
  CHECK(inside(cutout, 0, 12) == 255);
  CHECK(inside(cutout, 7, 6) == 255);
  CHECK(inside(cutout, 10, 5) == 255);
  CHECK(cutout.shade[static_cast<std::size_t>((7 + 1) * framed + 6 + 1)] == 3);
  CHECK(inside(cutout, 8, 20) == 0);
  CHECK(inside(cutout, 26, 4) == 0);
  CHECK(covered(cutout) == 6 + 12 * 12 + (10 * 10 - 24) + (8 * 8 - 8));
}
