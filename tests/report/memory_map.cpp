// SPDX-License-Identifier: Apache-2.0
// The example of docs/memory.md: a plan's memory as text. The text there is the function here.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <tenon/layers/layers.hpp>
#include <tenon/plan/plan_of.hpp>

using namespace tenon::layers;

inline constexpr auto network = [](auto image) {
  auto fine = name<"fine">(conv2d<16, kernel<3>>{} >> relu{})(image);
  auto coarse = name<"coarse">(max_pool2d<kernel<2>>{} >> conv2d<32, kernel<3>>{} >> relu{})(fine);
  return name<"head">(conv2d<3>{})(concat(resize_like(coarse, fine), fine));
};

// In docs/memory.md from here
template <class Plan>
std::string memory_map() {
  const tenon::plan_view plan = Plan::view();
  std::string text;
  for (const tenon::node& step : plan.graph.nodes) {
    for (int i = 0; i < step.results.count; ++i) {
      const auto number = static_cast<std::size_t>(step.results[i]);
      const tenon::placement& place = plan.placements[number];
      if (place.space != tenon::memory_space::arena) continue;
      const auto column = [&](std::int64_t byte) { return static_cast<std::size_t>(byte * 40 / plan.arena_bytes); };
      std::string bar(40, '.');
      for (std::size_t c = column(place.offset); c < column(place.offset + place.bytes); ++c) bar[c] = '#';
      text += bar + "  " + std::to_string(place.offset) + " to " + std::to_string(place.offset + place.bytes) + "  " +
              std::string(tenon::name_of(step.op)) + " " + std::string(plan.graph.text(step.scope)) + "\n";
    }
  }
  return text;
}
// to here

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a plan's view says which value lies where") {
  using plan = tenon::plan_of<network, tenon::image<1, 3, 32, 48>>;
  const std::string text = memory_map<plan>();
  INFO(text);
  CHECK(text.find("convolution fine.0") != std::string::npos);
  CHECK(text.find("convolution head") != std::string::npos);
  const std::string document = contents(std::string(TENON_TESTS_FOLDER) + "/../docs/memory.md");
  const std::string source = contents(std::string(TENON_TESTS_FOLDER) + "/report/memory_map.cpp");
  const std::size_t begin = document.find("template <class Plan>"), end = document.find("```", begin);
  REQUIRE(begin < end);
  CHECK(source.find(document.substr(begin, end - begin)) != std::string::npos);
  CHECK(document.find(text) != std::string::npos);
}
