// SPDX-License-Identifier: Apache-2.0
// Graphs stay well formed through every pass; names and diagnostics of the builder; the printer.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/compiled.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/graph/printer.hpp"
#include "tenon/graph/verifier.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/runtime/check_size.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

/// The rule that a graph breaks, as a sentence.
std::string flaw_of(const graph_view& graph, violation (*rules)(const graph_view&)) {
  const violation found = rules(graph);
  if (!found) return {};
  const std::string_view name = found.node < 0 ? "graph" : name_of(graph.node_at(found.node).op);
  return std::string(name) + ": " + std::string(sentence_of(found.kind));
}

template <class Capabilities>
void check_passes(std::uint32_t seed) {
  const growing_graph described = tenon_test::random_network(seed).make(false);
  CHECK(flaw_of(described.view(), verify_not_laid_out) == "");
  const growing_graph live = remove_dead(described.view());
  CHECK(flaw_of(live.view(), verify_not_laid_out) == "");
  const growing_graph folded = fold_norm(live.view());
  CHECK(flaw_of(folded.view(), verify_not_laid_out) == "");
  const growing_graph fused = fuse_activation<Capabilities>(folded.view());
  CHECK(flaw_of(fused.view(), verify_not_laid_out) == "");
  CHECK(flaw_of(lay_out<Capabilities>(fused.view()).view(), verify_laid_out<Capabilities>) == "");

  const growing_graph with_loss = tenon_test::random_network(seed).make(true);
  const growing_graph training = training_form(with_loss.view());
  CHECK(flaw_of(training.view(), verify_not_laid_out) == "");
  const growing_graph fused_training = fuse_activation<Capabilities>(training.view());
  const growing_graph differentiated = differentiate(fused_training.view(), adam<>::rule());
  CHECK(flaw_of(differentiated.view(), verify_not_laid_out) == "");
  const growing_graph laid_out = lay_out<Capabilities>(differentiated.view());
  CHECK(flaw_of(laid_out.view(), verify_laid_out<Capabilities>) == "");
  const graph_edits live_nodes(laid_out.view(), graph_edits::dead_code::goes);
  const list<retention> retained = default_retentions(laid_out.view(), live_nodes);
  CHECK(flaw_of(recomputer(laid_out.view(), live_nodes, retained).run().view(), verify_laid_out<Capabilities>) == "");
  const growing_plan plan = make_plan<Capabilities>(laid_out.view(), {true, false});
  CHECK(plan.sizes.arena_bytes >= find_lower_bound<Capabilities>(plan.view(laid_out.view())));
}

}  // namespace

TEST_CASE("passes keep random graphs well formed") {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    check_passes<backend::reference::capabilities>(seed);
    check_passes<backend::onednn::capabilities>(seed);
  }
}

namespace {

/// A sound training graph that a test may break.
growing_graph sound() {
  const auto net = [](auto x) { return conv2d<4, kernel<3>>{}(relu{}(batch_norm{}(conv2d<4>{}(x)) + conv2d<4>{}(x))); };
  const shape extents[] = {shape(2, 3, 5, 7)};
  builder to = lower<1>(net, extents);
  loss_list<mean_square>::type::append_all(to);
  return differentiate(training_form(to.graph.view()).view(), sgd<momentum<0.9>>::rule());
}

/// The number of the first node of an operation.
std::size_t first_of(const growing_graph& graph, operation op) {
  std::size_t i = 0;
  while (graph.nodes[i].op != op) ++i;
  return i;
}

}  // namespace

TEST_CASE("the verifier finds each rule that is broken, and where") {
  const auto breaking = [](flaw expected, operation at, auto break_it) {
    growing_graph graph = sound();
    REQUIRE(verify(graph.view()).kind == flaw::none);
    const std::size_t number = first_of(graph, at);
    break_it(graph, graph.nodes.data()[number]);
    const violation found = verify(graph.view());
    INFO(sentence_of(found.kind) << " instead of " << sentence_of(expected));
    CHECK(found.kind == expected);
    CHECK((found.node == static_cast<std::int32_t>(number) || found.node == -1));
  };
  using graph = growing_graph;
  const auto operand = [](graph& of, const node& its, int i) -> std::int32_t& {
    return of.operands.data()[its.operands.begin + i];
  };
  const auto result = [](graph& of, const node& its, int i) -> value& { return of.values.data()[its.results[i]]; };
  breaking(flaw::operand_is_none, operation::convolution, [&](graph& of, node& its) { operand(of, its, 0) = -1; });
  breaking(flaw::operand_made_later, operation::activation,
           [&](graph& of, node& its) { operand(of, its, 0) = its.results[0]; });
  breaking(flaw::operand_count, operation::convolution, [](graph&, node& its) { its.attribute.has_bias = false; });
  breaking(flaw::operand_count, operation::add, [](graph&, node& its) { --its.operands.count; });
  breaking(flaw::result_count, operation::batch_norm_training, [](graph&, node& its) { --its.results.count; });
  breaking(flaw::result_order, operation::activation, [](graph&, node& its) { --its.results.begin; });
  breaking(flaw::result_producer, operation::activation, [&](graph& of, node& its) { ++result(of, its, 0).producer; });
  breaking(flaw::result_is_empty, operation::activation,
           [&](graph& of, node& its) { result(of, its, 0).extents[2] = 0; });
  breaking(flaw::shape, operation::activation, [&](graph& of, node& its) { ++result(of, its, 0).extents[2]; });
  breaking(flaw::shape, operation::add, [&](graph& of, node& its) { ++result(of, its, 0).extents[3]; });
  breaking(flaw::shape, operation::activation_gradient, [&](graph& of, node& its) { ++result(of, its, 0).extents[2]; });
  const auto operand_extents = [&](graph& of, const node& its, int i) -> shape& {
    return of.values.data()[operand(of, its, i)].extents;
  };
  breaking(flaw::shape, operation::convolution, [&](graph& of, node& its) { ++operand_extents(of, its, 1)[1]; });
  breaking(flaw::shape, operation::convolution, [&](graph& of, node& its) { ++operand_extents(of, its, 1)[3]; });
  breaking(flaw::shape, operation::convolution_weight_gradient,
           [&](graph& of, node& its) { ++result(of, its, 0).extents[0]; });
  breaking(flaw::element_type, operation::activation,
           [&](graph& of, node& its) { result(of, its, 0).type = element_type::int32; });
  breaking(flaw::layout, operation::activation,
           [&](graph& of, node& its) { result(of, its, 0).arrangement = layout::blocked; });

  graph reading = sound();
  const node update = reading.nodes[first_of(reading, operation::sgd)];
  const std::int32_t parameter = reading.operands[static_cast<std::size_t>(update.operands.begin)];
  reading.make(operation::activation, {&parameter, 1}, {}, reading.values[static_cast<std::size_t>(parameter)].extents);
  CHECK(verify(reading.view()).kind == flaw::operand_after_update);
  CHECK(verify(reading.view()).node == reading.view().node_count() - 1);

  graph late = sound();
  const node loss = late.nodes[first_of(late, operation::mean_square)];
  const std::int32_t compared[] = {operand(late, loss, 0), operand(late, loss, 1)};
  late.make(operation::mean_square, compared, {}, shape());
  CHECK(verify(late.view()).kind == flaw::loss_after_update);

  const shape extents[] = {shape(2, 3, 5, 7)};
  builder labelled = lower<1>(conv2d<4>{}, extents);
  loss_list<cross_entropy<>>::type::append_all(labelled);
  CHECK(verify(labelled.graph.view()).kind == flaw::none);
  const node entropy = labelled.graph.nodes[first_of(labelled.graph, operation::cross_entropy)];
  ++operand_extents(labelled.graph, entropy, 1)[2];
  CHECK(verify(labelled.graph.view()).kind == flaw::shape);

  graph orphaned = sound();
  orphaned.values.push_back({});
  CHECK(verify(orphaned.view()).kind == flaw::value_without_node);
  graph aimless = sound();
  aimless.outputs.push_back(aimless.view().value_count());
  CHECK(verify(aimless.view()).kind == flaw::output_is_none);
  for (int kind = 0; kind <= static_cast<int>(flaw::computed_by); ++kind)
    CHECK_FALSE(sentence_of(static_cast<flaw>(kind)).empty());
}

TEST_CASE("every parameter that the loss depends on is updated once, after its last reader") {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    const growing_graph with_loss = tenon_test::random_network(seed).make(true);
    const growing_graph live = remove_dead(with_loss.view());
    const growing_graph whole = differentiate(training_form(live.view()).view(), sgd<>::rule());
    const graph_view graph = whole.view();
    std::set<std::int32_t> updated;
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      const node& current = graph.node_at(i);
      for (std::int32_t o = 0; o < current.operands.count; ++o) CHECK(updated.count(graph.operand(current, o)) == 0);
      if (current.op == operation::sgd) updated.insert(graph.operand(current, 0));
    }
    std::size_t parameters = 0;
    for (const node& current : live.view().nodes) parameters += current.op == operation::parameter ? 1 : 0;
    CHECK(updated.size() <= parameters);
    CHECK(updated.size() > 0);
  }
}

TEST_CASE("a wrong network can be lowered to its end, and its first problem stays") {
  const auto wrong = [](auto x) {
    auto a = name<"left">(conv2d<8>{})(x);
    auto b = name<"right">(conv2d<6>{})(x);
    auto sum = name<"middle">([&](auto y) { return add(y, b); })(a);
    return conv2d<4, kernel<9>, padding<0>, groups<3>>{}(sum);
  };
  const shape extents[] = {shape(1, 3, 5, 7)};
  const builder lowered = lower<1>(wrong, extents);
  const diagnostic& found = lowered.graph.problem;
  CHECK(found.kind == problem::channels_differ);
  CHECK(found.expected == 8);
  CHECK(found.found == 6);
  CHECK(lowered.graph.view().text({found.scope_begin, found.scope_count}) == "middle.add");
  for (int kind = 0; kind <= static_cast<int>(problem::has_no_gradient); ++kind) {
    CHECK_FALSE(sentence_of(static_cast<problem>(kind)).empty());
  }
}

TEST_CASE("an operation without a gradient behind trained parameters is a problem of the differentiated graph") {
  // No layer makes such a one: a reorder stands for what a later operation may forget.
  const auto opaque = [](auto x) { return x.to->make(operation::reorder, {&x.number, 1}, {}, x.extents()); };
  const shape extents[] = {shape(1, 3, 5, 7)};
  const auto differentiated = [&](const auto& net) {
    builder to = lower<1>(net, extents);
    loss_list<mean_square>::type::append_all(to);
    return differentiate(training_form(to.graph.view()).view(), sgd<>::rule());
  };
  const growing_graph wrong = differentiated(name<"head">(conv2d<4>{} >> opaque) >> conv2d<2>{});
  CHECK(wrong.problem.kind == problem::has_no_gradient);
  CHECK(wrong.problem.of == operation::reorder);
  CHECK(wrong.view().text({wrong.problem.scope_begin, wrong.problem.scope_count}) == "head.1");
  try {
    check_network(wrong.view(), extents);
    FAIL("no exception");
  } catch (const shape_error& refused) {
    CHECK(refused.name() == "head.1");
    CHECK(std::string(refused.what()).find("no gradient (reorder), 1 and 0") != std::string::npos);
  }
  CHECK_FALSE(differentiated(name<"head">(frozen(conv2d<4>{}) >> opaque) >> conv2d<2>{}).problem);
  CHECK_FALSE(differentiated(conv2d<4>{} >> relu{}).problem);
}

TEST_CASE("each loss names the operation of its gradient") {
  int losses = 0;
  for (const operation_traits& row : table::rows) {
    if (row.phase != phase::loss || row.op == operation::total_loss) continue;
    INFO(row.name);
    ++losses;
    CHECK(phase_of(row.gradient_operation) == phase::backward);
    CHECK(row.gradient != gradient_rule::none);
  }
  CHECK(losses >= 3);
}

TEST_CASE("the printer writes a line a node") {
  const auto net = conv2d<2, no_bias>{} >> relu{};
  const shape extents[] = {shape(1, 3, 5, 7)};
  const builder lowered = lower<1>(net, extents);
  const auto printed = print(lowered.graph.view());
  const std::string text(printed.view());
  CHECK(text.find("convolution") != std::string::npos);
  CHECK(text.find("relu") != std::string::npos);
}
