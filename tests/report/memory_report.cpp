// SPDX-License-Identifier: Apache-2.0
// The memory report's figures: sums, parts, where tensors lie, and what it says of each.
#include "tenon/report/memory_report.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/layers/layers.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/plan/live_profile.hpp"
#include "tenon/report/budget_sweep.hpp"
#include "tenon/report/searched_report.hpp"

namespace {

using namespace tenon::layers;
using tenon::memory_report, tenon::part_figures, tenon::reported_tensor, tenon::tensor_kind;

using input = tenon::image<2, 3, 32, 48>;
using training = tenon::plan_of<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>,
                                tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>;
// With room for everything, so that no convolution runs again.
using roomy = tenon::plan_of<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>, tenon::sgd<tenon::momentum<0.9>>,
                             tenon::memory_budget<(1 << 30)>>;
using inference = tenon::plan_of<tenon::models::unet<3, 4>, input>;

// Concats, a split, a sum, a dropout, two losses: what shares memory in other ways.
constexpr auto branches = [](auto image) {
  auto x = name<"stem">(conv2d<8, kernel<3>>{} >> group_norm<2>{} >> relu{})(image);
  auto [left, right] = split<4, 4>(x);
  auto joined = concat(name<"left">(conv2d<8, kernel<3>>{})(left), right, x);
  auto y = name<"body">(conv2d<20, kernel<3>>{} >> batch_norm{} >> dropout<0.25>{})(joined);
  auto sum = relu{}(add(y, joined));
  return std::tuple{name<"head">(conv2d<3>{})(sum), name<"side">(conv2d<1>{})(max_pool2d<kernel<2>>{}(sum))};
};
// Written so that both wide values live at once; a plan has it in another order.
constexpr auto wide_then_narrow = [](auto image) {
  auto left = name<"left">(max_pool2d<kernel<2>>{} >> conv2d<64>{})(image);
  auto right = name<"right">(max_pool2d<kernel<2>>{} >> conv2d<64>{})(image);
  auto one = name<"one">(sigmoid{} >> conv2d<1>{})(left);
  return add(one, name<"other">(sigmoid{} >> conv2d<1>{})(right));
};

using two_losses = tenon::losses<tenon::cross_entropy<>, tenon::weighted<tenon::mean_square, 0.5>>;
using branched = tenon::plan_of<branches, tenon::image<1, 3, 16, 16>, two_losses, tenon::adam<>>;
using clipped = tenon::plan_of<branches, tenon::image<1, 3, 16, 16>, two_losses, tenon::adam<>, tenon::accumulate<4>,
                               tenon::clip_norm<1.0>>;

constexpr auto without_parameters = relu{} >> max_pool2d<kernel<2>>{};

template <class Get>
std::int64_t sum_of(const std::vector<part_figures>& parts, const Get& get) {
  std::int64_t sum = 0;
  for (const part_figures& part : parts) sum += get(part);
  return sum;
}

template <class Plan>
void check_sums() {
  const memory_report report = tenon::report_memory<Plan>();
  CHECK(report.naive_bytes >= report.arena_bytes);
  CHECK(report.arena_bytes >= report.lower_bound_bytes);
  CHECK(report.arena_bytes >= report.peak_bytes);
  CHECK(report.peak_bytes >= report.lower_bound_bytes);
  CHECK(report.arena_bytes == Plan::arena_bytes);
  CHECK(report.lower_bound_bytes == Plan::lower_bound_bytes);
  CHECK(report.kept_bytes == Plan::saved_bytes);
  CHECK(report.macs == Plan::macs);
  CHECK(report.recomputed_macs == Plan::recomputed_macs);
  CHECK(report.all_bytes() - Plan::view().buffer_bytes == Plan::total_bytes);
  CHECK(report.trains == Plan::trains);

  for (const std::vector<part_figures>* parts : {&report.parts, &report.scopes}) {
    CHECK(sum_of(*parts, [](const part_figures& part) { return part.peak_bytes; }) == report.peak_bytes);
    CHECK(sum_of(*parts, [](const part_figures& part) { return part.kept_bytes; }) == report.kept_bytes);
    CHECK(sum_of(*parts, [](const part_figures& part) { return part.naive_bytes; }) == report.naive_bytes);
    CHECK(sum_of(*parts, [](const part_figures& part) { return part.outside_bytes; }) == report.outside_bytes());
    CHECK(sum_of(*parts, [](const part_figures& part) { return part.macs; }) == report.macs);
  }
  double percent = 0;
  for (const part_figures& part : report.parts) percent += tenon::percent_of(part.peak_bytes, report.peak_bytes);
  CHECK(percent == Approx(100));

  const auto profile = tenon::find_live_profile<typename Plan::capabilities>(Plan::compiled::graph.view(), false);
  std::size_t step = 0;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < Plan::compiled::graph.nodes.size(); ++i) {
    if (tenon::is_source(Plan::compiled::graph.nodes[i].op)) continue;
    const tenon::reported_step& reported = report.steps[step++];
    std::int64_t of_parts = 0;
    for (const std::int64_t bytes : reported.part_bytes) of_parts += bytes;
    CHECK(of_parts == reported.live_bytes);
    // The planner rounds up to its alignment.
    CHECK(reported.live_bytes <= profile.data()[i]);
    CHECK(reported.live_bytes >= profile.data()[i] * 3 / 4 - 4096);
    most = std::max(most, reported.live_bytes);
  }
  CHECK(step == report.steps.size());
  CHECK(most == report.peak_bytes);
  CHECK(report.steps[static_cast<std::size_t>(report.peak_step)].live_bytes == most);
}

/// Rectangles lie in the arena, and two that overlap are of one group: the result of one node and what it reads there.
/// Gives how many do.
template <class Plan>
int check_rectangles() {
  const memory_report report = tenon::report_memory<Plan>();
  const auto steps = static_cast<std::int32_t>(report.steps.size());
  int shared = 0;
  for (const reported_tensor& one : report.tensors) {
    INFO(one.name());
    CHECK(one.bytes > 0);
    CHECK(one.offset >= 0);
    CHECK(one.offset + one.bytes <= report.arena_bytes);
    CHECK(one.first >= 0);
    CHECK(one.first <= one.last);
    CHECK(one.last < steps);
    for (const reported_tensor& other : report.tensors) {
      if (&one == &other || one.first > other.last || other.first > one.last) continue;
      if (one.offset >= other.offset + other.bytes || other.offset >= one.offset + one.bytes) continue;
      INFO(other.name());
      CHECK(one.group == other.group);
      ++shared;
    }
  }
  return shared;
}

const reported_tensor& tensor_of(const memory_report& report, std::string_view name, tensor_kind kind) {
  for (const reported_tensor& tensor : report.tensors) {
    if (tensor.name() == name && tensor.kind == kind) return tensor;
  }
  throw std::string("no such tensor: ") + std::string(name);
}

std::vector<std::string> names_of(const std::vector<part_figures>& parts) {
  std::vector<std::string> names;
  for (const part_figures& part : parts) names.push_back(part.name);
  return names;
}

}  // namespace

TEST_CASE("the sums of a memory report agree") {
  check_sums<training>();
  check_sums<inference>();
  check_sums<branched>();
  check_sums<clipped>();
}

TEST_CASE("a memory report's tensors lie in the arena, and share it only as aliases") {
  CHECK(check_rectangles<training>() > 0);
  CHECK(check_rectangles<inference>() >= 0);
  CHECK(check_rectangles<branched>() > 0);
}

TEST_CASE("a memory report counts by the parts that a network has") {
  const memory_report report = tenon::report_memory<training>();
  CHECK(names_of(report.parts) ==
        std::vector<std::string>{"inputs and targets", "inc", "unnamed layers", "downs", "ups", "outc", "loss"});
  const std::vector<std::string> scopes = names_of(report.scopes);
  CHECK(std::find(scopes.begin(), scopes.end(), "ups.3") != scopes.end());
  CHECK(std::find(scopes.begin(), scopes.end(), "outc.weight") == scopes.end());
}

TEST_CASE("a memory report counts by parts that are given") {
  const memory_report report = tenon::report_memory<training>(
      {.title = "U-Net",
       .parts = {{"encoder", {"inc", "downs"}}, {"decoder", {"ups", "outc"}}, {"waist", {"downs.3"}}}});
  CHECK(report.title == "U-Net");
  CHECK(names_of(report.parts) ==
        std::vector<std::string>{"inputs and targets", "encoder", "unnamed layers", "waist", "decoder", "loss"});
  const memory_report found = tenon::report_memory<training>();
  CHECK(report.parts[4].naive_bytes == found.parts[4].naive_bytes + found.parts[5].naive_bytes);
  CHECK(report.parts[1].outside_bytes + report.parts[3].outside_bytes ==
        found.parts[1].outside_bytes + found.parts[3].outside_bytes);
}

namespace {

constexpr auto many = [](auto x) {
  x = name<"a">(conv2d<4, kernel<3>>{})(x);
  x = name<"b">(conv2d<4, kernel<3>>{})(x);
  x = name<"c">(conv2d<4, kernel<3>>{})(x);
  x = name<"d">(conv2d<1, kernel<3>>{})(x);
  x = name<"e">(conv2d<1, kernel<3>>{})(x);
  x = name<"f">(conv2d<4, kernel<3>>{})(x);
  x = name<"g">(conv2d<4, kernel<3>>{})(x);
  x = name<"h">(conv2d<4, kernel<3>>{})(x);
  x = name<"i">(conv2d<4, kernel<3>>{})(x);
  return name<"j">(conv2d<4, kernel<3>>{})(x);
};
constexpr auto nested = [](auto x) {
  return name<"model">([](auto y) { return name<"b">(conv2d<4>{})(name<"a">(conv2d<4>{})(y)); })(x);
};

}  // namespace

TEST_CASE("the smallest of too many parts are put together") {
  const memory_report report = tenon::report_memory<tenon::plan_of<many, tenon::image<1, 3, 8, 8>>>();
  REQUIRE(report.parts.size() == 10);
  CHECK(report.parts.back().name == "other parts");
  CHECK(report.parts[0].name == "inputs and targets");
}

TEST_CASE("of a network in one scope the parts lie within it") {
  const memory_report report = tenon::report_memory<tenon::plan_of<nested, tenon::image<1, 3, 8, 8>>>();
  CHECK(names_of(report.parts) == std::vector<std::string>{"inputs and targets", "model.a", "model.b"});
}

TEST_CASE("a network without parameters has a memory report") {
  const memory_report report = tenon::report_memory<tenon::plan_of<without_parameters, tenon::image<1, 3, 8, 8>>>();
  CHECK(report.outside_bytes() == 0);
  CHECK(report.parts.back().name == "unnamed layers");
  CHECK(report.text().find("inference in ") == 0);
}

TEST_CASE("a memory report says why a tensor is kept and what recomputing it takes") {
  const memory_report report = tenon::report_memory<roomy>();
  // The result of the first convolution is read again by its norm, and follows from the picture alone.
  const reported_tensor& first = tensor_of(report, "convolution inc.0.0", tensor_kind::activation);
  CHECK(first.is_kept);
  CHECK(first.to_recompute.steps == 1);
  CHECK(first.to_recompute.macs == std::int64_t{2} * 32 * 48 * 4 * 3 * 9);
  CHECK(first.to_recompute.bytes == first.bytes);
  CHECK(report.steps[static_cast<std::size_t>(first.first_backward_reader)].is_backward);
  // The activated norm behind it is recomputed, without a multiply-accumulate.
  const reported_tensor& norm = tensor_of(report, "batch_norm_training inc.0.1", tensor_kind::activation);
  CHECK(!norm.is_kept);
  const reported_tensor& recomputed = tensor_of(report, "batch_norm inc.0.1", tensor_kind::recomputed);
  CHECK(norm.recomputed_at == recomputed.maker);
  CHECK(recomputed.to_recompute.macs == 0);
  CHECK(report.recomputed_macs == 0);
  // That of the second one would need the norm before it, and so that step too.
  const reported_tensor& second = tensor_of(report, "convolution inc.1.0", tensor_kind::activation);
  CHECK(second.to_recompute.steps == 2);
  CHECK(second.to_recompute.macs == std::int64_t{2} * 32 * 48 * 4 * 4 * 9);
  CHECK(tensor_of(report, "input", tensor_kind::given).maker == -1);
  CHECK(tensor_of(report, "convolution_weight_gradient inc.0.0, weights", tensor_kind::parameter_gradient).bytes ==
        432);

  const std::string text = report.explain("inc.0");
  CHECK(text.find("convolution inc.0.0 (activation, 2 x 4 x 32 x 48, 0.2 MiB, steps 1 to ") == 0);
  CHECK(text.find("kept, because batch_norm inc.0.1 (step ") != std::string::npos);
  CHECK(text.find("to recompute it would take 1 step, 331,776 MACs (") != std::string::npos);
  CHECK(text.find("not kept; last read by convolution inc.1.0 (step ") != std::string::npos);
  CHECK(text.find("; the backward pass recomputes it (step ") != std::string::npos);
  CHECK(text.find("inc.1.1") == std::string::npos);
  CHECK(report.explain("in").empty());
  CHECK(report.explain("nowhere").empty());
}

TEST_CASE("outputs of inference are read after the last step") {
  const memory_report report = tenon::report_memory<inference>();
  CHECK(report.kept_bytes == 0);
  CHECK(report.loss_step == -1);
  const auto output = std::find_if(report.tensors.begin(), report.tensors.end(),
                                   [](const reported_tensor& tensor) { return tensor.is_output; });
  REQUIRE(output != report.tensors.end());
  CHECK(tenon::reason_of(report, *output) == "an output, read after the last step; no step reads it");
  CHECK(output->last == static_cast<std::int32_t>(report.steps.size()) - 1);
}

TEST_CASE("a memory report as text has the figures") {
  memory_report report = tenon::report_memory<training>({.title = "U-Net"});
  const std::string text = report.text(3);
  INFO(text);
  CHECK(text.find("U-Net: a training step of ") == 0);
  for (const std::string_view each : {"naive: nothing shared", "planned: the arena", "lower bound", "alive at the peak",
                                      "ups.3", "not in use at the peak", "the largest tensors at the peak"})
    CHECK(text.find(each) != std::string::npos);
  CHECK(text.find("budget MiB") == std::string::npos);
  const std::size_t tensors = text.find("the largest tensors");
  CHECK(std::count(text.begin() + static_cast<std::ptrdiff_t>(tensors), text.end(), '\n') == 4);
  report.sweep = {{0, 2 << 20, 0, 0, ""}, {1 << 20, 1 << 20, 5, 12.25, "3k"}};
  CHECK(report.text().find("       1.0        1.0            50.0         12.25\n") != std::string::npos);
}

TEST_CASE("a sweep falls in memory and rises in work") {
  const auto sweep =
      tenon::sweep_budgets<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>, tenon::sgd<tenon::momentum<0.9>>>(
          {.points = 4, .least = 0.3, .tries = 30});
  REQUIRE(sweep.size() >= 3);
  CHECK(sweep[0].budget_bytes == 0);
  CHECK((sweep[0].arena_bytes > training::arena_bytes && sweep[0].arena_bytes <= roomy::arena_bytes));
  CHECK(sweep[0].added_macs == 0);
  for (std::size_t i = 1; i < sweep.size(); ++i) {
    CHECK(sweep[i].arena_bytes < sweep[i - 1].arena_bytes);
    CHECK(sweep[i].added_macs >= sweep[i - 1].added_macs);
    CHECK((sweep[i].arena_bytes <= sweep[i].budget_bytes || i + 1 == sweep.size()));
    const memory_report report = tenon::report_searched<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>,
                                                        tenon::sgd<tenon::momentum<0.9>>>(sweep[i].retentions);
    CHECK(report.arena_bytes == sweep[i].arena_bytes);
    CHECK(report.recomputed_macs == sweep[i].added_macs);
    CHECK(report.naive_bytes >= report.arena_bytes);
  }
}

TEST_CASE("what is planned while running is reported as what is planned while compiling") {
  const memory_report one = tenon::report_memory<training>();
  const memory_report other = tenon::report_searched<tenon::models::unet<3, 4>, input, tenon::cross_entropy<>,
                                                     tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>("");
  CHECK(one.json() == other.json());
  // A graph so small that its nodes are put into another order.
  using small = tenon::plan_of<wide_then_narrow, tenon::image<1, 3, 32, 32>, tenon::mean_square, tenon::sgd<>>;
  const memory_report ordered =
      tenon::report_searched<wide_then_narrow, tenon::image<1, 3, 32, 32>, tenon::mean_square, tenon::sgd<>>("");
  CHECK(tenon::report_memory<small>().json() == ordered.json());
  const auto sweep =
      tenon::sweep_budgets<wide_then_narrow, tenon::image<1, 3, 32, 32>, tenon::mean_square, tenon::sgd<>>(
          {.points = 1, .tries = 1});
  const memory_report first =
      tenon::report_searched<wide_then_narrow, tenon::image<1, 3, 32, 32>, tenon::mean_square, tenon::sgd<>>(
          sweep[0].retentions);
  CHECK(sweep[0].arena_bytes == first.arena_bytes);
}
