// SPDX-License-Identifier: Apache-2.0
// Which values share memory: concats and splits where they lie, on graphs small enough to count by hand.
#include <catch2/catch.hpp>

#include "support/compiled.hpp"
#include "support/plan_checker.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/graph/builder.hpp"
#include "tenon/layers/join.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/plan/plan.hpp"

namespace {

using tenon::operation;
using tenon::shape;
using tenon::symbol;
using tenon::layers::concat;

/// What a graph's plan comes to.
struct outcome {
  std::string problem;
  tenon_test::sharing shared;
  std::int64_t arena = 0, bound = 0;  ///< in units of one channel
};

constexpr int side = 8, channel_bytes = side * side * 4;

/// A network over images of 8 x 8, whose weights count for nothing.
class network {
 public:
  symbol input(int channels, int batch = 1) { return to_.input(shape(batch, channels, side, side)); }
  /// A value made of another; not in place.
  symbol made(symbol from, int channels) {
    to_.enter(to_.next_position());
    const std::array<std::int32_t, 2> operands{
        from.number, to_.parameter("weight", shape(channels, from.channels(), 1, 1), tenon::initializer::zeros)};
    const symbol result =
        to_.make(operation::convolution, operands, {}, shape(from.extents().batch(), channels, side, side));
    to_.leave();
    return result;
  }
  /// In place, if `from` is not read later.
  symbol over(symbol from) { return to_.make(operation::activation, {&from.number, 1}, {}, from.extents()); }
  symbol taken(symbol from, int first, int channels) {
    tenon::attributes attribute;
    attribute.index = first;
    return to_.make(operation::concat_gradient, {&from.number, 1}, attribute, shape(1, channels, side, side));
  }
  symbol sum(symbol a, symbol b) {
    const std::array<std::int32_t, 2> both{a.number, b.number};
    return to_.make(operation::add, both, {}, a.extents());
  }

  template <class Capabilities = tenon::reference::capabilities, class... Symbols>
  outcome plan(Symbols... outputs) {
    for (const symbol each : {outputs...}) to_.graph.outputs.push_back(each.number);
    tenon_test::check_sound(tenon::verify_not_laid_out(to_.graph.view()));
    const tenon::growing_graph graph = tenon::lay_out<Capabilities>(to_.graph.view());
    tenon_test::check_sound(tenon::verify_laid_out<Capabilities>(graph.view()));
    const tenon::growing_plan plan = tenon::make_plan<Capabilities>(graph.view(), {});
    tenon_test::plan_checker<Capabilities> checker(plan.view(graph.view()));
    outcome found;
    found.problem = checker.problem();
    found.shared = checker.found();
    found.arena = plan.sizes.arena_bytes / channel_bytes;
    found.bound = tenon::find_lower_bound<Capabilities>(plan.view(graph.view())) / channel_bytes;
    return found;
  }

 private:
  tenon::builder to_;
};

}  // namespace

TEST_CASE("parts of a concat are made side by side") {
  network net;
  const symbol x = net.input(1);
  const symbol a = net.made(x, 3), b = net.made(x, 5);
  const outcome found = net.plan(concat(a, b));
  CHECK(found.problem == "");
  CHECK(found.shared.joined == 2);
  CHECK(found.shared.copied == 0);
  CHECK(found.arena == 1 + 3 + 5);
  CHECK(found.bound == 1 + 3 + 5);
}

TEST_CASE("several images are not side by side") {
  network net;
  const symbol x = net.input(1, 2);
  const symbol a = net.made(x, 3), b = net.made(x, 5);
  const outcome found = net.plan(concat(a, b));
  CHECK(found.problem == "");
  CHECK(found.shared.copied == 2);
  CHECK(found.arena == 2 * (2 * 8));
  CHECK(found.bound == 2 * (2 * 8));
}

TEST_CASE("oneDNN joins whole blocks of channels") {
  for (const int channels : {16, 5}) {
    network net;
    const symbol x = net.input(16);
    const symbol a = net.made(x, channels), b = net.made(x, 16), c = net.made(x, 5);
    const outcome found = net.plan<tenon::onednn::capabilities>(net.made(concat(a, b, c), 32));
    CHECK(found.problem == "");
    // Behind 5 channels nothing begins at a block; 5 channels are never one.
    CHECK(found.shared.joined == (channels == 16 ? 2 : 0));
    CHECK(found.shared.copied == (channels == 16 ? 1 : 3));
  }
}

TEST_CASE("an early part reserves only its own bytes") {
  // U-Net's skip: while a is kept, twenty channels come and go beside it, in the place that b takes then.
  network net;
  const symbol x = net.input(1);
  const symbol a = net.made(x, 10);
  const symbol other = net.made(net.made(a, 10), 10);
  const symbol b = net.made(other, 10);
  const outcome found = net.plan(net.made(concat(a, b), 1));
  CHECK(found.problem == "");
  CHECK(found.shared.joined == 2);
  CHECK(found.bound == 30);
  CHECK(found.arena == 30);
}

TEST_CASE("concats of concats share one stretch of memory") {
  SECTION("each around the one before") {
    network net;
    const symbol x = net.input(4);
    const symbol first = concat(x, net.made(x, 2));
    const symbol second = concat(net.made(first, 3), first);
    const symbol third = concat(second, net.made(second, 1));
    const outcome found = net.plan(third);
    CHECK(found.problem == "");
    CHECK(found.shared.joined == 6);
    CHECK(found.shared.copied == 0);
    CHECK(found.arena == 10);
    CHECK(found.bound == 10);
  }
  SECTION("all values again each time, as DenseNet does") {
    network net;
    const symbol x = net.input(4);
    const symbol a = net.made(x, 2);
    const symbol b = net.made(concat(x, a), 2);
    const symbol c = net.made(concat(x, a, b), 2);
    const outcome found = net.plan(concat(x, a, b, c));
    CHECK(found.problem == "");
    CHECK(found.shared.joined == 2 + 3 + 4);
    CHECK(found.shared.copied == 0);
    CHECK(found.arena == 10);
  }
}

TEST_CASE("a value lies in one place") {
  SECTION("twice in one concat") {
    network net;
    const symbol a = net.made(net.input(1), 4);
    const outcome found = net.plan(concat(a, a));
    CHECK(found.problem == "");
    CHECK(found.shared.joined == 1);
    CHECK(found.shared.copied == 1);
    CHECK(found.arena == 8);
  }
  SECTION("behind different neighbours") {
    network net;
    const symbol x = net.input(1);
    const symbol a = net.made(x, 4), b = net.made(x, 4), c = net.made(x, 4);
    const outcome found = net.plan(concat(b, a), concat(c, a));
    CHECK(found.problem == "");
    CHECK(found.shared.joined == 3);
    CHECK(found.shared.copied == 1);
  }
}

TEST_CASE("what is taken from a value lies in it") {
  network net;
  const symbol x = net.made(net.input(1), 8);
  const symbol a = net.taken(x, 0, 3), b = net.taken(x, 3, 5);
  const outcome found = net.plan(net.sum(net.made(a, 5), b));
  CHECK(found.problem == "");
  CHECK(found.shared.taken == 2);
  // x, and what is made of a, whose last use that is; the sum lies over one of its operands.
  CHECK(found.arena == 8 + 5);
  CHECK(found.bound == 8 + 5);
}

TEST_CASE("memory is written over when nothing in it is alive") {
  SECTION("not while the whole is read") {
    network net;
    const symbol x = net.made(net.input(1), 8);
    const symbol a = net.over(net.taken(x, 0, 8));
    const outcome found = net.plan(net.sum(net.made(x, 8), a));
    CHECK(found.problem == "");
    CHECK(found.shared.overwritten == 1);  // the sum; a cannot lie over what x still needs
  }
  SECTION("not while a part is read") {
    network net;
    const symbol a = net.made(net.input(1), 4);
    const symbol whole = concat(a, net.made(a, 4));
    const symbol over = net.over(whole);
    const outcome found = net.plan(over, net.made(a, 1));
    CHECK(found.problem == "");
    CHECK(found.shared.joined == 2);
    CHECK(found.shared.overwritten == 0);
  }
  SECTION("over a part, once its neighbour alone is needed") {
    network net;
    const symbol x = net.made(net.input(1), 8);
    const symbol a = net.taken(x, 0, 4), b = net.taken(x, 4, 4);
    const symbol over = net.over(a);
    const outcome found = net.plan(concat(over, b));
    CHECK(found.problem == "");
    CHECK(found.shared.overwritten == 1);
    CHECK(found.shared.joined == 2);
    CHECK(found.shared.copied == 0);
    CHECK(found.arena == 1 + 8);
  }
}
