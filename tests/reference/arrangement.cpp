// SPDX-License-Identifier: Apache-2.0
// The reference kernels that move data about.
#include "harness.hpp"

namespace {
using namespace harness;

struct padding_case {
  shape from;
  extent3 begin, end;

  shape to() const {
    shape extents = from;
    for (int i = 0; i < 3; ++i)
      extents.set_spatial(i, from.spatial(i) + begin[static_cast<std::size_t>(i)] + end[static_cast<std::size_t>(i)]);
    return extents;
  }
};
}  // namespace

TEST_CASE("pad surrounds by zeros or crops") {
  const padding_case cases[] = {{shape(1, 1, 1, 1), {0, 2, 0}, {0, 1, 3}},
                                {shape(3, 5, 7, 5), {0, -2, 1}, {0, 1, -3}},
                                {shape(2, 3, 4, 5), {0, -1, -2}, {0, -2, -1}},
                                {shape(2, 19, 3, 2, 4), {1, -1, 2}, {-2, 2, 0}}};
  for (const padding_case& of : cases) {
    CAPTURE(of.from.extents, of.begin, of.end);
    const auto x = random(of.from, 1), dy = random(of.to(), 2);
    attributes attribute;
    attribute.padding_begin = of.begin;
    attribute.padding_end = of.end;
    const auto y = evaluate_both(operation::pad, attribute, {x}, {of.to()});
    const shape to = of.to();
    for (int n = 0; n < to.batch(); ++n)
      for (int c = 0; c < to.channels(); ++c)
        for (int d = 0; d < to.spatial(0); ++d)
          for (int h = 0; h < to.spatial(1); ++h)
            for (int w = 0; w < to.spatial(2); ++w)
              CHECK(y[0].at(n, c, d, h, w) == x.at(n, c, d - of.begin[0], h - of.begin[1], w - of.begin[2]));
    // Its gradient is the opposite padding.
    attributes opposite;
    for (std::size_t i = 0; i < 3; ++i) {
      opposite.padding_begin[i] = -of.begin[i];
      opposite.padding_end[i] = -of.end[i];
    }
    const auto dx = evaluate<double>(operation::pad, opposite, {dy}, {of.from});
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::pad, attribute, operands, {of.to()})[0];
    };
    check_gradient(forward, {x}, 0, dy, dx[0]);
  }
}

TEST_CASE("concat puts channels side by side, and its gradient takes them apart") {
  for (const bool deep : {false, true}) {
    const auto extents = [&](int channels) { return deep ? shape(3, channels, 2, 1, 3) : shape(3, channels, 1, 5); };
    const std::vector<tensor<double>> parts{random(extents(5), 1), random(extents(1), 2), random(extents(33), 3)};
    const auto joined = evaluate_both(operation::concat, {}, parts, {extents(39)});
    std::int32_t first = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const shape of = parts[i].extents;
      for (int n = 0; n < 3; ++n)
        for (int c = 0; c < of.channels(); ++c)
          for (int d = 0; d < of.spatial(0); ++d)
            for (int w = 0; w < of.spatial(2); ++w)
              CHECK(joined[0].at(n, first + c, d, 0, w) == parts[i].at(n, c, d, 0, w));
      attributes attribute;
      attribute.index = first;
      const auto apart = evaluate_both(operation::concat_gradient, attribute, {joined[0]}, {of});
      CHECK(apart[0].values == parts[i].values);
      first += of.channels();
    }
  }
}

TEST_CASE("a reorder copies and a fill clears") {
  const shape of(2, 3, 5, 1);
  const auto x = random(of, 1);
  CHECK(evaluate_both(operation::reorder, {}, {x}, {of})[0].values == x.values);
  CHECK(evaluate_both(operation::fill, {}, {}, {of})[0].values == std::vector<double>(30, 0.0));
}
