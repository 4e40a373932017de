// SPDX-License-Identifier: Apache-2.0
// Cross-entropies and their gradients, the sum of losses, and the elementary functions they use.
#include "harness.hpp"
#include "tenon/core/finite.hpp"

using namespace harness;

namespace {

void check_cross_entropy(const single_node& of) {
  check(of);
  single_node gradient = of;
  gradient.op =
      of.op == operation::cross_entropy ? operation::cross_entropy_gradient : operation::resized_cross_entropy_gradient;
  gradient.operands.push_back(scalar(expected_of(of)[1][0]));
  gradient.results = {{of.operands[0].extents, {}, of.operands[0].arrangement, element_type::float32}};
  check(gradient);
}

}  // namespace

TEST_CASE("cross-entropy and its gradient equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(1, 11, 61, 67));
  for (const shape& extents : shapes)
    for (const bool weighted : {false, true})
      for (const bool ignores : {false, true})
        for (const layout arrangement : {layout::blocked, layout::contiguous}) {
          single_node of;
          of.op = operation::cross_entropy;
          of.attribute.scale = 0.7;
          of.attribute.has_ignored = ignores;
          of.attribute.ignored = extents.channels();
          if (weighted) {
            of.reals = {9};
            for (const double each : drawn(extents.channels(), 5, 0.5, 2)) of.reals.push_back(static_cast<float>(each));
            of.attribute.class_weights = {1, extents.channels()};
          }
          of.operands = {blocked(extents, 1, -6, 6),
                         labels(label_shape(extents), 2, extents.channels() + (ignores ? 1 : 0))};
          of.operands[0].arrangement = arrangement;
          if (ignores) of.operands[1].values[0] = 0;
          of.results = {scalar(0), scalar(0)};
          check_cross_entropy(of);
        }
}

TEST_CASE("cross-entropy of logits that are resized while they are read equals the reference", "[kernels]") {
  // The logits' extents, then those of the labels: as they are, larger by whole and by odd factors, smaller.
  struct resized {
    shape logits;
    std::int32_t rows, columns;
  };
  const resized all[] = {{shape(1, 5, 3, 4), 3, 4},      {shape(2, 19, 4, 5), 16, 20}, {shape(1, 3, 1, 1), 5, 7},
                         {shape(2, 17, 5, 3), 13, 37},   {shape(1, 33, 7, 9), 8, 61},  {shape(3, 2, 9, 8), 4, 3},
                         {shape(1, 11, 13, 21), 50, 85}, {shape(1, 1, 2, 16), 2, 16}};
  for (const resized& each : all)
    for (const auto mode : {interpolation::nearest, interpolation::linear, interpolation::linear_align_corners})
      for (const bool weighs : {false, true}) {
        const std::int32_t classes = each.logits.channels();
        single_node of;
        of.op = operation::resized_cross_entropy;
        of.attribute.scale = 0.7;
        of.attribute.interpolation = mode;
        of.attribute.has_ignored = weighs;
        of.attribute.ignored = classes;
        if (weighs) {
          for (const double weight : drawn(classes, 5, 0.5, 2)) of.reals.push_back(static_cast<float>(weight));
          of.attribute.class_weights = {0, classes};
        }
        const shape pixels(each.logits.batch(), 1, each.rows, each.columns);
        of.operands = {blocked(each.logits, 1, -6, 6), labels(label_shape(pixels), 2, classes + (weighs ? 1 : 0))};
        if (weighs) of.operands[1].values[0] = 0;
        of.results = {scalar(0), scalar(0)};
        of.tolerance = 1e-5;
        check_cross_entropy(of);
      }
}

TEST_CASE("binary cross-entropy and its gradient equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(2, 1, 161, 167));
  for (const shape& extents : shapes)
    for (const layout arrangement : {layout::blocked, layout::contiguous})
      for (const double greatest : {1.0, 20.0, 1000.0}) {
        single_node of{.op = operation::binary_cross_entropy,
                       .attribute = {.scale = 0.7},
                       .operands = {blocked(extents, 1, -greatest, greatest), blocked(extents, 2, 0, 1)},
                       .results = {scalar(0)},
                       .tolerance = 1e-6};
        of.operands[0].arrangement = of.operands[1].arrangement = arrangement;
        check(of);
        of.op = operation::binary_cross_entropy_gradient;
        of.tolerance = 1e-5;  // of one value it is a difference of nearly equal numbers
        of.results = {{extents, {}, arrangement, element_type::float32}};
        for (of.overwritten = -1; of.overwritten < 2; ++of.overwritten) check(of);
      }
}

TEST_CASE("binary cross-entropy of nearly certain logits is exact", "[kernels]") {
  const shape extents(1, 3, 17, 9);
  single_node of{.op = operation::binary_cross_entropy,
                 .operands = {blocked(extents, 1, 12, 15), blocked(extents, 2, 1, 1)},
                 .results = {scalar(0)}};
  check(of);
  for (double& each : of.operands[0].values) each = -each;
  for (double& each : of.operands[1].values) each = 0;
  check(of);
}

TEST_CASE("cross-entropy is exact for great and for nearly certain logits", "[kernels]") {
  const shape extents(1, 5, 7, 9);
  for (const double greatest : {30.0, 200.0, 1e4}) {
    single_node of{.op = operation::cross_entropy,
                   .operands = {blocked(extents, 1, -greatest, greatest), labels(label_shape(extents), 2, 5)},
                   .results = {scalar(0), scalar(0)}};
    check_cross_entropy(of);
  }
  // One class leads by 12: the loss is some 1e-5 a pixel.
  single_node certain{.op = operation::cross_entropy,
                      .operands = {blocked(extents, 1), labels(label_shape(extents), 2, 1)},
                      .results = {scalar(0), scalar(0)}};
  for (std::size_t i = 0; i < 63; ++i) {
    double& value = certain.operands[0].values[i];
    value = static_cast<double>(static_cast<float>(value + 12));
  }
  certain.tolerance = 1e-2;
  check_cross_entropy(certain);
}

TEST_CASE("a loss without a label that counts is zero, and its gradient", "[kernels]") {
  const shape extents(2, 5, 3, 3);
  single_node of{.op = operation::cross_entropy,
                 .attribute = {.has_ignored = true, .ignored = 0},
                 .operands = {blocked(extents, 1), labels(label_shape(extents), 2, 1)},
                 .results = {scalar(0), scalar(0)}};
  for (const kernels::isa set : sets()) {
    const auto found = run(of, set, 2);
    CHECK(found[0][0] == 0);
    CHECK(found[1][0] == 0);
  }
  of.op = operation::cross_entropy_gradient;
  of.operands.push_back(scalar(0));
  of.results = {blocked_result(extents)};
  for (const kernels::isa set : sets()) CHECK(run(of, set, 2)[0] == std::vector<double>(90, 0.0));
}

TEST_CASE("a logit that is not finite makes the loss not finite", "[kernels]") {
  const shape extents(1, 5, 3, 3);
  for (const operation op : {operation::cross_entropy, operation::resized_cross_entropy})
    for (const double bad : {std::nan(""), HUGE_VAL}) {
      tensor logits = blocked(extents, 1);
      logits.values[13] = bad;
      const shape pixels = op == operation::cross_entropy ? extents : shape(1, 5, 7, 10);
      const tensor given = labels(label_shape(pixels), 2, 5);
      const single_node of{.op = op,
                           .attribute = {.interpolation = interpolation::linear},
                           .operands = {logits, given},
                           .results = {scalar(0), scalar(0)}};
      for (const kernels::isa set : sets()) {
        placed_tensor x(logits, kernels::block_of(set)), y(given, 8);
        placed_tensor loss(shape(), element_type::float32, layout::contiguous, 8);
        placed_tensor divisor(shape(), element_type::float32, layout::contiguous, 8);
        const operand read[] = {x.view(), y.view()}, written[] = {loss.view(), divisor.view()};
        with_graph(of, [&](const graph_view& graph, const node& made) {
          kernels::execute(set, graph, made, read, written, {});
        });
        CHECK_FALSE(is_finite(loss.values()[0]));
      }
    }
}

TEST_CASE("total loss is the sum", "[kernels]") {
  check({.op = operation::total_loss, .operands = {scalar(0.5), scalar(2.25), scalar(-1)}, .results = {scalar(0)}});
  check({.op = operation::total_loss, .operands = {scalar(0.5)}, .results = {scalar(0)}});
}

namespace {

/// The greatest error of a function over a range of arguments, in units in the last place of the result.
template <class Function, class Exact>
double greatest_error(float from, float to, const Function& function, const Exact& exact) {
  double greatest = 0;
  const int steps = 200000;
  for (int i = 0; i <= steps; ++i) {
    const float x = from + (to - from) * (static_cast<float>(i) / static_cast<float>(steps));
    const double right = exact(static_cast<double>(x));
    const double unit = std::abs(static_cast<double>(std::nextafterf(static_cast<float>(right), HUGE_VALF)) -
                                 static_cast<double>(static_cast<float>(right)));
    greatest = std::max(greatest, std::abs(static_cast<double>(function(x)) - right) / unit);
  }
  return greatest;
}

TENON_EXACT_BEGIN
float plain_exponential(float x) { return kernels::baseline::exponential(kernels::baseline::all(x))[1]; }
float plain_logarithm(float x) { return kernels::baseline::logarithm(kernels::baseline::all(x))[3]; }
TENON_EXACT_END

}  // namespace

TEST_CASE("the exponential and the logarithm are right to two units in the last place", "[kernels]") {
  const auto exact_exponential = [](double x) { return std::exp(x); };
  const auto exact_logarithm = [](double x) { return std::log(x); };
  CHECK(greatest_error(-87.0f, 0.0f, plain_exponential, exact_exponential) < 2);
  CHECK(greatest_error(-1.0f, 1.0f, plain_exponential, exact_exponential) < 2);
  CHECK(greatest_error(0.0f, 88.0f, plain_exponential, exact_exponential) < 2);
  CHECK(greatest_error(1.0f, 3.0f, plain_logarithm, exact_logarithm) < 2);
  CHECK(greatest_error(3.0f, 3000.0f, plain_logarithm, exact_logarithm) < 2);
  CHECK(greatest_error(1e-30f, 1.0f, plain_logarithm, exact_logarithm) < 2);
  CHECK(plain_exponential(0) == 1);
  CHECK(plain_logarithm(1) == 0);
  CHECK(is_nan(plain_exponential(std::nanf(""))));
  CHECK(is_nan(plain_logarithm(std::nanf(""))));
}
