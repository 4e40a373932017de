// SPDX-License-Identifier: Apache-2.0
// dynamic_predictor: the same bits as predictor, the same names, and its checks as exceptions.
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/counting.hpp"
#include "runtime/small.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/runtime/dynamic_predictor.hpp"

using namespace runtime_test;

namespace {

using tenon::shape;
using dynamic_segmenter = tenon::dynamic_predictor<net>;

static_assert(!std::is_copy_constructible_v<dynamic_segmenter>);
static_assert(std::is_nothrow_move_constructible_v<dynamic_segmenter> && std::is_move_assignable_v<dynamic_segmenter>);

inline constexpr auto of_volumes = [](auto x) {
  using namespace tenon::layers;
  auto fine = name<"fine">(conv3d<8, kernel<3>>{} >> batch_norm{} >> relu{})(x);
  auto coarse = name<"coarse">(max_pool3d<kernel<2>>{} >> conv_transpose3d<8, kernel<2>, stride<2>>{})(fine);
  return name<"head">(conv3d<3>{})(add(pad_like(coarse, fine), fine));
};

inline constexpr auto two_in_two_out = [](auto image, auto coarse) {
  using namespace tenon::layers;
  auto x = add(conv2d<8, kernel<3>>{}(image), resize_like(conv2d<8>{}(coarse), image));
  auto first = name<"first">(conv2d<3>{})(relu{}(x));
  auto second = name<"second">(conv2d<2, kernel<3>, stride<2>>{})(x);
  return std::tuple{first, second};
};

/// Calls without a name in one list of arguments, some of equal shape; one that no output depends on.
inline constexpr auto of_open_order = [](auto x) {
  using namespace tenon::layers;
  [[maybe_unused]] auto unused = add(conv2d<2>{}(x), conv2d<2, kernel<3>>{}(x));
  auto joined = concat(conv2d<8>{}(x), conv2d<8>{}(x), (conv2d<4, kernel<3>>{} >> batch_norm{})(x));
  auto sum = add(conv2d<6>{}(joined), add(name<"named">(conv2d<6>{})(joined), conv2d<6, kernel<3>>{}(joined)));
  return concat(relu{}(sum), batch_norm{}(sum), batch_norm{}(relu{}(sum)));
};

/// The same, with a node that odd sizes alone have.
inline constexpr auto padded_in_open_order = [](auto x) {
  using namespace tenon::layers;
  auto fine = conv2d<8>{}(x);
  return conv2d<3>{}(
      concat(pad_like((max_pool2d<kernel<2>>{} >> conv_transpose2d<8, kernel<2>, stride<2>>{})(fine), fine),
             (conv2d<8, kernel<3>>{} >> relu{})(fine), conv2d<8>{}(fine)));
};

/// Right for 7 channels alone, in an open order.
inline constexpr auto of_seven_channels = [](auto x) {
  using namespace tenon::layers;
  auto joined = concat(conv2d<14, groups<7>>{}(x), conv2d<14, kernel<3>, groups<7>>{}(x),
                       (group_norm<7>{} >> depthwise_conv2d<kernel<3>>{} >> prelu{})(x));
  auto [a, b] = split<7, 28>(joined);
  auto parts = chunk<7>(x);
  return concat(add(conv2d<7>{}(a), conv2d<7, kernel<3>>{}(x)), channel_shuffle<7>{}(b),
                add(conv2d<3>{}(parts[0]), conv2d<3>{}(parts[6])));
};
inline constexpr auto volumes_of_seven_channels = [](auto x) {
  using namespace tenon::layers;
  auto sum = add(conv3d<14, kernel<3>, groups<7>>{}(x), conv_transpose3d<14, kernel<3>, padding<1>, groups<7>>{}(x));
  return add(batch_norm{}(add(conv3d<7>{}(sum), conv3d<7>{}(sum))), batch_norm{}(x));
};

/// Enlarged beyond what can be counted with, or with a window as large as the picture.
inline constexpr auto enlarged = [](auto x) {
  using namespace tenon::layers;
  return name<"up">(conv2d<1>{} >> resize<factor<256>, nearest<>>{} >> conv2d<1>{})(x);
};
inline constexpr auto widely_seen = [](auto x) {
  using namespace tenon::layers;
  return name<"all">(conv2d<1, kernel<(1 << 16) + 1>>{})(x);
};

/// Right for even sizes alone.
inline constexpr auto for_even_sizes = [](auto x) {
  using namespace tenon::layers;
  auto back = (conv2d<4, kernel<2>, stride<2>, padding<0>>{} >> conv_transpose2d<3, kernel<2>, stride<2>>{})(x);
  return (name<"pair">(conv2d<3>{} >> relu{}) >> conv2d<2, kernel<3>, padding<0>>{})(add(back, x));
};

/// More parameters for large inputs.
inline constexpr auto of_size = [](auto x) {
  using namespace tenon::layers;
  auto y = concat(conv2d<4>{}(x), conv2d<4>{}(x));
  if (x.extents()[3] < 16) y = conv2d<8>{}(y);
  return y;
};

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  tenon::random_source random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

template <class Predictor>
std::vector<std::string> names_of(const Predictor& model) {
  std::vector<std::string> names;
  for (const tenon::parameter_table& table : {model.parameters().store()->table()}) {
    for (const auto& entry : table.parameters) names.emplace_back(entry.name);
    for (const auto& entry : table.buffers) names.emplace_back(entry.name);
  }
  return names;
}

/// Weights that no other tensor has, running statistics included.
template <class Predictor>
void scramble(Predictor& model) {
  std::uint64_t seed = 100;
  auto parameters = model.parameters();
  for (const std::string& name : names_of(model)) {
    const tenon::parameter_view there = parameters.parameter(name);
    std::vector<float> values = noise(there.size(), ++seed);
    for (float& value : values) value = name.ends_with("running_var") ? 1 + value * value : value;
    parameters.assign(name, {values, there.extents});
  }
}

/// A predictor and a dynamic_predictor of one size do the same with the same weights.
template <const auto& Net, class Input, class... Backend>
void check_same() {
  constexpr shape extents = Input::extents;
  INFO(tenon::text_of_shape(extents));
  using fixed_type = tenon::predictor<Net, Input, Backend...>;
  fixed_type fixed{tenon::initialize(7), tenon::threads{1}};
  tenon::dynamic_predictor<Net, Backend...> dynamic{extents, tenon::initialize(7), tenon::threads{1}};
  CHECK(dynamic.arena_bytes() == fixed_type::arena_bytes);
  CHECK(dynamic.packed_bytes() == fixed_type::packed_bytes);
  CHECK(dynamic.total_bytes() == fixed_type::total_bytes);
  CHECK(dynamic.parameter_count() == fixed_type::parameter_count);
  CHECK(dynamic.macs() == fixed_type::macs);
  CHECK(names_of(dynamic) == names_of(fixed));
  CHECK(std::equal(dynamic.execution().plan().placements.begin(), dynamic.execution().plan().placements.end(),
                   fixed.execution().plan().placements.begin(), fixed.execution().plan().placements.end(),
                   [](const auto& a, const auto& b) { return a.space == b.space && a.offset == b.offset; }));
  const std::vector<float> values = noise(static_cast<std::size_t>(extents.elements()), 5);
  std::array<std::int64_t, static_cast<std::size_t>(extents.rank)> sizes{};
  for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = extents.extents[i];
  const tenon::tensor_view<const float, extents.rank> view(values.data(), sizes);
  for (int i = 0; i < 2; ++i) {  // with first weights, then with others in place of them
    const auto expected = fixed(view), found = dynamic(view);
    REQUIRE(found.extents() == expected.extents());
    CHECK(copy_of(found) == copy_of(expected));
    scramble(fixed);
    scramble(dynamic);
  }
}

/// Makes a dynamic_predictor, which must throw `Error`; gives the sentence.
template <class Error, const auto& Net, class Shape>
std::string refused(const Shape& extents) {
  try {
    // There is no such file: sizes are looked at before weights.
    const tenon::dynamic_predictor<Net> made{extents, tenon::load("/nowhere/to/be/found"), tenon::threads{1}};
  } catch (const Error& error) {
    CHECK(!error.name().empty());
    CHECK_THAT(error.what(), Catch::Contains(error.found()) && Catch::Contains(error.expected()));
    return error.what();
  }
  FAIL("no exception");
  return {};
}

/// Sets RLIMIT_AS for a scope.
class address_space_limit {
 public:
  explicit address_space_limit(std::uint64_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_AS, &now);
  }
  ~address_space_limit() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

void write(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

}  // namespace

TEST_CASE("a dynamic_predictor gives a predictor's bits") {
  check_same<net, tenon::image<2, 3, height, width>>();
  check_same<net, tenon::image<1, 3, 8, 8>>();
  check_same<net, tenon::image<1, 3, 1, 19>>();
  check_same<net, tenon::image<2, 3, height, width>, tenon::backend::reference>();
  check_same<of_volumes, tenon::volume<2, 2, 5, 7, 9>>();
  check_same<of_volumes, tenon::volume<1, 2, 4, 8, 6>>();
  check_same<of_volumes, tenon::volume<1, 2, 5, 7, 9>, tenon::backend::reference>();
}

TEST_CASE("a dynamic_predictor of several inputs and outputs") {
  using two = tenon::predictor<two_in_two_out, tenon::inputs<tenon::image<1, 3, 11, 14>, tenon::image<1, 4, 5, 6>>>;
  two fixed{tenon::initialize(8), tenon::threads{1}};
  const std::array inputs{shape(1, 3, 11, 14), shape(1, 4, 5, 6)};
  tenon::dynamic_predictor<two_in_two_out> dynamic{inputs, tenon::initialize(8), tenon::threads{1}};
  std::vector<float> values = noise(3 * 11 * 14 + 4 * 5 * 6, 1);
  // Views of what may be changed do too.
  const tenon::tensor_view<float, 4> image(values.data(), 1, 3, 11, 14), coarse(values.data() + 462, 1, 4, 5, 6);
  const auto [first, second] = dynamic(image, coarse);
  const auto [expected_first, expected_second] = fixed(image, coarse);
  CHECK(first.extents() == expected_first.extents());
  CHECK(second.extents() == expected_second.extents());
  CHECK(copy_of(first) == copy_of(expected_first));
  CHECK(copy_of(second) == copy_of(expected_second));
  CHECK(dynamic.output_count() == 2);
  CHECK(copy_of(dynamic.output<4>(1)) == copy_of(second));
  CHECK_THROWS_AS(dynamic.output<5>(1), tenon::shape_error);
  CHECK(dynamic.inputs()[1] == shape(1, 4, 5, 6));
}

TEST_CASE("names do not depend on the order of calls") {
  check_same<of_open_order, tenon::image<2, 3, 9, 5>>();
  check_same<padded_in_open_order, tenon::image<1, 3, 9, 11>>();
  check_same<padded_in_open_order, tenon::image<1, 3, 8, 6>>();
  using fixed_type = tenon::predictor<of_open_order, tenon::image<1, 3, 6, 7>>;
  fixed_type fixed{tenon::initialize(8), tenon::threads{1}};
  tenon::dynamic_predictor<of_open_order> dynamic{shape(1, 3, 6, 7), tenon::initialize(8), tenon::threads{1}};
  CHECK(names_of(dynamic) == names_of(fixed));
  const std::vector<float> values = noise(3 * 6 * 7, 1);
  const tenon::tensor_view<const float, 4> image(values, 1, 3, 6, 7);
  CHECK(copy_of(dynamic(image)) == copy_of(fixed(image)));
  scramble(fixed);
  // From a file, and shared.
  temporary_folder folder;
  const std::string path = folder.file("open.safetensors");
  fixed.save(path);
  dynamic.load(path);
  CHECK(copy_of(dynamic(image)) == copy_of(fixed(image)));
  tenon::dynamic_predictor<of_open_order> shares{shape(1, 3, 6, 7), fixed.parameters(), tenon::threads{1}};
  CHECK(copy_of(shares(image)) == copy_of(fixed(image)));
  fixed_type back{dynamic.parameters(), tenon::threads{1}};
  CHECK(copy_of(back(image)) == copy_of(fixed(image)));
}

TEST_CASE("names do not depend on the order of calls, whatever the number of channels") {
  check_same<of_seven_channels, tenon::image<2, 7, 9, 5>>();
  check_same<volumes_of_seven_channels, tenon::volume<1, 7, 5, 6, 4>>();
  check_same<volumes_of_seven_channels, tenon::volume<1, 7, 5, 6, 4>, tenon::backend::reference>();
}

TEST_CASE("parameters of certain sizes alone") {
  const tenon::dynamic_predictor<of_size> large{shape(1, 3, 20, 20), tenon::initialize(1), tenon::threads{1}};
  CHECK(names_of(large) == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"});
  // Without an open order its names are known, whatever the size; with one they are not.
  if (tenon::call_order_of<of_size, 1>().differs()) {
    CHECK_THROWS_AS((tenon::dynamic_predictor<of_size>{shape(1, 3, 20, 9), tenon::initialize(1)}), tenon::weight_error);
  } else {
    CHECK((tenon::dynamic_predictor<of_size>{shape(1, 3, 20, 9), tenon::initialize(1)}).parameter_list().size() == 6);
  }
}

TEST_CASE("a dynamic_predictor follows a trainer, and its parameters outlive it") {
  teacher train{tenon::initialize(5), tenon::threads{1}};
  const batch data(2);
  dynamic_segmenter live{data.pictures().extents(), train.parameters(), tenon::threads{1}};
  segmenter fixed{train.parameters(), tenon::threads{1}};
  const std::vector<float> before = copy_of(live(data.pictures()));
  for (int i = 0; i < 2; ++i) {
    train.step(data.pictures(), data.labels(), {.learning_rate = 0.05f});
    CHECK(copy_of(live(data.pictures())) == copy_of(fixed(data.pictures())));
  }
  CHECK(copy_of(live(data.pictures())) != before);

  auto own = std::make_unique<dynamic_segmenter>(shape(1, 3, 9, 9), tenon::initialize(5), tenon::threads{1});
  const tenon::parameters<net> kept = own->parameters();
  own.reset();
  segmenter later{kept, tenon::threads{1}};
  dynamic_segmenter dynamic{data.pictures().extents(), kept, tenon::threads{1}};
  CHECK(copy_of(later(data.pictures())) == before);
  CHECK(copy_of(dynamic(data.pictures())) == before);
  CHECK(kept.parameter("encoder.coarse.0.weight").extents == shape(64, 32, 3, 3));
  CHECK_THROWS_AS(dynamic.parameter("decoder.9.weight"), tenon::weight_error);
  CHECK_THROWS_AS((dynamic_segmenter{shape(1, 4, 9, 9), kept}), tenon::weight_error);
  CHECK_THROWS_AS((dynamic_segmenter{shape(1, 3, 9, 9), tenon::load("/nowhere/to/be/found")}), tenon::file_error);
  // It goes on where it was moved to.
  dynamic_segmenter moved = std::move(dynamic);
  CHECK(copy_of(moved(data.pictures())) == before);
  live = std::move(moved);
  CHECK(copy_of(live(data.pictures())) == before);
}

TEST_CASE("a dynamic_predictor allocates nothing in a call") {
  const batch data(1);
  for (const int count : {1, 2}) {
    dynamic_segmenter predict{data.pictures().extents(), tenon::initialize(1), tenon::threads{count}};
    for (int i = 0; i < 3; ++i) {
      begin_counting();
      predict(data.pictures());
      CHECK(end_counting().ours == 0);
    }
  }
}

TEST_CASE("a call with another shape") {
  dynamic_segmenter predict{shape(1, 3, 9, 11), tenon::initialize(1), tenon::threads{1}};
  const std::vector<float> values(2 * 3 * 9 * 11);
  const auto sentence = [&](const auto& view) -> std::string {
    try {
      predict(view);
    } catch (const tenon::shape_error& error) {
      return error.what();
    }
    return {};
  };
  using view4 = tenon::tensor_view<const float, 4>;
  CHECK_THAT(sentence(view4(values.data(), 1, 3, 9, 10)),
             Catch::Contains("1 x 3 x 9 x 10") && Catch::Contains("1 x 3 x 9 x 11"));
  CHECK_THAT(sentence(view4(values.data(), 2, 3, 9, 11)), Catch::Contains("2 x 3 x 9 x 11"));
  CHECK_THAT(sentence(tenon::tensor_view<const float, 5>(values.data(), 1, 3, 1, 9, 11)),
             Catch::Contains("input 0 is 1 x 3 x 1 x 9 x 11") && Catch::Contains("1 x 3 x 9 x 11"));
  CHECK(sentence(view4(values.data(), 1, 3, 9, 11)).empty());
  const std::array one{shape(1, 3, 11, 14), shape(1, 4, 5, 6)};
  tenon::dynamic_predictor<two_in_two_out> two{one, tenon::initialize(8), tenon::threads{1}};
  const view4 image(values.data(), 1, 3, 11, 14), coarse(values.data(), 1, 4, 5, 7);
  CHECK_THROWS_WITH(two(image, coarse), Catch::Contains("input 1"));
}

TEST_CASE("a network that does not fit a size") {
  CHECK_THAT((refused<tenon::shape_error, for_even_sizes>(shape(1, 3, 6, 9))),
             Catch::Contains("1 x 3 x 6 x 9") && Catch::Contains("\"add\"") && Catch::Contains("the sizes differ") &&
                 Catch::Contains("8 and 9") && Catch::Contains("(first from 0.1, other from input 0)"));
  CHECK_THAT((refused<tenon::shape_error, for_even_sizes>(shape(1, 4, 6, 8))),
             Catch::Contains("the channels differ") && Catch::Contains("3 and 4"));
  CHECK_THAT((refused<tenon::shape_error, for_even_sizes>(shape(1, 3, 2, 8))),
             Catch::Contains("the kernel is larger than the padded input") && Catch::Contains("3 and 2"));
  CHECK_THAT((refused<tenon::shape_error, for_even_sizes>(shape(1, 3, 6, 8, 8))),
             Catch::Contains("the numbers of spatial dimensions differ") && Catch::Contains("2 and 3"));
  CHECK_NOTHROW(tenon::dynamic_predictor<for_even_sizes>{shape(1, 3, 6, 8), tenon::initialize(1)});
  CHECK_THAT((refused<tenon::shape_error, of_seven_channels>(shape(1, 5, 6, 8))),
             Catch::Contains("groups do not divide the channels") && Catch::Contains("5 and 7"));
}

TEST_CASE("sizes that are none") {
  for (const shape& wrong : {shape(1, 3, 0, 8), shape(-1, 3, 8, 8), shape(1, 3, 8),
                             shape(std::int64_t{-1} << 40, 3, 8, 8), shape(1, 3, 2, (1 << 24) + 1)}) {
    CHECK_THAT((refused<tenon::shape_error, net>(wrong)), Catch::Contains("input 0"));
  }
  CHECK_THAT((refused<tenon::shape_error, net>(std::array<std::int64_t, 4>{1, 3, 8, -8})), Catch::Contains("-8"));
  // What 32 bits do not hold: as it was given, or that it is beyond.
  constexpr std::int64_t many = std::int64_t{1} << 40;
  CHECK_THAT(
      (refused<tenon::shape_error, net>(std::array{many, std::int64_t{3}, std::int64_t{8}, many + 5})),
      Catch::Contains("input 0 of 1099511627776 x 3 x 8 x 1099511627781") && Catch::Contains("found 1099511627776"));
  CHECK_THAT((refused<tenon::shape_error, net>(std::array{std::int64_t{1}, std::int64_t{3}, -many, std::int64_t{8}})),
             Catch::Contains("found -1099511627776"));
  CHECK_THAT((refused<tenon::shape_error, net>(shape(1, -many, 8, 8))), Catch::Contains("found -2147483647 or less"));
}

TEST_CASE("sizes beyond memory") {
  constexpr std::int64_t many = std::int64_t{1} << 31;
  for (const shape& wrong :
       {shape(1, 3, 1 << 20, 1 << 20), shape(1, 3, many, 8), shape(1, 3, many - 1, many - 1),
        shape(many, many, many, many), shape(1, 3, std::int64_t{1} << 32, (std::int64_t{1} << 32) + 1),
        shape(1, 3, many - 1, many - 1, many - 1)}) {
    CHECK_THAT((refused<tenon::allocation_error, net>(wrong)), Catch::Contains("bytes"));
  }
  CHECK_THAT((refused<tenon::allocation_error, net>(shape(1, 3, many, 8))),
             Catch::Contains("1 x 3 x 2147483647 or more x 8"));
  // The input fits well, what is made of it does not: 96 channels, twice.
  const std::int64_t least = tenon::find_memory_limit().bytes / (4 * 96);
  CHECK_THAT((refused<tenon::allocation_error, net>(shape(1, 3, least / 4096 + 1, 4096))),
             Catch::Contains("the network for an input of"));
}

TEST_CASE("sizes beyond what can be counted") {
  CHECK_THAT((refused<tenon::shape_error, enlarged>(shape(1, 3, 1, 1 << 24))),
             Catch::Contains("\"up.1\"") && Catch::Contains("2147483646 and 4294967296"));
  CHECK_THAT((refused<tenon::allocation_error, enlarged>(shape(1, 3, 1 << 14, 1 << 14))),
             Catch::Contains("\"up.1\"") && Catch::Contains("17592186044416 bytes"));
  CHECK_THAT((refused<tenon::shape_error, widely_seen>(shape(1, 1, 1 << 15, 1 << 15))),
             Catch::Contains("\"all\"") && Catch::Contains("multiply-accumulates") &&
                 Catch::Contains("1152921504606846976 and "));
}

TEST_CASE("a size beyond the address space") {
  constexpr std::uint64_t limit = std::uint64_t{1} << 30;
  constexpr std::int64_t pixels = 4096;
  const shape extents(1, 3, 1024, pixels);  // two values of 32 channels: 1 GiB
  std::string sentence;
  tenon::memory_limit found;
  {
    const address_space_limit scope(limit);
    found = tenon::find_memory_limit();
    sentence = refused<tenon::allocation_error, net>(extents);
  }
  CHECK(found.bytes <= static_cast<std::int64_t>(limit));
  if (found.bytes == static_cast<std::int64_t>(limit)) CHECK_THAT(sentence, Catch::Contains("RLIMIT_AS"));
  CHECK(tenon::find_memory_limit().bytes >= found.bytes);
}

TEST_CASE("control groups limit memory") {
  namespace fs = std::filesystem;
  const temporary_folder folder;
  const fs::path& root = folder.path();
  const auto limit_below = [&](const fs::path& place) {
    tenon::memory_limit limit;
    tenon::take_control_group_limits(limit, (root / place).string());
    return limit;
  };
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  // Version 2: the least on the way up.
  write(root / "v2/proc/self/cgroup", "0::/outer/inner\n");
  write(root / "v2/sys/fs/cgroup/outer/inner/memory.max", "max\n");
  CHECK(limit_below("v2").bytes == none);
  write(root / "v2/sys/fs/cgroup/outer/memory.max", "5000\n");
  CHECK(limit_below("v2").bytes == 5000);
  CHECK(limit_below("v2").source == "control group");
  write(root / "v2/sys/fs/cgroup/outer/inner/memory.max", "4000\n");
  CHECK(limit_below("v2").bytes == 4000);
  // In a container, whose path may lie outside what it sees.
  write(root / "inside/proc/self/cgroup", "0::/../elsewhere\n");
  write(root / "inside/sys/fs/cgroup/memory.max", "3000\n");
  CHECK(limit_below("inside").bytes == 3000);
  write(root / "top/proc/self/cgroup", "0::/\n");
  write(root / "top/sys/fs/cgroup/memory.max", "2000");
  CHECK(limit_below("top").bytes == 2000);
  // Version 1.
  write(root / "v1/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:hugetlb,memory:/a/b\n0::/a\n");
  write(root / "v1/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  write(root / "v1/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "6000\n");
  CHECK(limit_below("v1").bytes == 6000);
  CHECK(limit_below("nowhere").bytes == none);
}
