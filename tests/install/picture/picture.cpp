// SPDX-License-Identifier: Apache-2.0
// A user's program that compiles quickly: a network's constants, and a picture written and read.
#include <tenon/io/image.hpp>
#include <tenon/layers/layers.hpp>
#include <tenon/plan/plan_of.hpp>
//
#include <cstdio>

using namespace tenon::layers;

inline constexpr auto net = conv2d<8, kernel<3>>{} >> relu{} >> conv2d<2>{};
static_assert(tenon::plan_of<net, tenon::image<1, 3, 12, 10>>::parameter_count == 3 * 8 * 9 + 8 + 8 * 2 + 2);

int main() {
  tenon::write_png("picture.png", tenon::image_rgb{1, 2, {1, 2, 3, 4, 5, 6}});
  const tenon::image_rgb read = tenon::read_image("picture.png");
  std::printf("picture %d x %d, last %d\n", read.height, read.width, int{read.pixels.back()});
}
