// SPDX-License-Identifier: Apache-2.0
// Gradients of parameters that several layers read equal central differences in double; so do those beside frozen ones.
#include <catch2/catch.hpp>

#include "support/check_gradient.hpp"
#include "tenon/layers/layers.hpp"

namespace {
using namespace tenon;
using namespace tenon::layers;

/// Every kind of parameter read several times, at two sizes, and a shared part in a shared part.
template <int Rank>
constexpr auto shared_everything = [](auto x) {
  auto cell = share<"cell">([](auto y) {
    auto inner = share<"inner">(convolution<Rank, 4, kernel<3>>{} >> prelu{});
    return group_norm<2>{}(inner(inner(y)));
  });
  auto tower = share<"tower">(convolution<Rank, 4, kernel<3>, no_bias>{} >> batch_norm{} >> sigmoid{} >>
                              transposed_convolution<Rank, 4, kernel<2>, stride<2>>{});
  x = name<"first">(convolution<Rank, 4>{})(x);
  x = x + cell(cell(x));
  auto fine = tower(x);
  auto coarse = tower(convolution<Rank, 4, kernel<3>, stride<2>>{}(x));
  return std::tuple{fine, coarse};
};
using both_losses = losses<weighted<mean_square, 0.5>, mean_square>;

/// Frozen parts between trained ones.
constexpr auto partly_frozen = [](auto x) {
  x = name<"first">(conv2d<4, kernel<3>>{} >> sigmoid{})(x);
  auto y = frozen(name<"frozen">(conv2d<4, kernel<3>, no_bias>{} >> batch_norm{} >> prelu{}))(x);
  return name<"last">(conv2d<3>{})(x + y);
};
}  // namespace

TEST_CASE("gradients of shared parameters equal central differences") {
  const shape pictures[] = {shape(2, 3, 5, 6)}, volumes[] = {shape(1, 2, 4, 5, 3)};
  support::check_gradient(support::lower_with_loss<both_losses>(shared_everything<2>, pictures), 1);
  support::check_gradient(support::lower_with_loss<both_losses>(shared_everything<3>, volumes), 2);
}

TEST_CASE("gradients beside frozen parameters equal central differences, and frozen ones have none") {
  const shape pictures[] = {shape(2, 3, 5, 6)};
  support::training_in_double training(support::lower_with_loss<mean_square>(partly_frozen, pictures), 1);
  training.find_gradients();
  const auto list = training.parameters().parameters;
  REQUIRE(list.size() == 8);
  std::int64_t trained = 0;
  for (const parameter_description& each : list) trained += each.trainable ? each.extents.elements() : 0;
  CHECK(training.view().gradient_bytes == 4 * trained);
  for (std::size_t i = 0; i < list.size(); ++i) {
    INFO(list[i].name);
    CHECK(list[i].trainable == !list[i].name.starts_with("frozen."));
    if (list[i].trainable) {
      CHECK(training.difference(i) <= 1e-6);
    } else {
      CHECK(training.gradient(i).empty());
      CHECK(training.difference(i) > 1e-6);  // the loss does depend on it
    }
  }
}
