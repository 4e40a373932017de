// SPDX-License-Identifier: Apache-2.0
// layers_of: what a description consists of, as a constant.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

/// One operation of a network as it was described, before any pass.
struct layer_description {
  enum operation operation = operation::input;
  activation function = activation::none;  ///< of operation::activation
  std::string_view scope;                  ///< where it stands: "encoder.0"
  shape extents;                           ///< of its first result
  std::int64_t parameter_count = 0;        ///< values of the parameters that it reads; a shared one counts each time
};

template <class Lowered>
constexpr auto describe_layers() {
  constexpr std::size_t count = [] {
    std::size_t sum = 0;
    for (const node& current : Lowered::graph.nodes) sum += is_source(current.op) ? 0U : 1U;
    return sum;
  }();
  constexpr graph_view graph = Lowered::graph.view();
  std::array<layer_description, count> list{};
  std::size_t i = 0;
  for (const node& current : graph.nodes) {
    if (is_source(current.op)) continue;
    layer_description& made = list[i++];
    made = {current.op, current.attribute.fused, graph.text(current.scope), graph.result_value(current).extents, 0};
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const value& read = graph.operand_value(current, o);
      if (graph.node_at(read.producer).op == operation::parameter) made.parameter_count += read.extents.elements();
    }
  }
  return list;
}

/// The layers of a description in the order in which they run, also of a rewritten one:
/// `for (const tenon::layer_description& layer : tenon::layers_of<net, tenon::image<1, 3, 360, 480>>) ...`
template <const auto& Net, class Inputs>
inline constexpr auto layers_of = describe_layers<typename plan_of<Net, Inputs>::lowered>();

}  // namespace v0
}  // namespace tenon
