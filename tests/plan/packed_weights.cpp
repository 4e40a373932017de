// SPDX-License-Identifier: Apache-2.0
// Packed weights that nodes share: what is shared, what not, and that it changes no bit.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <set>
#include <tuple>
#include <vector>

#include "support/machine.hpp"
#include "support/run_time_plan.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon::layers;
using tenon::shape;
using tenon_test::compiled_graph;
using tenon_test::machine;

/// A feature pyramid of five levels, each half as large as the one before, all read by one head.
template <bool AllLevels, int Channels, class Head>
constexpr auto pyramid(const Head& part) {
  return [part](auto x) {
    auto head = share<"head">(part);
    auto a = name<"stem">(conv2d<Channels, kernel<3>>{})(x);
    if constexpr (AllLevels) {
      auto b = max_pool2d<kernel<2>>{}(a);
      auto c = max_pool2d<kernel<2>>{}(b);
      auto d = max_pool2d<kernel<2>>{}(c);
      return std::tuple{head(a), head(b), head(c), head(d), head(max_pool2d<kernel<2>>{}(d))};
    } else {
      return head(a);
    }
  };
}

constexpr auto dense =
    conv2d<20, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<24, kernel<3>>{} >> relu{} >> conv2d<36>{};
constexpr auto grouped = conv2d<32, kernel<3>, groups<2>>{} >> relu{} >> depthwise_conv2d<kernel<3>>{};
constexpr auto few = conv2d<4, kernel<3>>{} >> relu{} >> conv2d<24>{} >> relu{} >> conv2d<5>{};
constexpr auto transposed = conv_transpose2d<24, kernel<2>, stride<2>>{} >> relu{} >> conv2d<8, kernel<3>, stride<2>>{};

using five_losses =
    tenon::losses<tenon::mean_square, tenon::mean_square, tenon::mean_square, tenon::mean_square, tenon::mean_square>;
const tenon::optimizer_rule rule = tenon::sgd<tenon::momentum<0.9>>::rule();

template <class Capabilities, class Net>
compiled_graph inferred(const Net& net, const shape& image) {
  return tenon_test::compile_for_inference<Capabilities>(support::lower_network(net, {&image, 1}));
}
template <class Capabilities, class Loss, class Net>
compiled_graph trained(const Net& net, const shape& image) {
  return tenon_test::compile_for_training<Capabilities>(support::lower_with_loss<Loss>(net, {&image, 1}), rule, true);
}

using here = tenon::onednn::capabilities;
using elsewhere = tenon::reference::capabilities;
using program = tenon::onednn::program;

std::vector<float> numbers_of(const std::vector<std::byte>& bytes) {
  std::vector<float> numbers(bytes.size() / 4);
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * 4);
  return numbers;
}

/// The greatest difference over the greatest expected value.
double relative(const std::vector<float>& found, const std::vector<float>& expected) {
  double difference = 0, greatest = 1e-30;
  if (found.size() != expected.size()) return 1e30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double apart = std::abs(static_cast<double>(found[i]) - expected[i]);
    difference = apart <= difference ? difference : apart;  // keeps a NaN
    greatest = std::max(greatest, std::abs(static_cast<double>(expected[i])));
  }
  return difference / greatest;
}

std::size_t places_of(const compiled_graph& compiled) {
  std::set<std::int64_t> places(compiled.plan.packed.begin(), compiled.plan.packed.end());
  places.erase(-1);
  return places.size();
}

/// Two steps: the bits that weights packed for each node by itself give, and nearly what the reference gives.
void compare(const compiled_graph& compiled, const compiled_graph& plain) {
  const compiled_graph apart = tenon_test::packed_apart(compiled);
  machine<program> found(compiled, 2, 2), alone(apart, 2, 2);
  machine<tenon::reference::program<float>> expected(plain, 2, 1);
  for (std::uint32_t step = 1; step <= 2; ++step) {
    const tenon::step_arguments arguments{0.001F, step};
    found.run(step, true, arguments);
    alone.run(step, false, arguments);
    expected.run(step, false, arguments);
    CHECK(found.is_sound());
    CHECK(found.results() == alone.results());
    for (std::size_t i = 0; i < plain.graph.outputs.size(); ++i)
      CHECK(relative(found.output(i), expected.output(i)) < 1e-4);
    // Kept gradients, and the parameters they have changed.
    CHECK(relative(numbers_of(found.results()[2]), numbers_of(expected.results()[2])) < 1e-3);
    CHECK(relative(numbers_of(found.results()[0]), numbers_of(expected.results()[0])) < 1e-3);
  }
}

template <int Channels, class Head>
void check_head(const Head& head) {
  const shape image(1, 3, 48, 48);
  const auto five = pyramid<true, Channels>(head);
  const auto one = pyramid<false, Channels>(head);
  const compiled_graph inference = inferred<here>(five, image), single = inferred<here>(one, image);
  CHECK(inference.plan.sizes.packed_bytes == single.plan.sizes.packed_bytes);
  CHECK(places_of(inference) == places_of(single));
  const compiled_graph training = trained<here, five_losses>(five, image);
  const compiled_graph single_training = trained<here, tenon::mean_square>(one, image);
  CHECK(training.plan.sizes.packed_bytes == single_training.plan.sizes.packed_bytes);
  CHECK(places_of(training) == places_of(single_training));
  compare(inference, inferred<elsewhere>(five, image));
  compare(training, trained<elsewhere, five_losses>(five, image));
}

/// Makes nodes share packed weights that by their images might be computed in different ways.
compiled_graph packed_together(compiled_graph compiled) {
  const tenon::graph_view graph = compiled.graph.view();
  for (std::int32_t i = 0; i < graph.node_count(); ++i)
    for (std::int32_t k = 0; k < i; ++k) {
      const tenon::node &one = graph.node_at(k), &other = graph.node_at(i);
      const auto at = static_cast<std::size_t>(i);
      if (compiled.plan.packed[at] < 0 || one.op != other.op) continue;
      if (graph.operand(one, tenon::role::weight) == graph.operand(other, tenon::role::weight))
        compiled.plan.packed[at] = compiled.plan.packed[static_cast<std::size_t>(k)];
    }
  return compiled;
}

}  // namespace

TEST_CASE("a head that is called five times is packed once") {
  SECTION("dense, a norm folded in") { check_head<19>(dense); }
  SECTION("groups and depthwise") { check_head<32>(grouped); }
  SECTION("few channels") { check_head<4>(few); }
  SECTION("transposed") { check_head<19>(transposed); }
}

TEST_CASE("weights that differ in role, norm or format are packed apart") {
  const shape image(1, 16, 8, 8);
  const auto places = [&](auto net) { return places_of(inferred<here>(net, image)); };
  SECTION("equal convolutions of parameters of their own") {
    CHECK(places([](auto x) { return add(conv2d<16>{}(x), conv2d<16>{}(x)); }) == 2);
  }
  SECTION("a norm between the first call and the second") {
    CHECK(places([](auto x) {
            auto shared = share<"shared">(conv2d<16, no_bias>{});
            auto norm = share<"norm">(batch_norm{});
            return std::tuple{shared(x), norm(shared(x)), norm(shared(relu{}(x)))};
          }) == 2);
    CHECK(places([](auto x) {
            auto shared = share<"shared">(conv2d<16, no_bias>{});
            return std::tuple{batch_norm{}(shared(x)), batch_norm{}(shared(relu{}(x)))};
          }) == 2);
  }
  SECTION("the data gradient") {
    const compiled_graph twice = trained<here, tenon::mean_square>(
        [](auto x) { return repeat<3>(share<"shared">(conv2d<16, kernel<3>>{}))(x); }, image);
    CHECK(places_of(twice) == 2);
  }
  SECTION("windows that oneDNN may have no code for, of images of different extents") {
    const auto small = [](auto x) {
      auto shared = share<"shared">(conv2d<16, kernel<3>>{});
      auto two = max_pool2d<kernel<4>, stride<4>>{}(x);
      return std::tuple{shared(two), shared(relu{}(two)), shared(max_pool2d<kernel<2>>{}(two)), shared(x)};
    };
    CHECK(places(small) == 3);
  }
}

TEST_CASE("a frozen part has no packed weights for the backward pass") {
  const auto net = [](auto x) {
    auto head = frozen(share<"head">(conv2d<16, kernel<3>>{}));
    return name<"last">(conv2d<8>{})(add(head(x), head(relu{}(x))));
  };
  const shape image(1, 16, 8, 8);
  const compiled_graph training = trained<here, tenon::mean_square>(net, image);
  CHECK(places_of(training) == 2);
  CHECK(training.plan.sizes.packed_bytes == inferred<here>(net, image).plan.sizes.packed_bytes);
}

TEST_CASE("nodes that share packed weights compute the same, whatever oneDNN would choose for each") {
  const shape image(1, 16, 16, 16);
  const auto check = [&](auto net) {
    const compiled_graph given = trained<here, tenon::losses<tenon::mean_square, tenon::mean_square>>(net, image);
    const compiled_graph plain = trained<elsewhere, tenon::losses<tenon::mean_square, tenon::mean_square>>(net, image);
    const compiled_graph together = packed_together(given);
    CHECK(places_of(together) < places_of(given));
    machine<program> found(together, 2, 2);
    machine<tenon::reference::program<float>> expected(plain, 2, 1);
    found.run(1, true, {0.001F, 1});
    expected.run(1, false, {0.001F, 1});
    CHECK(relative(found.output(0), expected.output(0)) < 1e-4);
    CHECK(relative(numbers_of(found.results()[2]), numbers_of(expected.results()[2])) < 1e-3);
  };
  // The one in its data gradient, with AVX-512: of an odd image by other code, and from another format.
  SECTION("pointwise, of even and odd images, strided") {
    check([](auto x) {
      auto shared = share<"shared">(conv2d<32, stride<2>>{});
      auto a = name<"stem">(conv2d<16>{})(x);
      return std::tuple{shared(a), shared(max_pool2d<kernel<3>, stride<3>>{}(a))};
    });
    check([](auto x) {
      auto shared = share<"shared">(conv2d<32, stride<2>>{});
      auto a = name<"stem">(conv2d<16>{})(x);
      auto odd = shared(max_pool2d<kernel<3>, stride<3>>{}(a));
      return std::tuple{odd, shared(a)};
    });
  }
  // The one by oneDNN, the other by kernels of ours.
  SECTION("a large image and a pixel, the large one first or last") {
    check([](auto x) {
      auto shared = share<"shared">(conv2d<32, kernel<7>>{});
      auto a = name<"stem">(conv2d<16>{})(x);
      return std::tuple{shared(a), shared(global_average_pool{}(a))};
    });
    check([](auto x) {
      auto shared = share<"shared">(conv2d<32, kernel<7>>{});
      auto a = name<"stem">(conv2d<16>{})(x);
      auto pixel = shared(global_average_pool{}(a));
      return std::tuple{pixel, shared(a)};
    });
  }
}
