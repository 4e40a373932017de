// SPDX-License-Identifier: Apache-2.0
// Builds a node by hand, executes it by the reference backend and checks gradients by central differences.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tenon/backends/reference/execute.hpp"

// Instantiated once, in instances.cpp: each is half a minute of compiling.
extern template void tenon::reference::execute<float>(const tenon::graph_view&, const tenon::node&,
                                                      std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                      const tenon::step_arguments&);
extern template void tenon::reference::execute<double>(const tenon::graph_view&, const tenon::node&,
                                                       std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                       const tenon::step_arguments&);

namespace harness {

using namespace tenon;

/// A tensor that owns its values. Labels lie as std::int32_t at the start of `values`.
template <class T>
struct tensor {
  shape extents;
  std::vector<T> values;
  element_type type = element_type::float32;

  explicit tensor(const shape& of, T value = T{0})
      : extents(of), values(static_cast<std::size_t>(of.elements()), value) {}
  tensor(const shape& of, std::vector<T> given) : extents(of), values(std::move(given)) {
    REQUIRE(of.elements() == static_cast<std::int64_t>(values.size()));
  }

  /// The element at an image, channel and place; 0 outside the image.
  T at(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w) const {
    const bool inside =
        d >= 0 && d < extents.spatial(0) && h >= 0 && h < extents.spatial(1) && w >= 0 && w < extents.spatial(2);
    return inside ? values[index(n, c, d, h, w)] : T{0};
  }
  std::size_t index(std::int64_t n, std::int64_t c, std::int64_t d, std::int64_t h, std::int64_t w) const {
    return static_cast<std::size_t>(
        (((n * extents.channels() + c) * extents.spatial(0) + d) * extents.spatial(1) + h) * extents.spatial(2) + w);
  }

  template <class U>
  tensor<U> to() const {
    tensor<U> converted(extents);
    converted.type = type;
    if (type == element_type::int32)
      std::memcpy(converted.values.data(), values.data(), values.size() * sizeof(std::int32_t));
    else
      for (std::size_t i = 0; i < values.size(); ++i) converted.values[i] = static_cast<U>(values[i]);
    return converted;
  }
};

/// Values evenly drawn from -1 to 1.
inline tensor<double> random(const shape& of, std::uint32_t seed) {
  std::mt19937 generator(seed);
  tensor<double> drawn(of);
  for (double& value : drawn.values) value = static_cast<double>(generator()) / 2147483648.0 - 1;
  return drawn;
}

inline tensor<double> labels(const shape& of, const std::vector<std::int32_t>& given) {
  tensor<double> made(of);
  REQUIRE(given.size() == made.values.size());
  made.type = element_type::int32;
  std::memcpy(made.values.data(), given.data(), given.size() * sizeof(std::int32_t));
  return made;
}

/// Executes one node, in a graph of its own, on the tensors given.
template <class T>
void execute(operation op, const attributes& attribute, std::vector<tensor<T>*> operands,
             std::vector<tensor<T>*> results, const step_arguments& arguments = {},
             const std::vector<float>& reals = {}) {
  std::vector<value> values;
  std::vector<std::int32_t> operand_numbers;
  std::vector<operand> bound;
  for (const auto& list : {operands, results})
    for (tensor<T>* each : list) {
      bound.push_back(
          {reinterpret_cast<std::byte*>(each->values.data()), each->extents, each->type, layout::contiguous});
      values.push_back({each->extents, each->type, layout::contiguous, 0});
    }
  const auto operand_count = static_cast<std::int32_t>(operands.size());
  for (std::int32_t i = 0; i < operand_count; ++i) operand_numbers.push_back(i);
  node made;
  made.op = op;
  made.attribute = attribute;
  made.operands = {0, operand_count};
  made.results = {operand_count, static_cast<std::int32_t>(results.size())};
  graph_view graph;
  graph.nodes = {&made, 1};
  graph.values = values;
  graph.operands = operand_numbers;
  graph.reals = reals;
  const std::span<const operand> all = bound;
  reference::execute<T>(graph, made, all.first(operands.size()), all.subspan(operands.size()), arguments);
}

/// Results of a node, which start as poison.
template <class T>
std::vector<tensor<T>> evaluate(operation op, const attributes& attribute, std::vector<tensor<T>> operands,
                                const std::vector<shape>& results, const std::vector<float>& reals = {}) {
  std::vector<tensor<T>> made;
  for (const shape& each : results) made.emplace_back(each, static_cast<T>(1e30));
  std::vector<tensor<T>*> read, written;
  for (auto& each : operands) read.push_back(&each);
  for (auto& each : made) written.push_back(&each);
  execute<T>(op, attribute, read, written, {}, reals);
  return made;
}

/// The greatest difference over the greatest expected magnitude; infinite where one is not a number.
template <class A, class B>
double relative_difference(const std::vector<A>& found, const std::vector<B>& expected) {
  REQUIRE(found.size() == expected.size());
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double f = static_cast<double>(found[i]), e = static_cast<double>(expected[i]);
    if (std::isnan(f - e)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(f - e));
    magnitude = std::max(magnitude, std::abs(e));
  }
  return magnitude == 0 ? difference : difference / magnitude;
}

/// Evaluates in double, and requires that float comes out alike.
inline std::vector<tensor<double>> evaluate_both(operation op, const attributes& attribute,
                                                 const std::vector<tensor<double>>& operands,
                                                 const std::vector<shape>& results,
                                                 const std::vector<float>& reals = {}) {
  std::vector<tensor<float>> narrow;
  for (const auto& each : operands) narrow.push_back(each.to<float>());
  const auto found = evaluate<float>(op, attribute, narrow, results, reals);
  auto wide = evaluate<double>(op, attribute, operands, results, reals);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    INFO("result " << i << " in float");
    CHECK(relative_difference(found[i].values, wide[i].values) < 1e-5);
  }
  return wide;
}

/// Requires that `found` is the gradient of sum(dy * forward(operands)) by operand `which`, where `forward` makes a
/// tensor of dy's size; by central differences.
template <class Forward>
void check_gradient(const Forward& forward, std::vector<tensor<double>> operands, std::size_t which,
                    const tensor<double>& dy, const tensor<double>& found) {
  constexpr double step = 1e-4;
  const auto objective = [&] {
    const tensor<double> y = forward(operands);
    REQUIRE(y.values.size() == dy.values.size());
    double sum = 0;
    for (std::size_t i = 0; i < y.values.size(); ++i) sum += y.values[i] * dy.values[i];
    return sum;
  };
  std::vector<double> expected;
  for (double& each : operands[which].values) {
    const double before = each;
    each = before + step;
    const double above = objective();
    each = before - step;
    const double below = objective();
    each = before;
    expected.push_back((above - below) / (2 * step));
  }
  INFO("gradient by operand " << which);
  CHECK(relative_difference(found.values, expected) < 1e-6);
}

}  // namespace harness
