// SPDX-License-Identifier: Apache-2.0
// The small types: list, shape, tensor_view, text, real, finite numbers, layouts, threads.
#include "tenon/core/core.hpp"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "tenon/core/interpolation.hpp"
#include "tenon/core/list.hpp"

using namespace tenon;
using namespace tenon::literals;

static_assert(160_MiB == 167'772'160 && 2_GiB == 2'147'483'648 && 3_KiB == 3'072);
static_assert(real(0.1).value() == 0.1);
static_assert(is_finite(3.4e38f) && is_finite(-0.0f) && is_finite(1e-45f) && is_finite(-1.7e308) && is_finite(5e-324));
static_assert(!is_finite(std::numeric_limits<float>::infinity()) && !is_nan(std::numeric_limits<float>::infinity()));
static_assert(!is_finite(-std::numeric_limits<double>::infinity()) &&
              !is_nan(-std::numeric_limits<double>::infinity()));
static_assert(!is_finite(std::numeric_limits<float>::quiet_NaN()) && is_nan(-std::numeric_limits<float>::quiet_NaN()));
static_assert(!is_finite(std::numeric_limits<double>::quiet_NaN()) &&
              is_nan(-std::numeric_limits<double>::quiet_NaN()));
static_assert(!is_nan(1.0f) && !is_nan(1.0));
static_assert(text("decoder.add").view() == "decoder.add");
static_assert(shape(2, 3, 5, 7).elements() == 210 && shape().elements() == 1);
static_assert(shape(2, 3, 5, 7).spatial(0) == 1 && shape(2, 3, 5, 7).spatial(1) == 5 &&
              shape(2, 3, 5, 7).spatial(2) == 7);
static_assert(shape(2, 3, 4, 5, 7).spatial(0) == 4 && shape(2, 3, 4, 5, 7).spatial_elements() == 140);
static_assert(bytes_of(shape(2, 3, 5, 7), element_type::float32, layout::contiguous) == 840);
static_assert(bytes_of(shape(2, 3, 5, 7), element_type::float32, layout::blocked) == 2 * 16 * 35 * 4);
static_assert(bytes_of(shape(1, 33, 1, 1), element_type::float32, layout::blocked) == 48 * 4);

namespace {

constexpr int sum_of_list() {
  list<int> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(i);
  list<int> copy = numbers;
  copy.append(numbers.data(), 10);
  copy.shorten(105);
  numbers = std::move(copy);
  int sum = 0;
  for (const int number : numbers) sum += number;
  return sum;
}
static_assert(sum_of_list() == 4950 + 10);

/// A list of 0, 1, ... appended to itself until it has grown a few times, and its last element pushed behind it.
constexpr bool takes_its_own(std::size_t start) {
  list<int> numbers;
  for (std::size_t i = 0; i < start; ++i) numbers.push_back(static_cast<int>(i));
  for (int turn = 0; turn < 4; ++turn) numbers.append(numbers.data(), numbers.size());
  for (int more = 0; more < 40; ++more) numbers.push_back(numbers[numbers.size() - start]);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != static_cast<int>(i % start)) return false;
  }
  return numbers.size() == 16 * start + 40;
}
static_assert(takes_its_own(5) && takes_its_own(32));
/// Records are copied otherwise than numbers.
constexpr bool takes_its_own_records() {
  list<shape> shapes;
  for (int i = 0; i < 20; ++i) shapes.push_back(shape(i, i + 1));
  shapes.append(shapes.data(), 20);
  for (int i = 0; i < 40; ++i) {
    if (!(shapes[static_cast<std::size_t>(i)] == shape(i % 20, i % 20 + 1))) return false;
  }
  return shapes.size() == 40;
}
static_assert(takes_its_own_records());

}  // namespace

TEST_CASE("a list grows, copies and moves") {
  CHECK(sum_of_list() == 4960);
  CHECK(takes_its_own(5));
  CHECK(takes_its_own(32));
  CHECK(takes_its_own_records());
  list<char> text(3, 'x');
  list<char> other = std::move(text);
  CHECK(other.size() == 3);
  CHECK(text.empty());
  text = other;
  other.push_back('y');
  CHECK(text.size() == 3);
  CHECK(other[3] == 'y');
}

TEST_CASE("a tensor view of a buffer has just its elements") {
  std::vector<float> values(24);
  const std::vector<float>& constant = values;
  std::array<int, 6> numbers{};
  tensor_view all{values, 2, 3, 4};
  tensor_view read{constant, std::array<std::int64_t, 2>{4, 6}};
  tensor_view few{numbers, 2, 3};
  const tensor_view<const float, 2> part{std::span(values).first(6), 2, 3};
  static_assert(std::is_same_v<decltype(all), tensor_view<float, 3>>);
  static_assert(std::is_same_v<decltype(read), tensor_view<const float, 2>>);
  static_assert(std::is_same_v<decltype(few), tensor_view<int, 2>>);
  CHECK(all.data() == values.data());
  CHECK(all.extents() == std::array<std::int64_t, 3>{2, 3, 4});
  CHECK(read.extent(1) == 6);
  CHECK(few.size() == 6);
  CHECK(part.size() == 6);
  CHECK(tensor_view{all, 6, 4}.size() == 24);  // the same elements, other extents
  CHECK(tensor_view<const float, 2>(std::span(values).first(0), 0, 3).size() == 0);
  // What is no buffer of T, or would be gone.
  static_assert(!std::is_constructible_v<tensor_view<float, 1>, const std::vector<float>&, int>);
  static_assert(!std::is_constructible_v<tensor_view<float, 1>, std::vector<double>&, int>);
  static_assert(!std::is_constructible_v<tensor_view<const float, 1>, std::vector<float>, int>);
  CHECK_THROWS_AS((tensor_view{values, 2, 3, 5}), shape_error);
  CHECK_THROWS_AS((tensor_view{values, 2, 3, 3}), shape_error);
  CHECK_THROWS_AS((tensor_view{values, std::array<std::int64_t, 2>{4, 7}}), shape_error);
  CHECK_THROWS_AS((tensor_view{values, -4, -6}), shape_error);
  // 2^62 * 4 is 0 in 64 bits.
  CHECK_THROWS_AS((tensor_view<const float, 2>(std::span(values).first(0), std::int64_t{1} << 62, 4)), shape_error);
  try {
    tensor_view<float, 2>{values, 5, 5};
    FAIL("no exception");
  } catch (const shape_error& refused) {
    CHECK(refused.name() == "a view of 5 x 5");
    CHECK(refused.expected() == "25");
    CHECK(refused.found() == "24");
  }
}

TEST_CASE("a tensor view finds elements in row-major order") {
  std::vector<float> memory(2 * 3 * 4 * 5);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
  tensor_view view(memory.data(), 2, 3, 4, 5);
  const tensor_view<const float, 4> constant = view;
  CHECK(constant.size() == 120);
  CHECK(constant(1, 2, 3, 4) == 119.0f);
  CHECK(constant(0, 1, 0, 2) == 22.0f);
  view(0, 0, 0, 0) = 7;
  CHECK(memory[0] == 7.0f);
  CHECK(constant.extent(2) == 4);
}

TEST_CASE("parallel_for visits every number once, whatever the thread count") {
  for (const int threads : {1, 2, 3, 8}) {
    const thread_count_scope scope(threads);
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      parallel_for(count, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      bool once = true;
      for (const auto& visit : visits) once = once && visit == 1;
      CHECK(once);
    }
  }
}

TEST_CASE("a thread count is put back") {
  const int before = omp_get_max_threads();
  {
    const thread_count_scope scope(before + 3);
    CHECK(omp_get_max_threads() == before + 3);
  }
  CHECK(omp_get_max_threads() == before);
}

TEST_CASE("source coordinates are PyTorch's") {
  // Values of torch.nn.functional.interpolate on ramps.
  CHECK(nearest_source(574, 299, 575) == 298);
  CHECK(nearest_source(3, 2, 6) == 1);
  CHECK(half_pixel_source(0, 5, 10) == 0.0f);
  CHECK(half_pixel_source(3, 5, 10) == 1.25f);
  CHECK(aligned_source(9, 5, 10) == 4.0f);
  CHECK(aligned_source(0, 5, 1) == 0.0f);
}

TEST_CASE("an error carries its parts") {
  const label_error problem("label 12 is no class", "label", "0 to 10", "12");
  const error& base = problem;
  CHECK(base.what() == std::string("label 12 is no class"));
  CHECK(base.name() == "label");
  CHECK(base.expected() == "0 to 10");
  CHECK(base.found() == "12");
}
