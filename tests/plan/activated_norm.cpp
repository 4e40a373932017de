// SPDX-License-Identifier: Apache-2.0
// Norms and activations that the backward pass recomputes cost no memory: what is made is never alive where the most
// is, so reading it strip by strip would save nothing.
#include <catch2/catch.hpp>

#include "support/compiled.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using capabilities = onednn::capabilities;

/// Whether a node of the backward pass recomputes what the forward pass made. Dropouts are gradients mostly.
bool recomputes(const node& of) {
  switch (of.op) {
    case operation::batch_norm:
    case operation::group_norm_given:
    case operation::activation:
      return true;
    default:
      return false;
  }
}

struct memory {
  std::int64_t bound, bound_without;  ///< bytes; without: what is recomputed takes next to none
  int made_again;
};

/// The memory of a training step, and that of one in which what a single reader has recomputed takes none.
template <class Net>
memory memory_of(const Net& net, const shape& extents) {
  builder lowered = lower<1>(net, std::array{extents});
  REQUIRE(!lowered.graph.problem);
  loss_list<cross_entropy<>>::type::append_all(lowered);
  training_options options = sgd<>::rule();
  options.choose = [](const graph_view& laid_out, const graph_edits& live, list<retention>& retained) {
    retained = retention_finder(laid_out, live).free();
  };
  const tenon_test::compiled_graph made = tenon_test::compile_for_training<capabilities>(lowered.graph, options, false);
  const plan_view plan = made.view();
  memory found{find_lower_bound<capabilities>(plan), 0, 0};
  list<placement> places(made.plan.placements);
  for (std::int32_t i = plan.loss_node + 1; i < plan.graph.node_count(); ++i) {
    const node& each = plan.graph.node_at(i);
    if (!recomputes(each)) continue;
    places[static_cast<std::size_t>(each.results[0])].bytes = 64;
    ++found.made_again;
  }
  plan_view without = plan;
  without.placements = places;
  found.bound_without = find_lower_bound<capabilities>(without);
  return found;
}

template <class Net>
void check(const Net& net, const shape& extents) {
  const memory found = memory_of(net, extents);
  CHECK(found.made_again > 10);
  CHECK(found.bound == found.bound_without);
}

TEST_CASE("what the backward pass recomputes takes no memory of its own", "[plan]") {
  check(models::unet<11>, shape(1, 3, 360, 480));
  check(models::fast_scnn<19>, shape(1, 3, 1024, 2048));
  check(models::vb_net<1>, shape(1, 1, 32, 128, 128));
  check(models::vb_net<1, models::vb_block::bottleneck>, shape(1, 1, 32, 128, 128));
  constexpr auto norm = layers::group_norm<layers::nearest<32>>{};
  check(models::deeplab_v3_plus<19, norm>, shape(1, 3, 1024, 2048));
}

}  // namespace
