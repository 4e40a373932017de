// SPDX-License-Identifier: Apache-2.0
// Convolutions of few contiguous channels and their gradients, by every instruction set, against sums written out.
#include "tenon/backends/kernels/convolution/row_convolution.hpp"

#include "harness.hpp"
#include "tenon/backends/kernels/convolution/row_weight_gradient.hpp"
#include "tenon/core/allocation.hpp"

using namespace harness;

namespace {

/// Depth, height and width of x with the convolution's; stride 1.
struct problem {
  int batch, in, out;
  std::int64_t size[3], taps[3];
  std::int64_t dilation, padding;
  bool adds = true;  ///< a residual; without one results may be stored as soon as they are summed

  std::int64_t pad(int d) const { return taps[d] > 1 ? padding : 0; }
  std::int64_t result(int d) const { return size[d] + 2 * pad(d) - (taps[d] - 1) * dilation; }
  std::int64_t kernel() const { return taps[0] * taps[1] * taps[2]; }
  shape x() const { return made(in, size[0], size[1], size[2]); }
  shape y() const { return made(out, result(0), result(1), result(2)); }
  shape made(int channels, std::int64_t depth, std::int64_t height, std::int64_t width) const {
    return shape(batch, channels, static_cast<int>(depth), static_cast<int>(height), static_cast<int>(width));
  }
};

/// Calls visit(element of x, element of y, element of w (O, I, taps)) for each product.
template <class Visit>
void for_each_product(const problem& of, const Visit& visit) {
  std::int64_t y = 0;
  for (std::int64_t plane = 0; plane < of.batch * of.out; ++plane)
    for (std::int64_t d = 0; d < of.result(0); ++d)
      for (std::int64_t h = 0; h < of.result(1); ++h)
        for (std::int64_t w = 0; w < of.result(2); ++w, ++y)
          for (std::int64_t tap = 0; tap < of.kernel(); ++tap) {
            const std::int64_t at[3] = {d - of.pad(0) + tap / (of.taps[1] * of.taps[2]) * of.dilation,
                                        h - of.pad(1) + tap / of.taps[2] % of.taps[1] * of.dilation,
                                        w - of.pad(2) + tap % of.taps[2] * of.dilation};
            bool inside = true;
            for (int i = 0; i < 3; ++i) inside = inside && at[i] >= 0 && at[i] < of.size[i];
            for (std::int64_t c = 0; inside && c < of.in; ++c)
              visit((((plane / of.out * of.in + c) * of.size[0] + at[0]) * of.size[1] + at[1]) * of.size[2] + at[2], y,
                    (plane % of.out * of.in + c) * of.kernel() + tap);
          }
}

struct results {
  std::vector<double> y, dx, dw, db;
};

struct given {
  std::vector<double> x, w, b, dy, residual;

  explicit given(const problem& of)
      : x(drawn(of.x().elements(), 1)),
        w(drawn(of.out * of.in * of.kernel(), 2)),
        b(drawn(of.out, 3)),
        dy(drawn(of.y().elements(), 4)),
        residual(drawn(of.y().elements(), 5)) {}
};

/// y = relu(convolution + b + residual).
results expected_of(const problem& of, const given& from) {
  results to{of.adds ? from.residual : std::vector<double>(from.residual.size()), std::vector<double>(from.x.size()),
             std::vector<double>(from.w.size()), std::vector<double>(from.b.size())};
  const std::int64_t pixels = of.y().spatial_elements();
  for (std::size_t i = 0; i < to.y.size(); ++i) {
    const auto channel = static_cast<std::size_t>(static_cast<std::int64_t>(i) / pixels % of.out);
    to.y[i] += from.b[channel];
    to.db[channel] += from.dy[i];
  }
  for_each_product(of, [&](std::int64_t x_at, std::int64_t y_at, std::int64_t w_at) {
    const auto x = static_cast<std::size_t>(x_at), y = static_cast<std::size_t>(y_at),
               w = static_cast<std::size_t>(w_at);
    to.y[y] += from.x[x] * from.w[w];
    to.dx[x] += from.dy[y] * from.w[w];
    to.dw[w] += from.x[x] * from.dy[y];
  });
  for (double& each : to.y) each = std::max(each, 0.0);
  return to;
}

std::vector<float> floats(const std::vector<double>& from) { return {from.begin(), from.end()}; }

/// Scratch memory for some threads, all NaN: what is read there has been written. Nothing is written behind it.
class scratch_memory {
 public:
  scratch_memory(kernels::isa set, int threads, const problem& of, const kernels::row_dimension (&along)[3], int from,
                 int to)
      : floats_(static_cast<std::int64_t>(threads) *
                kernels::row_tiles(of.batch, from, to, along, kernels::width_of(set)).scratch_floats()),
        parts_(threads),
        memory_(allocate(static_cast<std::size_t>(floats_ + guards) * sizeof(float), "scratch")) {
    std::fill_n(data(), floats_, std::numeric_limits<float>::quiet_NaN());
    std::fill_n(data() + floats_, guards, guard);
  }
  kernels::row_scratch view() const { return {data(), parts_}; }
  bool guards_hold() const {
    return std::all_of(data() + floats_, data() + floats_ + guards, [](float each) { return each == guard; });
  }

 private:
  static constexpr std::int64_t guards = 256;
  static constexpr float guard = 1e30f;
  std::int64_t floats_, parts_;
  allocation memory_;

  float* data() const { return reinterpret_cast<float*>(memory_.get()); }
};

results found_by(kernels::isa set, int threads, const problem& of, const given& from, bool in_place) {
  const thread_count_scope scope(threads);
  const auto placed = [](const shape& extents, const std::vector<double>& values) {
    return placed_tensor(tensor{extents, values, layout::contiguous, element_type::float32}, 1);
  };
  placed_tensor x = placed(of.x(), from.x), dy = placed(of.y(), from.dy), residual = placed(of.y(), from.residual);
  placed_tensor y(of.y(), element_type::float32, layout::contiguous, 1),
      dx(of.x(), element_type::float32, layout::contiguous, 1);
  std::vector<float> forward, backward;
  for (std::int64_t tap = 0; tap < of.kernel(); ++tap) {
    for (std::int64_t c = 0; c < of.in; ++c)
      for (std::int64_t o = 0; o < of.out; ++o)
        forward.push_back(static_cast<float>(from.w[static_cast<std::size_t>((o * of.in + c) * of.kernel() + tap)]));
    for (std::int64_t o = 0; o < of.out; ++o)
      for (std::int64_t c = 0; c < of.in; ++c)
        backward.push_back(
            static_cast<float>(from.w[static_cast<std::size_t>((o * of.in + c + 1) * of.kernel() - 1 - tap)]));
  }
  const std::vector<float> bias = floats(from.b);
  kernels::row_arguments along_y{x.view(),
                                 in_place ? residual.view() : y.view(),
                                 forward.data(),
                                 bias.data(),
                                 of.adds ? residual.view().as<const float>() : nullptr,
                                 activation::relu,
                                 0,
                                 {},
                                 {}};
  kernels::row_arguments along_x{dy.view(), dx.view(), backward.data(), nullptr, nullptr, activation::none, 0, {}, {}};
  for (int d = 0; d < 3; ++d) {
    along_y.along[d] = {of.size[d], of.result(d), of.taps[d], of.dilation, -of.pad(d)};
    along_x.along[d] = {of.result(d), of.size[d], of.taps[d], of.dilation, of.pad(d) - (of.taps[d] - 1) * of.dilation};
  }
  const scratch_memory of_y(set, threads, of, along_y.along, of.in, of.out);
  const scratch_memory of_x(set, threads, of, along_x.along, of.out, of.in);
  const scratch_memory of_w(set, threads, of, along_y.along, of.in, of.out);
  along_y.scratch = of_y.view();
  along_x.scratch = of_x.view();
  kernels::row_convolution(set, along_y);
  kernels::row_convolution(set, along_x);
  std::vector<float> dw(from.w.size()), db(from.b.size());
  std::vector<float> sums(
      static_cast<std::size_t>(kernels::row_gradient_sums(static_cast<std::int64_t>(dw.size()), of.out)), 1e30f);
  kernels::row_weight_gradient(set, {x.view(),
                                     dy.view(),
                                     sums.data(),
                                     dw.data(),
                                     db.data(),
                                     {along_y.along[0], along_y.along[1], along_y.along[2]},
                                     of_w.view()});
  CHECK((of_y.guards_hold() && of_x.guards_hold() && of_w.guards_hold()));
  CHECK((x.guards_hold() && dy.guards_hold() && y.guards_hold() && dx.guards_hold() && residual.guards_hold()));
  CHECK((x.values() == from.x && dy.values() == from.dy));
  return {in_place ? residual.values() : y.values(), dx.values(), {dw.begin(), dw.end()}, {db.begin(), db.end()}};
}

void check(const problem& of) {
  if (of.result(0) < 1 || of.result(1) < 1 || of.result(2) < 1) return;
  const given from(of);
  const results expected = expected_of(of, from);
  for (const kernels::isa set : sets()) {
    INFO(kernels::name_of(set) << ": " << of.in << " -> " << of.out << ", " << of.size[0] << " x " << of.size[1]
                               << " x " << of.size[2] << ", taps " << of.taps[0] << " " << of.taps[1] << " "
                               << of.taps[2] << ", dilation " << of.dilation << ", padding " << of.padding
                               << (of.adds ? ", a residual" : ""));
    const results one = found_by(set, 1, of, from, false), two = found_by(set, 2, of, from, true);
    for (const auto values : {&results::y, &results::dx, &results::dw, &results::db}) {
      CHECK(relative_difference(one.*values, expected.*values) < 5e-5);
      CHECK(one.*values == two.*values);
    }
  }
}

}  // namespace

TEST_CASE("rows of few channels equal sums written out", "[kernels]") {
  int turn = 0;
  for (const std::int64_t width : {1, 2, 15, 16, 17, 33, 70})
    for (const std::int64_t taps : {1, 2, 3, 5})
      for (const std::int64_t dilation : {1, 2, 9, 40})
        for (const std::int64_t padding : {std::int64_t{0}, std::int64_t{1}, dilation * (taps - 1) / 2}) {
          ++turn;
          check({1 + turn % 2,
                 1 + turn % 8,
                 1 + turn / 3 % 8,
                 {1, width == 70 ? 40 : 3 + width % 7, width},
                 {1, taps, taps},
                 dilation,
                 padding});
        }
}

TEST_CASE("rows of few channels in three dimensions equal sums written out", "[kernels]") {
  int turn = 0;
  for (const std::int64_t width : {1, 5, 17, 33})
    for (const std::int64_t taps : {1, 2, 3})
      for (const std::int64_t dilation : {1, 2, 5})
        for (const std::int64_t padding : {std::int64_t{0}, dilation * (taps - 1) / 2, dilation * (taps - 1)}) {
          ++turn;
          check({1 + turn % 2, 1 + turn % 8, 1 + turn / 3 % 8, {4, 5, width}, {taps, taps, taps}, dilation, padding});
        }
}

TEST_CASE("rows in whole vectors, stored as they are summed, equal sums written out", "[kernels]") {
  int turn = 0;
  for (const std::int64_t width : {16, 24, 40, 48, 64, 72, 136})
    for (const std::int64_t taps : {1, 3})
      for (const std::int64_t dilation : {1, 4}) {
        ++turn;
        const std::int64_t height = taps == 1 ? 7 : 19 + turn % 3, depth = turn % 2 == 0 ? 3 : 1;
        for (const bool adds : {false, true})
          check({1 + turn % 2,
                 8 - turn % 8,
                 1 + turn / 2 % 8,
                 {depth, height, width},
                 {depth, taps, taps},
                 dilation,
                 dilation * (taps - 1) / 2,
                 adds});
      }
  for (int channels = 1; channels <= 8; ++channels) {
    check({1, channels, 9 - channels, {3, 5, 32}, {3, 3, 3}, 1, 1, false});
    check({1, 2, channels, {2, 36, 80}, {1, 3, 3}, 1, 1, false});
    check({2, channels, 2, {11, 18, 72}, {3, 3, 3}, channels / 2 + 1, channels / 2 + 1, channels % 2 == 0});
    check({1, channels, 3, {1, 6, 24}, {1, 5, 3}, 7, 14, false});  // rows that see nothing
  }
}

TEST_CASE("rows of many tiles, and long kernels, equal sums written out", "[kernels]") {
  check({1, 8, 8, {1, 90, 67}, {1, 7, 7}, 3, 9});
  check({1, 3, 5, {2, 35, 130}, {3, 3, 3}, 1, 1});
  check({2, 5, 3, {1, 33, 129}, {1, 1, 7}, 20, 60});
}
