// SPDX-License-Identifier: Apache-2.0
// Graphs stay well formed through every pass; names and diagnostics of the builder; the printer.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/compiled.hpp"
#include "support/random_graph.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/graph/printer.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/runtime/check_size.hpp"
#include "tenon/train/optimizers.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

/// What is wrong with a graph's bookkeeping, or nothing.
std::string flaw_of(const graph_view& graph) {
  std::int32_t made = 0;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    const std::string where = std::string(name_of(current.op)) + " " + std::to_string(i);
    if (current.results.count > 0 && current.results.begin != made) return where + ": results do not follow each other";
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = graph.operand(current, o);
      if (operand < 0 || operand >= graph.value_count()) return where + ": an operand that is none";
      if (operand >= made) return where + ": an operand that is made later";
    }
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      if (graph.result_value(current, r).producer != i) return where + ": a result with another producer";
      if (graph.result_value(current, r).extents.elements() < 1) return where + ": an empty result";
    }
    made += current.results.count;
  }
  if (made != graph.value_count()) return "values without a producer";
  for (const std::int32_t output : graph.outputs) {
    if (output < 0 || output >= made) return "an output that is none";
  }
  return {};
}

template <class Capabilities>
void check_passes(std::uint32_t seed) {
  const growing_graph described = tenon_test::random_network(seed).make(false);
  CHECK(flaw_of(described.view()).empty());
  const growing_graph live = remove_dead(described.view());
  CHECK(flaw_of(live.view()).empty());
  const growing_graph folded = fold_norm(live.view());
  CHECK(flaw_of(folded.view()).empty());
  const growing_graph fused = fuse_activation<Capabilities>(folded.view());
  CHECK(flaw_of(fused.view()).empty());
  CHECK(flaw_of(lay_out<Capabilities>(fused.view()).view()).empty());

  const growing_graph with_loss = tenon_test::random_network(seed).make(true);
  const growing_graph training = training_form(with_loss.view());
  CHECK(flaw_of(training.view()).empty());
  const growing_graph fused_training = fuse_activation<Capabilities>(training.view());
  const growing_graph differentiated = differentiate(fused_training.view(), adam<>::rule());
  CHECK(flaw_of(differentiated.view()).empty());
  const growing_graph laid_out = lay_out<Capabilities>(differentiated.view());
  CHECK(flaw_of(laid_out.view()).empty());
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

TEST_CASE("the printer writes a line a node") {
  const auto net = conv2d<2, no_bias>{} >> relu{};
  const shape extents[] = {shape(1, 3, 5, 7)};
  const builder lowered = lower<1>(net, extents);
  const auto printed = print(lowered.graph.view());
  const std::string text(printed.view());
  CHECK(text.find("convolution") != std::string::npos);
  CHECK(text.find("relu") != std::string::npos);
}
