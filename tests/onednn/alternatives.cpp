// SPDX-License-Identifier: Apache-2.0
// Whichever of the listed alternatives a node's record names, the program computes the same: steps, packing and bytes
// follow the record alone.
#include <array>
#include <set>
#include <string>

#include "beside_reference.hpp"

namespace {

using namespace onednn_test;
using namespace tenon::layers;

/// Writes another algorithm into a node's record, as lay_out would have.
void record(growing_graph& graph, std::int32_t number, const selection& by) {
  node& of = graph.nodes.first[number];
  REQUIRE(of.attribute.has_workspace == (by.workspace_bytes > 0));
  of.computed_by = by;
  if (of.attribute.has_workspace)
    graph.values.first[of.results[of.results.count - 1]].extents = shape(by.workspace_bytes);
}

/// Requires that what is recorded is listed, and that every other listed alternative, of each node by itself and then
/// of all nodes together, gives the reference's results. Returns the algorithms that were compared.
std::set<onednn::algorithm> force_all(const growing_graph& graph, bool trains, const compiled_graph& plain) {
  const plan_options options = trains ? plan_options{true, true} : plan_options{};
  std::set<onednn::algorithm> forced;
  const auto compare_with = [&](const growing_graph& changed) {
    compare(tenon_test::planned<onednn::capabilities>(changed, options), plain, 2, 1e-4);
  };
  growing_graph together = graph;
  for (std::int32_t i = 0; i < graph.view().node_count(); ++i) {
    const node& of = graph.view().node_at(i);
    if (!onednn::capabilities::has_alternatives(of.op)) continue;
    const onednn::alternatives listed = onednn::alternatives_of(graph.view(), of);
    bool is_listed = false;
    for (int k = 0; k < listed.count; ++k) {
      const selection& by = listed.list[k];
      INFO("node " << i << ", " << name_of(of.op) << " by " << onednn::capabilities::name_of(by));
      forced.insert(static_cast<onednn::algorithm>(by.algorithm));
      if (by.algorithm == of.computed_by.algorithm) {
        is_listed = true;
        CHECK(by.packed_bytes == of.computed_by.packed_bytes);
        CHECK(by.workspace_bytes == of.computed_by.workspace_bytes);
        continue;
      }
      growing_graph alone = graph;
      record(alone, i, by);
      record(together, i, by);
      compare_with(alone);
    }
    CHECK(is_listed);
  }
  compare_with(together);
  return forced;
}

/// Of a network that predicts and that trains.
template <class Net>
std::set<onednn::algorithm> force_all(const Net& net, const shape& input) {
  const growing_graph predicts = described<void>(net, input), trains = described<mean_square>(net, input);
  const optimizer_rule rule = sgd<>::rule();
  std::set<onednn::algorithm> forced =
      force_all(tenon_test::compile_for_inference<onednn::capabilities>(predicts).graph, false,
                tenon_test::compile_for_inference<reference::capabilities>(predicts));
  forced.merge(force_all(tenon_test::compile_for_training<onednn::capabilities>(trains, rule, true).graph, true,
                         tenon_test::compile_for_training<reference::capabilities>(trains, rule, true)));
  return forced;
}

}  // namespace

TEST_CASE("every listed alternative of every node computes the same") {
  using by = onednn::algorithm;
  std::set<onednn::algorithm> forced;
  const auto check = [&](const char* name, const auto& net, const shape& input) {
    INFO(name);
    forced.merge(force_all(net, input));
  };
  check("dense, depthwise, dense", conv2d<24, kernel<3>>{} >> depthwise_conv2d<kernel<3>>{} >> conv2d<19>{},
        shape(2, 3, 11, 9));
  check("the same in 3-D, dilated",
        conv3d<19, kernel<3>>{} >> depthwise_conv3d<kernel<3>, dilation<2>>{} >> conv3d<17, kernel<3>>{},
        shape(1, 1, 6, 7, 9));
  check("depthwise with strides, a norm and an activation",
        conv2d<33>{} >> depthwise_conv2d<kernel<5>, stride<2>, no_bias>{} >> batch_norm{} >> relu{},
        shape(1, 9, 13, 12));
  check("depthwise with dilations", conv2d<16>{} >> depthwise_conv2d<kernel<3>, dilation<4>>{} >> relu6{},
        shape(2, 16, 14, 15));
  check("transposed depthwise", conv2d<18>{} >> conv_transpose2d<18, kernel<4>, stride<2>, padding<1>, groups<18>>{},
        shape(1, 9, 5, 6));
  check("groups", conv2d<24, kernel<3>, groups<3>>{} >> conv2d<20, kernel<3>, groups<4>, dilation<2>>{},
        shape(1, 12, 9, 10));
  check("groups in 3-D", conv3d<24, kernel<3>, groups<2>, stride<2>>{} >> conv3d<18, groups<3>>{},
        shape(1, 10, 5, 6, 7));
  check("few channels", conv2d<4, kernel<3>>{} >> relu{} >> conv2d<5, kernel<3>>{} >> conv2d<20>{} >> conv2d<3>{},
        shape(2, 3, 9, 8));
  check("transposed and dilated",
        conv2d<17, kernel<3>, dilation<3>>{} >> conv_transpose2d<12, kernel<2>, stride<2>>{} >> conv2d<16>{},
        shape(1, 11, 9, 8));
  for (const by each : {by::primitive, by::checked_primitive, by::depthwise, by::rows, by::narrow}) {
    INFO(onednn::name_of(each));
    CHECK(forced.contains(each));
  }
}
