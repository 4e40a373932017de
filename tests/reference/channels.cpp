// SPDX-License-Identifier: Apache-2.0
// The reference kernels that take channels apart and put them in another order.
#include "harness.hpp"

using namespace harness;

TEST_CASE("split takes apart what concat puts side by side") {
  for (const bool deep : {false, true}) {
    const auto extents = [&](int channels) { return deep ? shape(2, channels, 2, 3, 2) : shape(2, channels, 3, 4); };
    const std::vector<tensor<double>> parts{random(extents(5), 1), random(extents(1), 2), random(extents(18), 3)};
    const auto joined = evaluate<double>(operation::concat, {}, parts, {extents(24)});
    const auto apart = evaluate_both(operation::split, {}, {joined[0]}, {extents(5), extents(1), extents(18)});
    for (std::size_t i = 0; i < parts.size(); ++i) CHECK(apart[i].values == parts[i].values);
  }
}

TEST_CASE("a shuffle sends channel g (C / groups) + i to i groups + g, and the opposite one back") {
  for (const shape& of : {shape(2, 6, 3, 2), shape(1, 12, 1, 5), shape(2, 6, 2, 1, 3)})
    for (const std::int32_t groups : {1, 2, 3, 6}) {
      CAPTURE(of.extents, groups);
      const std::int32_t members = of.channels() / groups;
      const auto x = random(of, 1);
      attributes attribute;
      attribute.groups = groups;
      const auto y = evaluate_both(operation::channel_shuffle, attribute, {x}, {of});
      for (int n = 0; n < of.batch(); ++n)
        for (int g = 0; g < groups; ++g)
          for (int i = 0; i < members; ++i)
            for (int d = 0; d < of.spatial(0); ++d)
              for (int h = 0; h < of.spatial(1); ++h)
                for (int w = 0; w < of.spatial(2); ++w)
                  CHECK(y[0].at(n, i * groups + g, d, h, w) == x.at(n, g * members + i, d, h, w));
      attribute.groups = members;
      CHECK(evaluate<double>(operation::channel_shuffle, attribute, {y[0]}, {of})[0].values == x.values);
    }
}
