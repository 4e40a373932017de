// SPDX-License-Identifier: Apache-2.0
// Scenes: the same everywhere to the last bit, in range, and different from one another.
#include "tenon/data/garment_scenes.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "skip.hpp"
#include "small_garments.hpp"

namespace {

using Catch::Matchers::Contains;

struct drawn {
  std::vector<float> picture;
  std::vector<std::uint8_t> labels;
  bool operator==(const drawn&) const = default;
};

drawn draw(const tenon::garment_scenes& scenes, std::int64_t index) {
  const std::size_t plane = static_cast<std::size_t>(scenes.height()) * static_cast<std::size_t>(scenes.width());
  // Poisoned, so that a pixel left out shows.
  drawn result{std::vector<float>(3 * plane, -1e30f), std::vector<std::uint8_t>(plane, 255)};
  scenes.scene(index, result.picture.data(), result.labels.data());
  return result;
}

/// FNV-1a of the colour values and the labels.
std::uint64_t checksum(const drawn& scene) {
  std::uint64_t sum = 0xCBF29CE484222325u;
  const auto add = [&sum](std::uint8_t byte) { sum = (sum ^ byte) * 0x100000001B3u; };
  for (const float value : scene.picture) add(tenon::garment_scenes::colour_value(value));
  for (const std::uint8_t label : scene.labels) add(label);
  return sum;
}

}  // namespace

TEST_CASE("random streams give known numbers") {
  // The first outputs of SplitMix64 from the state 1234567, as its reference implementation gives them.
  tenon::random_stream stream(1234567);
  CHECK(stream.bits() == 6457827717110365317u);
  CHECK(stream.bits() == 3203168211198807973u);
  CHECK(stream.bits() == 9817491932198370423u);

  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[static_cast<std::size_t>(stream.between(-3, 3) + 3)];
  CHECK(*std::min_element(counts.begin(), counts.end()) > 850);
  CHECK(tenon::random_stream(1, 2).bits() != tenon::random_stream(1, 3).bits());
  CHECK(tenon::random_stream(1, 2).bits() != tenon::random_stream(2, 2).bits());
}

TEST_CASE("a scene is the same with every compiler") {
  const tenon::garment_scenes scenes(small_garments(), 7, 96, 96);
  CHECK(checksum(draw(scenes, 0)) == 0x916AC2655052ABCDu);
  CHECK(checksum(draw(scenes, 12345)) == 0x53299962DBCA4173u);
  CHECK(checksum(draw(tenon::garment_scenes(small_garments(), 7, 33, 130), 3)) == 0x3EE38D165B11D977u);
}

TEST_CASE("a scene depends on its number, not on what was drawn before") {
  const tenon::garment_scenes scenes(small_garments(), 1, 64, 48), same(small_garments(), 1, 64, 48);
  const drawn fifth = draw(scenes, 5);
  CHECK_FALSE(draw(scenes, 6) == fifth);
  CHECK(draw(scenes, 5) == fifth);
  CHECK(draw(same, 5) == fifth);
  drawn viewed{std::vector<float>(3 * 64 * 48), std::vector<std::uint8_t>(64 * 48)};
  scenes.scene(5, tenon::tensor_view(viewed.picture, 3, 64, 48), tenon::tensor_view(viewed.labels, 64, 48));
  CHECK(viewed == fifth);
  CHECK_THAT(sentence_of<tenon::shape_error>([&] {
               scenes.scene(5, tenon::tensor_view(viewed.picture, 3, 64, 48),
                            tenon::tensor_view(viewed.labels, 48, 64));
             }),
             Contains("are 3 x 64 x 48 and 64 x 48, found 3 x 64 x 48 and 48 x 64"));
  CHECK_FALSE(draw(tenon::garment_scenes(small_garments(), 2, 64, 48), 5) == fifth);
}

TEST_CASE("values and labels are in range, and every class occurs") {
  std::set<int> seen;
  for (const auto& [height, width] : {std::pair{96, 96}, {32, 32}, {33, 100}, {200, 47}}) {
    const tenon::garment_scenes scenes(small_garments(), 3, height, width);
    for (int i = 0; i < 20; ++i) {
      const drawn scene = draw(scenes, i);
      const bool values_in_range = std::all_of(scene.picture.begin(), scene.picture.end(), [](float value) {
        const float colour = value * 64.0f + 128.0f;
        return colour >= 0.0f && colour <= 255.0f && colour == static_cast<float>(static_cast<int>(colour));
      });
      CHECK(values_in_range);
      CHECK(*std::max_element(scene.labels.begin(), scene.labels.end()) < tenon::garment_scenes::classes);
      seen.insert(scene.labels.begin(), scene.labels.end());
    }
  }
  CHECK(seen.size() == 11);
}

TEST_CASE("a label lies where its garment's colour does") {
  // White garments on any background: what is labelled differs from what is drawn without them.
  tenon::garments nothing = small_garments(), white = small_garments();
  std::fill(nothing.shades.begin(), nothing.shades.end(), std::uint8_t{0});
  std::fill(white.shades.begin(), white.shades.end(), std::uint8_t{255});
  const drawn empty = draw(tenon::garment_scenes(nothing, 4, 96, 96), 0);
  const drawn full = draw(tenon::garment_scenes(white, 4, 96, 96), 0);
  CHECK(std::count(empty.labels.begin(), empty.labels.end(), 0) == 96 * 96);
  std::int64_t labelled = 0, changed_outside = 0, changed_inside = 0;
  for (std::size_t pixel = 0; pixel < 96 * 96; ++pixel) {
    bool changed = false;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      changed = changed || empty.picture[channel * 96 * 96 + pixel] != full.picture[channel * 96 * 96 + pixel];
    }
    if (full.labels[pixel] == 0) {
      changed_outside += changed;
    } else {
      ++labelled;
      changed_inside += changed;
    }
  }
  CHECK(labelled > 1500);
  CHECK(changed_inside > labelled * 95 / 100);
  CHECK(changed_outside < labelled / 10);  // edges that cover less than half a pixel
}

TEST_CASE("scenes without garments or too small are refused") {
  CHECK_THAT(sentence_of<tenon::shape_error>([] { tenon::garment_scenes(small_garments(), 1, 31, 96); }),
             Contains("31 x 96"));
  CHECK_THAT(sentence_of<tenon::format_error>([] { tenon::garment_scenes({}, 1, 96, 96); }), Contains("garments"));
}

TEST_CASE("the real garments of the two splits are different ones") {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) TENON_SKIP("dataset-fashion-mnist is not installed");
  const tenon::garments train = tenon::read_garments(folder, tenon::garment_split::train);
  const tenon::garments held_out = tenon::read_garments(folder, tenon::garment_split::held_out);
  CHECK(train.count() == 60000);
  CHECK(held_out.count() == 10000);
  CHECK(train.shades.size() == 60000u * 28 * 28);
  std::array<int, 10> kinds{};
  for (const std::uint8_t kind : held_out.kinds) ++kinds[kind];
  CHECK(kinds == std::array<int, 10>{1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000});
  CHECK(tenon::garment_scenes::class_name(0) == std::string("background"));
  CHECK(tenon::garment_scenes::class_name(10) == std::string("ankle boot"));

  const auto pictures_of = [](const tenon::garments& garments) {
    std::set<std::string> pictures;
    for (std::int64_t i = 0; i < garments.count(); ++i) {
      const auto first = garments.shades.begin() + i * 28 * 28;
      pictures.emplace(first, first + 28 * 28);
    }
    return pictures;
  };
  const std::set<std::string> learned = pictures_of(train);
  std::int64_t shared = 0;
  for (const std::string& picture : pictures_of(held_out)) shared += static_cast<std::int64_t>(learned.count(picture));
  CHECK(shared == 0);
}
