// SPDX-License-Identifier: Apache-2.0
// What is not finite goes through every kernel as through the reference, which tests/reference holds against PyTorch.
#include <limits>
#include <utility>

#include "harness.hpp"

using namespace harness;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

/// Checks a node with each of its float operands not finite at two places.
void check_poisoned(const single_node& of) {
  check(of);
  for (std::size_t i = 0; i < of.operands.size(); ++i) {
    if (of.operands[i].type != element_type::float32 || of.operands[i].extents.rank == 0) continue;
    single_node poisoned = of;
    std::vector<double>& values = poisoned.operands[i].values;
    values[values.size() / 3] = values.back() = not_a_number;
    INFO("operand " << i);
    check(poisoned);
  }
}

/// The same with all activations contiguous, for what takes them so.
void check_poisoned_in_both_layouts(single_node of) {
  check_poisoned(of);
  for (auto* list : {&of.operands, &of.results})
    for (tensor& each : *list) each.arrangement = layout::contiguous;
  INFO("contiguous");
  check_poisoned(of);
}

const shape sizes[] = {shape(1, 5, 4, 7), shape(2, 19, 3, 5), shape(1, 3, 2, 3, 5)};
const activation functions[] = {activation::relu,    activation::leaky_relu,   activation::relu6,     activation::elu,
                                activation::sigmoid, activation::hard_sigmoid, activation::hard_swish};

}  // namespace

TEST_CASE("activations and their gradients pass on what is not finite", "[kernels]") {
  for (const shape& extents : sizes)
    for (const activation function : functions) {
      INFO(name_of(function));
      single_node of{.op = operation::activation,
                     .attribute = {.fused = function, .slope = 0.3},
                     .operands = {blocked(extents, 1, -8, 8)},
                     .results = {blocked_result(extents)}};
      const std::size_t last = of.operands[0].values.size() - 1;
      for (const double each : {not_a_number, inf, -inf}) {
        of.operands[0].values[7] = of.operands[0].values[last] = each;
        check_in_both_layouts(of);
      }
      of.op = operation::activation_gradient;
      of.operands.push_back(blocked(extents, 2));
      of.operands[0].values[8] = of.operands[0].values[9] = not_a_number;
      for (std::size_t i = 8; i < 14; ++i) of.operands[1].values[i] = i % 2 == 0 ? not_a_number : inf;
      check_in_both_layouts(of);
    }
}

TEST_CASE("sums, products and slopes of channels pass on what is not a number", "[kernels]") {
  for (const shape& extents : sizes) {
    const tensor a = blocked(extents, 1), b = blocked(extents, 2), slopes = contiguous(shape(extents.channels()), 3);
    const std::vector<tensor> result = {blocked_result(extents)};
    check_poisoned_in_both_layouts({.op = operation::add, .operands = {a, b}, .results = result});
    check_poisoned({.op = operation::multiply, .operands = {a, b}, .results = result});
    check_poisoned({.op = operation::prelu, .operands = {a, slopes}, .results = result});
    check_poisoned({.op = operation::prelu_gradient,
                    .operands = {a, b, slopes},
                    .results = {result[0], contiguous_result(shape(extents.channels()))}});
    shape pixel = extents;
    for (int i = 2; i < extents.rank; ++i) pixel[i] = 1;
    check_poisoned({.op = operation::multiply, .operands = {a, blocked(pixel, 4)}, .results = result});
    check_poisoned({.op = operation::multiply_gradient, .operands = {a, b}, .results = {blocked_result(pixel)}});
    check_poisoned({.op = operation::dropout, .attribute = {.rate = 0.5}, .operands = {a}, .results = result});
  }
}

TEST_CASE("softmax and losses pass on what is not finite", "[kernels]") {
  for (const shape& extents : sizes)
    for (const layout arrangement : {layout::blocked, layout::contiguous}) {
      const tensor result{extents, {}, arrangement, element_type::float32};
      tensor x = blocked(extents, 1, -6, 6), dy = blocked(extents, 2, 0, 1);
      x.arrangement = dy.arrangement = arrangement;
      check_poisoned({.op = operation::softmax, .operands = {x}, .results = {result}});
      check_poisoned({.op = operation::softmax_gradient, .operands = {x, dy}, .results = {result}});
      check_poisoned({.op = operation::mean_square, .operands = {x, dy}, .results = {scalar(0)}});
      check_poisoned({.op = operation::mean_square_gradient, .operands = {x, dy}, .results = {result}});
      check_poisoned({.op = operation::binary_cross_entropy, .operands = {x, dy}, .results = {scalar(0)}});
      check_poisoned({.op = operation::binary_cross_entropy_gradient, .operands = {x, dy}, .results = {result}});
      const tensor classes = labels(label_shape(extents), 3, extents.channels());
      check_poisoned({.op = operation::cross_entropy, .operands = {x, classes}, .results = {scalar(0), scalar(0)}});
      check_poisoned({.op = operation::cross_entropy_gradient,
                      .operands = {x, classes, scalar(static_cast<double>(classes.extents.elements()))},
                      .results = {result}});
    }
}

TEST_CASE("logits that are infinite count as in the reference, wherever they stand", "[kernels]") {
  for (const std::int32_t channels : {1, 3, 8, 16, 17, 33, 40}) {
    const shape extents(1, channels, 3, 7);
    const std::int64_t pixels = extents.spatial_elements();
    for (const layout arrangement : {layout::blocked, layout::contiguous}) {
      INFO(channels << (arrangement == layout::contiguous ? " channels, contiguous" : " channels"));
      // At pixel p of 21 the first p, then 2 p channels are -infinity; at the last pixels there is a +infinity too.
      tensor x = blocked(extents, 1, -6, 6);
      x.arrangement = arrangement;
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t c = 0; c < channels; ++c) {
          double& value = x.values[static_cast<std::size_t>(c * pixels + p)];
          if (c < (p < 12 ? 2 * p : p)) value = -inf;
          if (p >= 19 && c == p % channels) value = inf;
        }
      const tensor result{extents, {}, arrangement, element_type::float32};
      check({.op = operation::softmax, .operands = {x}, .results = {result}});
      for (const std::uint32_t seed : {1u, 2u}) {
        tensor classes = labels(label_shape(extents), seed, channels);
        single_node of{
            .op = operation::cross_entropy_gradient, .operands = {x, classes, scalar(21)}, .results = {result}};
        check(of);
        of.op = operation::cross_entropy;
        of.operands.pop_back();
        of.results = {scalar(0), scalar(0)};
        of.attribute.has_ignored = true;
        of.attribute.ignored = channels;
        for (std::int64_t p = 0; p < pixels; ++p) {  // one pixel at a time
          of.operands[1].values.assign(static_cast<std::size_t>(pixels), channels);
          of.operands[1].values[static_cast<std::size_t>(p)] = classes.values[static_cast<std::size_t>(p)];
          INFO("pixel " << p);
          check(of);
        }
      }
    }
  }
}

TEST_CASE("poolings and resizes pass on what is not a number", "[kernels]") {
  const shape image(1, 5, 6, 8), half(1, 5, 3, 4);
  attributes window{.kernel = {{1, 2, 2}}, .stride = {{1, 2, 2}}};
  const tensor x = blocked(image, 1), dy = blocked(half, 2);
  for (const operation op : {operation::max_pool, operation::average_pool})
    check_poisoned({.op = op, .attribute = window, .operands = {x}, .results = {blocked_result(half)}});
  check_poisoned({.op = operation::max_pool_gradient,
                  .attribute = window,
                  .operands = {x, dy},
                  .results = {blocked_result(image)}});
  check_poisoned({.op = operation::average_pool_gradient,
                  .attribute = window,
                  .operands = {dy},
                  .results = {blocked_result(image)}});
  check_poisoned({.op = operation::adaptive_average_pool, .operands = {x}, .results = {blocked_result(half)}});
  for (const auto mode : {interpolation::nearest, interpolation::linear, interpolation::linear_align_corners}) {
    check_poisoned({.op = operation::resize,
                    .attribute = {.interpolation = mode},
                    .operands = {dy},
                    .results = {blocked_result(image)}});
    // The gradient of a NaN may spread to neighbours of share 0, as it does in PyTorch; it does not vanish.
    single_node back{.op = operation::resize_gradient,
                     .attribute = {.interpolation = mode},
                     .operands = {x},
                     .results = {blocked_result(half)}};
    back.operands[0].values[77] = not_a_number;
    const auto expected = expected_of(back)[0];
    for (const kernels::isa set : sets()) {
      const auto found = run(back, set, 1)[0];
      for (std::size_t i = 0; i < found.size(); ++i)
        CHECK((is_nan(found[i]) || (!is_nan(expected[i]) && std::abs(found[i] - expected[i]) < 1e-5)));
    }
  }
}

TEST_CASE("norms pass on what is not a number", "[kernels]") {
  for (const shape& extents : sizes)
    for (const activation function : {activation::none, activation::relu, activation::relu6, activation::hard_swish}) {
      INFO(name_of(function));
      const shape channels(extents.channels()), groups(extents.batch());
      const tensor x = blocked(extents, 1), dy = blocked(extents, 2), scale = contiguous(channels, 3),
                   shift = contiguous(channels, 4), mean = contiguous(channels, 5),
                   variance = contiguous(channels, 6, 0.5, 2);
      const attributes attribute{.fused = function, .epsilon = 1e-3};
      const tensor result = blocked_result(extents), statistic = contiguous_result(channels);
      check_poisoned_in_both_layouts({.op = operation::batch_norm,
                                      .attribute = attribute,
                                      .operands = {x, scale, shift, mean, variance},
                                      .results = {result}});
      check_poisoned_in_both_layouts({.op = operation::batch_norm_training,
                                      .attribute = attribute,
                                      .operands = {x, scale, shift},
                                      .results = {result, statistic, statistic}});
      check_poisoned_in_both_layouts({.op = operation::batch_norm_gradient,
                                      .attribute = attribute,
                                      .operands = {x, dy, scale, shift, mean, variance},
                                      .results = {result, statistic, statistic}});
      attributes grouped = attribute;
      grouped.groups = 1;
      check_poisoned({.op = operation::group_norm,
                      .attribute = grouped,
                      .operands = {x, scale, shift},
                      .results = {result, contiguous_result(groups), contiguous_result(groups)}});
    }
}

TEST_CASE("an update by a gradient that is not finite is refused, and changes nothing", "[kernels]") {
  for (const std::int32_t count : {1, 5, 16, 4097, 9000})
    for (const double each : {not_a_number, inf, -inf})
      for (const operation op : {operation::sgd, operation::adam})
        for (const kernels::isa set : sets())
          for (const int threads : {1, 2}) {
            single_node of{
                .op = op,
                .attribute = {.momentum = 0.9, .weight_decay = 0.1, .beta1 = 0.9, .beta2 = 0.99},
                .operands = {contiguous(shape(count), 1), contiguous(shape(count), 2), contiguous(shape(count), 3)},
                .results = {},
                .arguments = {.learning_rate = 0.1f, .step = 1}};
            if (op == operation::adam) of.operands.push_back(contiguous(shape(count), 4, 0, 1));
            of.operands[1].values[static_cast<std::size_t>(count / 2)] = each;
            std::vector<placed_tensor> placed;
            std::vector<operand> views;
            placed.reserve(of.operands.size());
            for (const tensor& one : of.operands) views.push_back(placed.emplace_back(one, 8).view());
            const thread_count_scope scope(threads);
            with_graph(of, [&](const graph_view& graph, const node& made) {
              try {
                kernels::execute(set, graph, made, views, {}, of.arguments);
                FAIL("no exception");
              } catch (const numeric_error& error) {
                CHECK_THAT(error.what(), Catch::Contains("at position " + std::to_string(count / 2)));
              }
            });
            for (std::size_t i = 0; i < placed.size(); ++i)
              CHECK(relative_difference(placed[i].values(), of.operands[i].values) == 0);
          }
}
