// SPDX-License-Identifier: Apache-2.0
// Runs a node by the kernels of every instruction set, layout and thread count, and compares with the reference.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tenon/backends/kernels/dispatch/execute.hpp"
#include "tenon/backends/reference/execute.hpp"
#include "tenon/core/compiler.hpp"
#include "tenon/core/finite.hpp"

// Instantiated once, in instances.cpp.
extern template void tenon::reference::execute<double>(const tenon::graph_view&, const tenon::node&,
                                                       std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                       const tenon::step_arguments&);

namespace harness {

using namespace tenon;

/// A tensor's values in contiguous order; labels are whole numbers.
struct tensor {
  shape extents;
  std::vector<double> values;
  layout arrangement = layout::blocked;
  element_type type = element_type::float32;
};

/// Values that floats hold exactly, evenly drawn from `low` to `high`.
inline std::vector<double> drawn(std::int64_t count, std::uint32_t seed, double low = -1, double high = 1) {
  std::mt19937 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values)
    value =
        static_cast<double>(static_cast<float>(low + (high - low) * (static_cast<double>(generator()) / 4294967296.0)));
  return values;
}

inline tensor blocked(const shape& of, std::uint32_t seed, double low = -1, double high = 1) {
  return {of, drawn(of.elements(), seed, low, high), layout::blocked, element_type::float32};
}
inline tensor contiguous(const shape& of, std::uint32_t seed, double low = -1, double high = 1) {
  return {of, drawn(of.elements(), seed, low, high), layout::contiguous, element_type::float32};
}
inline tensor scalar(double value) {
  return {shape(), {static_cast<double>(static_cast<float>(value))}, layout::contiguous, element_type::float32};
}
/// Of one label a pixel.
inline shape label_shape(const shape& logits) {
  return logits.rank == 4 ? shape(logits[0], logits[2], logits[3]) : shape(logits[0], logits[2], logits[3], logits[4]);
}
inline tensor labels(const shape& of, std::uint32_t seed, int classes) {
  std::mt19937 generator(seed);
  tensor made{of, std::vector<double>(static_cast<std::size_t>(of.elements())), layout::contiguous,
              element_type::int32};
  for (double& value : made.values) value = static_cast<double>(generator() % static_cast<unsigned>(classes));
  return made;
}

/// A tensor in memory as a kernel sees it, between guards that hold NaN. Blocked tensors begin at 64 bytes, contiguous
/// ones beside any such place, as parameters may.
class placed_tensor {
 public:
  placed_tensor(const shape& extents, element_type type, layout arrangement, int block)
      : extents_(extents), type_(type), arrangement_(arrangement), block_(block) {
    count_ = arrangement == layout::contiguous
                 ? extents.elements()
                 : extents.batch() * round_up(extents.channels(), block) * extents.spatial_elements();
    memory_.assign(static_cast<std::size_t>(count_) + 2 * guard + 32, guard_value());
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data() + guard);
    first_ = memory_.data() + guard + (64 - address % 64) % 64 / 4 + (arrangement == layout::contiguous ? 1 : 0);
    for (std::int64_t i = 0; i < count_; ++i) write(i, 1e30);
  }
  placed_tensor(const tensor& from, int block) : placed_tensor(from.extents, from.type, from.arrangement, block) {
    for (std::int64_t i = 0; i < count_; ++i) write(i, 0);
    for (std::int64_t i = 0; i < extents_.elements(); ++i) write(place_of(i), from.values[static_cast<std::size_t>(i)]);
  }

  placed_tensor(placed_tensor&&) = default;
  placed_tensor& operator=(placed_tensor&&) = default;

  operand view() { return {reinterpret_cast<std::byte*>(first_), extents_, type_, arrangement_}; }

  std::vector<double> values() const {
    std::vector<double> read;
    for (std::int64_t i = 0; i < extents_.elements(); ++i) {
      const float value = first_[place_of(i)];
      std::int32_t number;
      std::memcpy(&number, &value, 4);
      read.push_back(type_ == element_type::int32 ? number : static_cast<double>(value));
    }
    return read;
  }

  /// Whether the memory around the tensor is as it was.
  bool guards_hold() const {
    bool hold = true;
    const float value = guard_value();
    for (const float& each : memory_)
      if (&each < first_ || &each >= first_ + count_) hold = hold && std::memcmp(&each, &value, 4) == 0;
    return hold;
  }

  /// Whether all channels that are padding are zeros.
  bool padding_is_zero() const {
    if (arrangement_ == layout::contiguous) return true;
    const std::int64_t blocks = round_up(extents_.channels(), block_) / block_, pixels = extents_.spatial_elements();
    bool zero = true;
    for (std::int64_t i = 0; i < count_; ++i) {
      const std::int64_t channel = i / (pixels * block_) % blocks * block_ + i % block_;
      if (channel >= extents_.channels()) zero = zero && first_[i] == 0;
    }
    return zero;
  }

 private:
  static constexpr std::size_t guard = 64;

  static float guard_value() { return std::nanf("77"); }

  /// Where the i-th element in contiguous order lies.
  std::int64_t place_of(std::int64_t i) const {
    if (arrangement_ == layout::contiguous) return i;
    const std::int64_t pixels = extents_.spatial_elements(), channels = extents_.channels();
    const std::int64_t pixel = i % pixels, channel = i / pixels % channels, image = i / pixels / channels;
    const std::int64_t blocks = round_up(channels, block_) / block_;
    return ((image * blocks + channel / block_) * pixels + pixel) * block_ + channel % block_;
  }
  void write(std::int64_t i, double value) {
    if (type_ == element_type::int32) {
      const auto number = static_cast<std::int32_t>(value);
      std::memcpy(first_ + i, &number, 4);
    } else {
      first_[i] = static_cast<float>(value);
    }
  }

  shape extents_;
  element_type type_;
  layout arrangement_;
  int block_;
  std::int64_t count_ = 0;
  std::vector<float> memory_;
  float* first_ = nullptr;
};

/// A node with its operands' values, and the shapes and layouts of its results.
struct single_node {
  operation op = operation::activation;
  attributes attribute{};
  std::vector<tensor> operands;
  std::vector<tensor> results;  ///< values are not read
  std::vector<float> reals{};
  step_arguments arguments{};
  int overwritten = -1;  ///< the operand whose memory the first result takes
  double tolerance = 1e-5;
};

inline tensor blocked_result(const shape& of) { return {of, {}, layout::blocked, element_type::float32}; }
inline tensor contiguous_result(const shape& of) { return {of, {}, layout::contiguous, element_type::float32}; }

/// Calls `function(graph, node)` with the node in a graph of its own.
template <class Function>
void with_graph(const single_node& of, const Function& function) {
  std::vector<value> values;
  std::vector<std::int32_t> numbers;
  for (const auto* list : {&of.operands, &of.results})
    for (const tensor& each : *list) {
      if (list == &of.operands) numbers.push_back(static_cast<std::int32_t>(values.size()));
      values.push_back({each.extents, each.type, each.arrangement, 0});
    }
  node made;
  made.op = of.op;
  made.attribute = of.attribute;
  made.operands = {0, static_cast<std::int32_t>(of.operands.size())};
  made.results = {static_cast<std::int32_t>(of.operands.size()), static_cast<std::int32_t>(of.results.size())};
  graph_view graph;
  graph.nodes = {&made, 1};
  graph.values = values;
  graph.operands = numbers;
  graph.reals = of.reals;
  function(graph, made);
}

/// What the node makes, by the reference in double: the results, or the operands where it is an update.
inline std::vector<std::vector<double>> expected_of(const single_node& of) {
  std::vector<std::vector<double>> operands, results;
  std::vector<operand> read, written;
  for (const tensor& each : of.operands) {
    operands.push_back(each.values);
    if (each.type == element_type::int32) {
      auto* const numbers = reinterpret_cast<std::int32_t*>(operands.back().data());
      for (std::size_t i = 0; i < each.values.size(); ++i) {
        const auto number = static_cast<std::int32_t>(each.values[i]);
        std::memcpy(numbers + i, &number, 4);
      }
    }
    read.push_back({reinterpret_cast<std::byte*>(operands.back().data()), each.extents, each.type, layout::contiguous});
  }
  for (const tensor& each : of.results) {
    results.emplace_back(static_cast<std::size_t>(each.extents.elements()), 1e30);
    written.push_back(
        {reinterpret_cast<std::byte*>(results.back().data()), each.extents, each.type, layout::contiguous});
  }
  with_graph(of, [&](const graph_view& graph, const node& made) {
    reference::execute<double>(graph, made, read, written, of.arguments);
  });
  return is_update(of.op) ? operands : results;
}

TENON_EXACT_BEGIN

/// The greatest difference over the greatest expected magnitude; very great where only one is finite, or each otherwise
/// not. Under -ffast-math too.
inline double relative_difference(const std::vector<double>& found, const std::vector<double>& expected) {
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (is_nan(found[i]) && is_nan(expected[i])) continue;
    if (found[i] == expected[i]) continue;
    if (!is_finite(found[i]) || !is_finite(expected[i])) return 1e300;
    difference = std::max(difference, std::abs(found[i] - expected[i]));
  }
  for (const double each : expected)
    if (is_finite(each)) magnitude = std::max(magnitude, std::abs(each));
  return magnitude == 0 ? difference : difference / magnitude;
}

TENON_EXACT_END

/// The instruction sets that this machine has.
inline std::vector<kernels::isa> sets() {
  std::vector<kernels::isa> found;
  for (const auto set : {kernels::isa::baseline, kernels::isa::avx2, kernels::isa::avx512})
    if (set <= kernels::supported_isa()) found.push_back(set);
  return found;
}

/// Runs the node by one instruction set and requires that nothing but results was written, and their padding as zeros.
inline std::vector<std::vector<double>> run(const single_node& of, kernels::isa set, int threads) {
  const int block = kernels::block_of(set);
  std::vector<placed_tensor> operands, results;
  std::vector<operand> read, written;
  operands.reserve(of.operands.size());
  results.reserve(of.results.size());
  for (const tensor& each : of.operands) read.push_back(operands.emplace_back(each, block).view());
  for (std::size_t i = 0; i < of.results.size(); ++i) {
    const tensor& each = of.results[i];
    written.push_back(results.emplace_back(each.extents, each.type, each.arrangement, block).view());
    if (i == 0 && of.overwritten >= 0) written[0] = read[static_cast<std::size_t>(of.overwritten)];
  }
  {
    const thread_count_scope scope(threads);
    with_graph(of, [&](const graph_view& graph, const node& made) {
      kernels::execute(set, graph, made, read, written, of.arguments);
    });
  }
  std::vector<std::vector<double>> found;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    INFO("operand " << i);
    CHECK(operands[i].guards_hold());
    CHECK(operands[i].padding_is_zero());
    if (is_update(of.op))
      found.push_back(operands[i].values());
    else if (static_cast<int>(i) != of.overwritten)
      CHECK(relative_difference(operands[i].values(), of.operands[i].values) == 0);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    INFO("result " << i);
    CHECK(results[i].guards_hold());
    const placed_tensor& holder =
        i == 0 && of.overwritten >= 0 ? operands[static_cast<std::size_t>(of.overwritten)] : results[i];
    CHECK(holder.padding_is_zero());
    found.push_back(holder.values());
  }
  return found;
}

/// Requires of every instruction set that the node's results are the reference's, whatever the thread count.
inline void check(const single_node& of) {
  const auto expected = expected_of(of);
  std::string described(name_of(of.op));
  for (const tensor& each : of.operands) {
    described += " (";
    for (int i = 0; i < each.extents.rank; ++i) described += (i ? ", " : "") + std::to_string(each.extents[i]);
    described += ")";
  }
  INFO(described);
  for (const kernels::isa set : sets()) {
    INFO(kernels::name_of(set));
    const auto found = run(of, set, 1);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("tensor " << i);
      CHECK(relative_difference(found[i], expected[i]) <= of.tolerance);
    }
    const auto by_two = run(of, set, 2);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(relative_difference(by_two[i], found[i]) == 0);
  }
}

/// The same with all activations blocked, as they are given, and contiguous, which those of few channels may be.
inline void check_in_both_layouts(single_node of) {
  check(of);
  if (of.operands[0].extents.channels() > kernels::most_parts) return;
  for (auto* list : {&of.operands, &of.results})
    for (tensor& each : *list) each.arrangement = layout::contiguous;
  INFO("contiguous");
  check(of);
}

/// Activation shapes to try: odd sizes, one pixel, channels that fill no block, in 2-D and 3-D.
inline std::vector<shape> awkward_shapes() {
  return {shape(1, 1, 1, 1),     shape(3, 3, 5, 7),     shape(1, 5, 1, 9),    shape(3, 11, 6, 3), shape(1, 19, 7, 7),
          shape(3, 33, 2, 5),    shape(1, 16, 30, 41),  shape(2, 8, 3, 4),    shape(1, 64, 9, 5), shape(1, 3, 3, 5, 2),
          shape(3, 11, 1, 1, 1), shape(2, 19, 2, 3, 5), shape(1, 33, 4, 2, 3)};
}

}  // namespace harness
