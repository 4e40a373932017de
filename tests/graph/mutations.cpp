// SPDX-License-Identifier: Apache-2.0
// The verifier notices whatever value of a laid-out graph has another shape or layout.
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "support/compiled.hpp"
#include "tenon/backends/backend.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/train/gradient_options.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

/// Every kind of value that a training step has.
constexpr auto wide = [](auto x) {
  auto fine = name<"fine">(conv2d<32, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})(x);
  auto coarse =
      name<"coarse">(max_pool2d<kernel<2>>{} >> depthwise_conv2d<kernel<3>>{} >> group_norm<4>{} >> relu{})(fine);
  auto gate = name<"gate">(global_average_pool{} >> conv2d<32>{} >> sigmoid{})(coarse);
  auto up =
      name<"up">(conv_transpose2d<24, kernel<2>, stride<2>>{} >> prelu{} >> dropout<0.5>{})(multiply(coarse, gate));
  auto pooled = name<"pooled">(adaptive_average_pool2d<3>{} >> conv2d<16>{} >> instance_norm{} >> hard_swish{})(fine);
  auto averaged = name<"averaged">(average_pool2d<kernel<3>, stride<2>, padding<1>>{} >> conv2d<16, groups<2>>{})(fine);
  auto parts = split<8, 24>(fine);
  auto joined = concat(up, resize_like(pooled, fine), pad_like(averaged, fine), std::get<1>(parts));
  auto same = name<"same">(channel_shuffle<4>{} >> softmax{})(joined);
  auto shared = share<"head">(conv2d<80, kernel<3>>{});
  return name<"last">(conv2d<17>{})(shared(shared(add(joined, same))));
};
constexpr auto narrow = [](auto x) {
  auto a = name<"a">(conv2d<4, kernel<3>>{} >> batch_norm<running_statistics>{} >> relu{})(x);
  auto b = name<"b">(conv2d<4, kernel<3>, no_bias>{} >> batch_norm{})(a);
  return name<"last">(conv2d<24>{} >> relu{} >> conv2d<3>{})(relu{}(add(a, b)));
};
constexpr auto volumes = conv3d<16, kernel<3>>{} >> group_norm<2>{} >> relu{} >> conv3d<16, kernel<3>, dilation<2>>{} >>
                         max_pool3d<kernel<2>>{} >> conv_transpose3d<12, kernel<3>, stride<2>>{} >> conv3d<3>{};
constexpr auto resized = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<5>{} >> resize<factor<3>>{};
constexpr auto linear_head = conv2d<16, kernel<3>>{} >> relu{} >> linear<10>{};

template <class Capabilities, class Loss, class Net>
growing_graph trained(const Net& net, const shape& input) {
  const std::array<shape, 1> inputs{input};
  builder to = lower<1>(net, inputs);
  loss_list<Loss>::type::append_all(to);
  REQUIRE_FALSE(to.graph.problem);
  optimizer_rule rule = adam<>::rule();
  accumulate<2>::set(rule);
  clip_norm<1>::set(rule);
  return compile<training_pipeline<Capabilities>>(to.graph.view(), rule, tenon_test::must_be_sound<Capabilities>{});
}

/// What is not noticed, and how often: "resize 0: extent 2".
using tally = std::map<std::string, int>;

template <class Capabilities>
void mutate_all(growing_graph graph, tally& missed) {
  int mutations = 0;
  for (std::int32_t v = 0; v < graph.view().value_count(); ++v) {
    value& changed = graph.values.first[v];
    const value sound = changed;
    const node& maker = graph.view().node_at(sound.producer);
    const std::string name = std::string(name_of(maker.op)) + " " + std::to_string(v - maker.results.begin);
    const auto mutate = [&](const std::string& what, auto how) {
      how(changed);
      ++mutations;
      if (!verify_laid_out<Capabilities>(graph.view())) ++missed[name + ": " + what];
      changed = sound;
    };
    for (int d = 0; d < sound.extents.rank; ++d) {
      mutate("extent " + std::to_string(d), [&](value& of) { ++of.extents[d]; });
      mutate("extent " + std::to_string(d), [&](value& of) { of.extents[d] *= 2; });
      if (sound.extents[d] > 1) mutate("extent " + std::to_string(d), [&](value& of) { --of.extents[d]; });
    }
    if (sound.extents.rank < 5) mutate("rank", [&](value& of) { of.extents[of.extents.rank++] = 2; });
    mutate("layout", [&](value& of) {
      of.arrangement = of.arrangement == layout::blocked ? layout::contiguous : layout::blocked;
    });
  }
  CHECK(mutations > 100);
}

template <class Capabilities>
tally missed_of_all() {
  tally missed;
  mutate_all<Capabilities>(trained<Capabilities, cross_entropy<>>(wide, shape(2, 3, 12, 10)), missed);
  mutate_all<Capabilities>(trained<Capabilities, binary_cross_entropy>(narrow, shape(2, 3, 9, 8)), missed);
  mutate_all<Capabilities>(trained<Capabilities, cross_entropy<>>(volumes, shape(1, 1, 6, 8, 10)), missed);
  mutate_all<Capabilities>(trained<Capabilities, mean_square>(linear_head, shape(2, 3, 5, 4)), missed);
  return missed;
}

}  // namespace

TEST_CASE("the verifier notices every value of another shape or layout") {
  const auto check = [](const tally& missed) {
    for (const auto& [what, count] : missed) UNSCOPED_INFO(what << ", " << count << " times");
    CHECK(missed.empty());
  };
  check(missed_of_all<backend::reference::capabilities>());
  check(missed_of_all<backend::onednn::capabilities>());
}

TEST_CASE("what a loss resizes logits to is what its labels have") {
  const auto check = []<class Capabilities>(Capabilities) {
    tally missed;
    mutate_all<Capabilities>(trained<Capabilities, cross_entropy<>>(resized, shape(2, 3, 5, 4)), missed);
    CHECK(missed == tally{{"target 0: extent 1", 3}, {"target 0: extent 2", 3}});
  };
  check(backend::reference::capabilities{});
  check(backend::onednn::capabilities{});
}
