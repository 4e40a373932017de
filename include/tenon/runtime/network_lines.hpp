// SPDX-License-Identifier: Apache-2.0
// A described network as lines of text, by which a checkpoint tells another one.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// The shortest text that reads back as the same number.
inline std::string exact_text(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// A layer, a loss, a parameter or a running statistic: "3", "dropout, rate 0.3"; "0.weight", "trained".
struct network_line {
  std::string name, text;

  /// Whether such a layer is there or not, and how it is, may follow from an input's extents.
  bool depends_on_extents() const { return text.starts_with("pad") || text.starts_with("resize"); }
};

/// Writes a node's options: those that are not as a layer has them by default.
class option_text {
 public:
  option_text(const graph_view& graph, const node& of) : graph_(graph), of_(of), text_(tenon::name_of(of.op)) {}

  [[gnu::cold]] std::string written() && {
    const attributes standard, &given = of_.attribute;
    list("kernel", given.kernel, standard.kernel);
    list("stride", given.stride, standard.stride);
    list("dilation", given.dilation, standard.dilation);
    list("padding", given.padding_begin, standard.padding_begin);
    list("padding behind", given.padding_end, given.padding_begin);
    add("groups", given.groups, standard.groups);
    if (given.fused != activation::none) text_ += ", " + std::string(tenon::name_of(given.fused));
    if (of_.op == operation::resize) text_ += name_of(given.interpolation);
    if (!given.has_scale) text_ += ", no scale";
    if (given.channelwise) text_ += ", whole channels";
    if (!given.counts_padding) text_ += ", padding ignored";
    if (given.has_ignored) add("ignored", given.ignored, -1.5);
    add("epsilon", given.epsilon, standard.epsilon);
    add("momentum", given.momentum, standard.momentum);
    add("slope", given.slope, standard.slope);
    add("rate", given.rate, standard.rate);
    add("factor", given.scale, standard.scale);
    for (std::int32_t i = 0; i < given.class_weights.count; ++i)
      text_ += (i == 0 ? ", class weights " : " ") +
               exact_text(static_cast<double>(graph_.reals.first[given.class_weights[i]]));
    return std::move(text_);
  }

 private:
  static constexpr std::string_view name_of(enum interpolation how) {
    switch (how) {
      case interpolation::nearest:
        return ", nearest";
      case interpolation::linear:
        return ", linear";
      case interpolation::linear_align_corners:
        return ", linear, corners aligned";
    }
    return "";
  }
  void add(const char* name, double value, double standard) {
    if (value < standard || value > standard) text_ += std::string(", ") + name + " " + exact_text(value);
  }
  void list(const char* name, const extent3& value, const extent3& standard) {
    if (value == standard) return;
    text_ += std::string(", ") + name;
    for (const std::int32_t each : value) text_ += " " + std::to_string(each);
  }

  const graph_view& graph_;
  const node& of_;
  std::string text_;
};

/// A network's lines, in the order of a lowered graph. Inputs and extents are not among them: training may go on with
/// batches of another size.
[[gnu::cold]] inline std::vector<network_line> network_lines_of(const graph_view& lowered) {
  std::vector<network_line> lines;
  for (const node& of : lowered.nodes) {
    std::string name(lowered.text(of.scope));
    if (of.op == operation::parameter) {
      std::string text = of.attribute.trainable ? "trained" : "frozen";
      if (const double factor = of.attribute.learning_rate_factor; factor < 1 || factor > 1)
        text += ", learning_rate_factor " + exact_text(factor);
      lines.push_back({std::move(name), std::move(text)});
    } else if (of.op == operation::buffer) {
      lines.push_back({std::move(name), of.attribute.trainable ? "follows batches" : "frozen"});
    } else if (!is_source(of.op)) {
      lines.push_back({std::move(name), option_text(lowered, of).written()});
    }
  }
  return lines;
}

/// The lines in one text, a line each: a name, which has no blanks, and behind the first blank the rest.
[[gnu::cold]] inline std::string joined_lines(const std::vector<network_line>& lines) {
  std::string text;
  for (const network_line& each : lines) text += each.name + " " + each.text + "\n";
  return text;
}
[[gnu::cold]] inline std::vector<network_line> split_lines(std::string_view text) {
  std::vector<network_line> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t blank = std::min(line.find(' '), line.size());
    lines.push_back({std::string(line.substr(0, blank)), std::string(line.substr(std::min(blank + 1, line.size())))});
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

/// The spatial extents of a network's inputs: "360 x 480".
[[gnu::cold]] inline std::string input_extents_text(const graph_view& lowered) {
  std::string text;
  for (const node& of : lowered.nodes) {
    if (of.op != operation::input) continue;
    const shape& extents = lowered.result_value(of).extents;
    if (!text.empty()) text += ", ";
    for (int d = 2; d < extents.rank; ++d) text += (d > 2 ? " x " : "") + std::to_string(extents[d]);
  }
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
