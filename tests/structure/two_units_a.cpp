// SPDX-License-Identifier: Apache-2.0
// Two translation units use one model: they link, see one description and one type, and compute the same bits.
#include <cmath>
#include <cstdio>

#include "small_unet.hpp"

two_units::answer two_units::first_unit(const parameters& values, const std::vector<float>& picture) {
  return ask(values, picture);
}

int main() {
  const two_units::parameters values = two_units::segmenter{tenon::initialize(42)}.parameters();
  std::vector<float> picture(3 * 12 * 17);
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = std::sin(static_cast<float>(i));
  const two_units::answer first = two_units::first_unit(values, picture);
  const two_units::answer second = two_units::second_unit(values, picture);

  int failed = 0;
  const auto expect = [&](bool condition, const char* sentence) {
    if (condition) return;
    ++failed;
    std::printf("failed: %s\n", sentence);
  };
  expect(first.description == second.description, "both units see one description");
  expect(first.type == second.type, "both units see one type of predictor");
  expect(first.arena_bytes == second.arena_bytes, "both units see one size of the arena");
  expect(first.parameter_count == second.parameter_count && first.macs == second.macs, "both units see one count");
  expect(first.logits.size() == 5 * 12 * 17, "there is a logit for each class and pixel");
  expect(first.logits == second.logits, "both units compute the same bits");
  bool differ = false;
  for (const float logit : first.logits) {
    expect(std::isfinite(logit), "a logit is finite");
    differ = differ || logit != first.logits[0];
  }
  expect(differ, "the logits depend on the picture");
  return failed == 0 ? 0 : 1;
}
