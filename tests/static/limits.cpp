// SPDX-License-Identifier: Apache-2.0
// Networks that are too large to be counted with are problems of one layer; the largest that are not are planned.
#include "tenon/graph/limits.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::layers;
using tenon::problem;
using tenon::shape;

constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max(), most = shape::most_extent;

/// Whether a description has a problem in a scope, with two numbers.
template <class Net>
constexpr bool has(const Net& net, const shape& input, problem kind, std::string_view scope, std::int64_t expected,
                   std::int64_t found) {
  const std::array<shape, 1> inputs{input};
  const tenon::builder made = tenon::lower<1>(net, inputs);
  const tenon::diagnostic& is = made.graph.problem;
  return is.kind == kind && made.graph.view().text({is.scope_begin, is.scope_count}) == scope &&
         is.expected == expected && is.found == found;
}
template <class Net>
constexpr bool is_too_great(const Net& net, const shape& input, std::string_view scope, std::int64_t found) {
  return has(net, input, problem::extent_too_great, scope, most, found);
}
template <class Net>
constexpr bool is_right(const Net& net, const shape& input) {
  return has(net, input, problem::none, "", 0, 0);
}

// Sums and products that stop where 64 bits end.
static_assert(tenon::saturated_product(3, 5) == 15 && tenon::saturated_sum(3, 5) == 8);
static_assert(tenon::saturated_product(greatest, 1) == greatest && tenon::saturated_product(greatest, 2) == greatest);
static_assert(tenon::saturated_product(greatest, 0) == 0 && tenon::saturated_sum(greatest, 1) == greatest);
static_assert(tenon::float_bytes(shape(2, 3, 5, 7)) == 840 && tenon::float_bytes(shape()) == 4);
static_assert(tenon::float_bytes(shape(1, most, most, most)) == greatest);

// Extents beyond 32 bits, by every layer that computes some: the number is exact.
constexpr shape wide(1, 2, 1, 1 << 30);
static_assert(is_too_great(resize<factor<100000>>{}, shape(1, 1, 1, 30000), "", 3000000000));
static_assert(is_right(resize<factor<1, 2>>{}, shape(1, 1, 1, most / 2)));
static_assert(is_too_great(resize<factor<1, 2>>{}, shape(1, 1, 1, most / 2 + 1), "", most + 2));
static_assert(is_too_great(name<"up">(conv_transpose2d<1, kernel<1, 4>, stride<1, 4>>{}), wide, "up",
                           std::int64_t{1} << 32));
static_assert(is_too_great([](auto x) { return concat(x, x, x, x); }, shape(1, 1 << 29, 1, 1), "concat",
                           std::int64_t{1} << 31));
static_assert(is_too_great(relu{} >> linear<2>{}, wide, "1", std::int64_t{1} << 31));
static_assert(is_too_great(linear<2>{}, shape(1, most, most, most), "", greatest));
static_assert(is_too_great(depthwise_convolution<2, 4>{}, shape(1, 1 << 29, 1, 1), "", std::int64_t{1} << 31));
static_assert(is_too_great(relu{}, shape(1, most + 1, 1, 1), "", most + 1));
static_assert(is_too_great(conv2d<2147483647>{}, shape(1, 1, 1, 1), "weight", most + 1));
// A window and its padding, also where the padding is the default.
static_assert(is_too_great(conv2d<1, kernel<3>, dilation<2147483647>>{}, shape(1, 1, 8, 8), "", 2 * (most + 1) + 1));
static_assert(is_too_great(conv2d<1, kernel<1>, padding<1, 2000000000>>{}, shape(1, 1, 8, 8), "", 4000000008));
static_assert(is_too_great(max_pool2d<kernel<1, 2147483647>, padding<0, 1000000000>>{}, shape(1, 1, 1, 2147483000), "",
                           2147483647));

// All values together.
constexpr std::int64_t bytes = tenon::most_bytes;
static_assert(is_right(relu{}, shape(1, 1, 1 << 20, 1 << 21)));
static_assert(has(relu{} >> relu{}, shape(1, 1, 1 << 20, 1 << 21), problem::too_many_bytes, "1", bytes,
                  bytes + bytes / 2));
static_assert(has(relu{}, shape(most, most, most, most), problem::too_many_bytes, "", bytes, greatest));
static_assert(has(name<"a">(conv2d<1 << 20>{} >> conv2d<1 << 22>{}), shape(1, 1, 1, 1), problem::too_many_bytes,
                  "a.1.weight", bytes, bytes + 4 * (1 + 3 * (1 << 20))));

// All multiply-accumulates together, of convolutions both ways.
constexpr std::int64_t macs = tenon::most_macs;
static_assert(is_right(conv2d<1, kernel<1 << 15>, padding<(1 << 14), (1 << 14) - 1>>{}, shape(1, 1, 32767, 1 << 15)));
static_assert(has(name<"b">(conv2d<1, kernel<1 << 15>, padding<(1 << 14)>, no_bias>{}), shape(1, 1, 1 << 15, 1 << 15),
                  problem::too_many_macs, "b", macs, std::int64_t{32769} * 32769 << 30));
static_assert(has(conv_transpose2d<1, kernel<(1 << 15) + 1>, padding<(1 << 14)>, no_bias>{},
                  shape(1, 1, 1 << 15, 1 << 15), problem::too_many_macs, "", macs,
                  (std::int64_t{32769} * 32769) << 30));

// What is just not too large is planned to its end, also with layouts that pad 1 channel to 16.
inline constexpr auto large = conv2d<1, kernel<3>>{} >> batch_norm{} >> relu{} >> conv2d<1, kernel<3>>{} >>
                              max_pool2d<kernel<2>>{} >> conv_transpose2d<1, kernel<2>, stride<2>>{};
using wide_picture = tenon::image<1, 1, 1 << 20, 1 << 19>;
using planned = tenon::plan_of<large, wide_picture>;
using trained = tenon::plan_of<large, wide_picture, tenon::mean_square, tenon::adam<>>;
static_assert(planned::macs == (std::int64_t{1} << 39) * (9 + 9 + 1));
static_assert(planned::arena_bytes >= planned::lower_bound_bytes && planned::lower_bound_bytes > bytes / 8);
static_assert(trained::macs > 2 * planned::macs && trained::total_bytes > trained::lower_bound_bytes);
static_assert(trained::lower_bound_bytes > planned::lower_bound_bytes && trained::saved_bytes > bytes / 8);

}  // namespace
