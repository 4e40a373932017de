// SPDX-License-Identifier: Apache-2.0
// Searches for what a training step keeps, against all there is: every retention of small networks is rated.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <iostream>
#include <random>
#include <vector>

#include "support/random_graph.hpp"
#include "support/square_convolution.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/passes/pipeline.hpp"
#include "tenon/plan/budget_search.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using capabilities = onednn::capabilities;

/// A chain of up to a dozen operations, some of them with skips over a few others: sums and concats.
class small_step {
 public:
  explicit small_step(std::uint32_t seed) : random_(seed) {}

  growing_graph make() {
    using namespace layers;
    symbol x = to_.input(shape(1, 3, 32, 32));
    std::vector<symbol> before{convolution(x)};
    const bool skips = below(2) == 0;
    for (int steps = 3 + below(3); steps > 0; --steps) {
      x = before.back();
      switch (below(5)) {
        case 0:
          x = relu{}(convolution(x));
          break;
        case 1:
          x = relu{}(group_norm<nearest<4>>{}(convolution(x)));
          break;
        case 2:
          x = x.extents().spatial(1) > 8 ? max_pool2d<kernel<2>>{}(x) : sigmoid{}(x);
          break;
        default:
          x = convolution(x);
      }
      if (skips && below(2) == 0) x = join(x, before[static_cast<std::size_t>(below(static_cast<int>(before.size())))]);
      before.push_back(x);
    }
    to_.graph.outputs.push_back(mean_square::append(to_, convolution(x).number, 0, 1.0));
    return std::move(to_.graph);
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }
  symbol join(symbol x, symbol y) {
    y = layers::append_resize(y, x.extents(), interpolation::linear, to_.scope("resize"));
    return x.channels() == y.channels() ? layers::add(x, y) : layers::concat(x, y);
  }

  symbol convolution(symbol x) {
    const int kernel = below(2) == 0 ? 1 : 3, channels = 16 * (1 + below(4));
    return tenon_test::square_convolution(to_, x, channels, kernel);
  }

  std::mt19937 random_;
  builder to_;
};

/// Every retention that recomputer can express, with what it comes to, in order of work.
class every_retention {
 public:
  static constexpr std::size_t most_nodes = 9;

  explicit every_retention(const graph_view& laid_out)
      : graph_(laid_out), live_(laid_out, graph_edits::dead_code::goes) {
    for (std::int32_t i = 0; i < loss_node_of(graph_); ++i) {
      if (can_run_again(graph_.node_at(i).op) && !live_.vanishes(i)) nodes_.push_back(i);
    }
  }

  bool is_small() const { return nodes_.size() <= most_nodes; }

  void rate() {
    std::size_t count = 1;
    for (std::size_t i = 0; i < nodes_.size(); ++i) count *= 3;
    for (std::size_t number = 0; number < count; ++number) {
      all_.push_back({number, rate_retentions<capabilities>(graph_, live_, retentions(number), false)});
    }
    std::stable_sort(all_.begin(), all_.end(),
                     [](const rated& a, const rated& b) { return a.rating.macs < b.rating.macs; });
  }

  /// The least multiply-accumulates of a step whose arena takes at most so many bytes; -1 if there is none.
  std::int64_t least_macs(std::int64_t bytes) const {
    for (const rated& each : all_) {
      if (each.rating.peak_bytes > bytes) continue;
      const growing_graph made = step_with<capabilities>(graph_, retentions(each.number), false);
      if (make_plan<capabilities>(made.view(), {true, false}).sizes.arena_bytes <= bytes) return each.rating.macs;
    }
    return -1;
  }
  std::int64_t least_peak() const {
    std::int64_t least = all_.front().rating.peak_bytes;
    for (const rated& each : all_) least = std::min(least, each.rating.peak_bytes);
    return least;
  }
  std::size_t size() const { return all_.size(); }

 private:
  struct rated {
    std::size_t number;
    retention_rating rating;
  };

  list<retention> retentions(std::size_t number) const {
    list<retention> made(graph_.nodes.size(), retention::kept);
    for (const std::int32_t i : nodes_) {
      made[static_cast<std::size_t>(i)] = static_cast<retention>(number % 3);
      number /= 3;
    }
    return made;
  }

  graph_view graph_;
  graph_edits live_;
  std::vector<std::int32_t> nodes_;
  std::vector<rated> all_;
};

/// How much work a search adds, in shares of what the least adds.
struct comparison {
  int budgets = 0, missed = 0, equal = 0, within = 0;
  double sum = 0, worst = 1;

  void add(std::int64_t least, std::int64_t found) {
    const double ratio =
        found == least ? 1 : static_cast<double>(found) / static_cast<double>(std::max<std::int64_t>(least, 1));
    ++budgets;
    equal += found == least ? 1 : 0;
    within += ratio <= 1.05 ? 1 : 0;
    sum += ratio;
    worst = std::max(worst, ratio);
  }
};

std::ostream& operator<<(std::ostream& to, const comparison& of) {
  return to << of.equal << " of " << of.budgets << " budgets at the least work, " << of.within << " within 5 % of it, "
            << of.sum / of.budgets << " times that on average, " << of.worst << " at the worst; " << of.missed
            << " budgets missed";
}

}  // namespace

TEST_CASE("searches add hardly more work than the best of all retentions") {
  comparison quick, slow;
  int networks = 0;
  std::size_t rated = 0;
  for (std::uint32_t seed = 0; networks < 24; ++seed) {
    INFO("seed " << seed);
    const growing_graph described = small_step(seed).make();
    REQUIRE(!described.problem);
    using pipeline = training_pipeline<capabilities>;
    const growing_graph laid_out =
        compile_until<pipeline>(pipeline::step_count - 1, described.view(), sgd<momentum<0.9>>::rule());
    every_retention all(laid_out.view());
    if (!all.is_small()) continue;
    ++networks;
    all.rate();
    rated += all.size();
    const budget_search<capabilities> search(laid_out.view(), false);
    const std::int64_t most = search.run(std::int64_t{1} << 40, 0, 1).arena_bytes, least = all.least_peak();
    const std::int64_t kept = count_macs(laid_out.view());
    for (const int part : {3, 2, 1}) {  // quarters of the way from the least memory to what is taken without a budget
      const std::int64_t budget = least + (most - least) * part / 4;
      const std::int64_t macs = all.least_macs(budget);
      if (macs < 0) continue;
      // tries = 0 stands for the compiler's search: the whole family where the compiler walks along it. What refines
      // that walk is to be called here, with its bound of 1.25.
      const found_retentions family = search.run(budget, 0, 1), annealed = search.run(budget, 2000, 1);
      if (family.arena_bytes > budget) {
        ++quick.missed;
      } else {
        quick.add(macs - kept, family.rating.macs - kept);
      }
      if (annealed.arena_bytes > budget) {
        ++slow.missed;
      } else {
        slow.add(macs - kept, annealed.rating.macs - kept);
      }
    }
  }
  std::cout << rated << " retentions of " << networks << " networks\n  the family: " << quick
            << "\n  the long search: " << slow << "\n";
  CHECK(slow.budgets >= 60);
  // Those beyond, and the budget that is missed, are of one network, whose placements have gaps.
  CHECK(slow.missed <= 1);
  CHECK(slow.within * 100 >= slow.budgets * 95);
}
