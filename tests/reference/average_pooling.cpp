// SPDX-License-Identifier: Apache-2.0
// The reference average poolings against sums over windows found anew, and their gradients.
#include "windows.hpp"

namespace {

using namespace harness;

std::vector<window_case> average_cases() {
  const extent3 one{1, 1, 1}, none{0, 0, 0};
  return {window_of(shape(1, 1, 1, 1), 1, 1, one, one, one, none),
          window_of(shape(3, 5, 7, 9), 5, 1, {1, 2, 2}, {1, 2, 2}, one, none),
          window_of(shape(2, 3, 5, 6), 3, 1, {1, 3, 3}, {1, 2, 2}, one, {0, 1, 1}),
          window_of(shape(1, 3, 6, 7), 3, 1, {1, 3, 2}, {1, 1, 3}, one, {0, 1, 1}),
          window_of(shape(1, 2, 8, 9), 2, 1, {1, 2, 2}, {1, 3, 4}, one, {0, 1, 0}),
          window_of(shape(3, 3, 4, 5, 3), 3, 1, {2, 2, 2}, {2, 2, 2}, one, none),
          window_of(shape(1, 2, 3, 4, 3), 2, 1, {3, 3, 3}, {1, 2, 2}, one, {1, 1, 1})};
}

/// Whether a place lies inside the image.
bool inside(const shape& image, const extent3& place) {
  for (int k = 0; k < 3; ++k) {
    const std::int32_t at = place[static_cast<std::size_t>(k)];
    if (at < 0 || at >= image.spatial(k)) return false;
  }
  return true;
}

/// The pixels that windows cover, counted one by one.
tensor<double> direct(const window_case& of, const tensor<double>& x) {
  window_case depthwise = of;
  depthwise.attribute.groups = of.image.channels();
  tensor<double> sum(of.grid()), count(of.grid());
  for_each_product(depthwise, [&](int n, int c, int, int, extent3 from, extent3 to, extent3) {
    const std::size_t i = sum.index(n, c, to[0], to[1], to[2]);
    sum.values[i] += x.at(n, c, from[0], from[1], from[2]);
    if (of.attribute.counts_padding || inside(of.image, from)) ++count.values[i];
  });
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] /= count.values[i];
  return sum;
}

void check_average(operation op, operation gradient, const attributes& attribute, const tensor<double>& x,
                   const tensor<double>& expected) {
  const auto y = evaluate_both(op, attribute, {x}, {expected.extents});
  CHECK(relative_difference(y[0].values, expected.values) < 1e-12);
  const auto dy = random(expected.extents, 2);
  const auto dx = evaluate_both(gradient, attribute, {dy}, {x.extents});
  const auto forward = [&](const std::vector<tensor<double>>& operands) {
    return evaluate<double>(op, attribute, operands, {expected.extents})[0];
  };
  check_gradient(forward, {x}, 0, dy, dx[0]);
}

}  // namespace

TEST_CASE("average pooling is the mean of a window, and its gradient is shared out") {
  for (window_case of : average_cases())
    for (const bool counts : {true, false}) {
      of.attribute.counts_padding = counts;
      CAPTURE(of.image.extents, of.attribute.kernel, counts);
      const auto x = random(of.image, 1);
      check_average(operation::average_pool, operation::average_pool_gradient, of.attribute, x, direct(of, x));
    }
}

TEST_CASE("adaptive average pooling has bins of like size that overlap where extents do not divide") {
  const struct {
    shape from, to;
  } cases[] = {{shape(1, 1, 1, 1), shape(1, 1, 1, 1)},       {shape(3, 2, 7, 5), shape(3, 2, 1, 1)},
               {shape(1, 3, 7, 5), shape(1, 3, 2, 3)},       {shape(2, 2, 13, 9), shape(2, 2, 6, 6)},
               {shape(1, 2, 3, 4), shape(1, 2, 5, 6)},       {shape(1, 2, 6, 8), shape(1, 2, 3, 4)},
               {shape(2, 3, 5, 4, 7), shape(2, 3, 3, 3, 3)}, {shape(1, 2, 3, 2, 4), shape(1, 2, 1, 1, 1)}};
  for (const auto& of : cases) {
    CAPTURE(of.from.extents, of.to.extents);
    const auto x = random(of.from, 1);
    tensor<double> expected(of.to);
    // A pixel lies in a bin where the two, each stretched over one length, overlap.
    const auto meets = [&](int d, std::int64_t pixel, std::int64_t bin) {
      const std::int64_t pixels = of.from.spatial(d), bins = of.to.spatial(d);
      return pixel * bins < (bin + 1) * pixels && (pixel + 1) * bins > bin * pixels;
    };
    for (std::int64_t n = 0; n < of.to.batch(); ++n)
      for (std::int64_t c = 0; c < of.to.channels(); ++c)
        for (std::int64_t i = 0; i < of.to.spatial_elements(); ++i) {
          const std::int64_t bin[] = {i / (of.to.spatial(1) * of.to.spatial(2)),
                                      i / of.to.spatial(2) % of.to.spatial(1), i % of.to.spatial(2)};
          double sum = 0, count = 0;
          for (std::int64_t d = 0; d < of.from.spatial(0); ++d)
            for (std::int64_t h = 0; h < of.from.spatial(1); ++h)
              for (std::int64_t w = 0; w < of.from.spatial(2); ++w) {
                if (!meets(0, d, bin[0]) || !meets(1, h, bin[1]) || !meets(2, w, bin[2])) continue;
                sum += x.at(n, c, d, h, w);
                ++count;
              }
          expected.values[expected.index(n, c, bin[0], bin[1], bin[2])] = sum / count;
        }
    check_average(operation::adaptive_average_pool, operation::adaptive_average_pool_gradient, {}, x, expected);
  }
}

TEST_CASE("a padded pixel counts, unless it is ignored") {
  window_case of = window_of(shape(1, 1, 1, 2), 1, 1, {1, 1, 2}, {1, 1, 2}, {1, 1, 1}, {0, 0, 1});
  const tensor<double> x(of.image, {3, 5});
  CHECK(evaluate<double>(operation::average_pool, of.attribute, {x}, {of.grid()})[0].values ==
        std::vector<double>{1.5, 2.5});
  of.attribute.counts_padding = false;
  CHECK(evaluate<double>(operation::average_pool, of.attribute, {x}, {of.grid()})[0].values ==
        std::vector<double>{3, 5});
}
