// SPDX-License-Identifier: Apache-2.0
// No step of any network is oneDNN's reference code or contiguous scalar code of ours, where the machine has vectors,
// with the kernels that a predictor or trainer of it carries and no others.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "support/run_time_plan.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/onednn/slow_code.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/models/espnet.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;

/// Whether an implementation's name is that of code for one element at a time.
bool is_scalar(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return has("ref") || has("simple") || has("baseline");
}

int told = 0;

/// Checks the implementation of every step of a program, and returns the number of steps of the convolution family.
template <class Program>
int check_steps(const plan_view& plan) {
  told = 0;
  const slow_steps_listener before = tell_slow_steps([](const slow_steps& found) { told += found.count; });
  const Program program(plan, 1);
  program.tell_of_slow_steps();
  tell_slow_steps(before);
  const bool has_vectors = onednn::effective_isa() != kernels::isa::baseline;
  int convolutions = 0, slow = 0;
  for (std::int32_t i = 0; i < plan.graph.node_count(); ++i) {
    const node& of = plan.graph.node_at(i);
    if (is_source(of.op)) continue;
    const std::string name = program.implementation_of(i);
    INFO(name_of(of.op) << " '" << plan.graph.text(of.scope) << "': " << name);
    CHECK(!name.empty());
    if (has_vectors) CHECK(!is_scalar(name));
    const bool is_slow = onednn::is_slow(name);
    slow += is_slow ? 1 : 0;
    // Without vectors oneDNN may be slow, but only where we do not ask it, and kernels of ours are the baseline ones.
    if (is_slow) CHECK(onednn::algorithm_of(of) == onednn::algorithm::primitive);
    if (!has_vectors && name.starts_with("kernels:")) CHECK(name == "kernels:baseline");
    convolutions += onednn::role_of(of.op) != onednn::convolution_role::none ? 1 : 0;
  }
  CHECK(told == slow);
  return convolutions;
}

/// The same of the program that a user's predictor or trainer has, with code for what its constants say and nothing
/// else. Memory is placed at run time, since as a constant that would take the compiler long.
template <class Plan>
int check_program(const support::run_time_plan& compiled) {
  CHECK(onednn::needs_of(compiled.view().graph) == onednn::needs_of(Plan::compiled::graph.view()));
  return check_steps<typename program_of_plan<backend::onednn, Plan>::type>(compiled.view());
}

template <const auto& Net, class Input>
void check_network(int least_convolutions) {
  using optimizer = sgd<momentum<0.9>>;
  const auto inputs = plan_of<Net, Input>::input_types::list;
  const int predicting = check_program<plan_of<Net, Input>>(
      support::plan_inference<onednn::capabilities>(support::lower_network(Net, inputs)));
  CHECK(predicting >= least_convolutions);
  const int training =
      check_program<plan_of<Net, Input, cross_entropy<>, optimizer>>(support::plan_training<onednn::capabilities>(
          support::lower_with_loss<cross_entropy<>>(Net, inputs), optimizer::rule()));
  CHECK(training >= 3 * predicting - 1);
}

}  // namespace

TEST_CASE("scalar code is known by its name") {
  CHECK(is_scalar("ref:any"));
  CHECK(is_scalar("conv:any+ref:any"));
  CHECK(is_scalar("simple:any"));
  CHECK(is_scalar("gemm:ref"));
  CHECK(is_scalar("kernels:baseline"));
  CHECK(!is_scalar("jit:avx512_core"));
  CHECK(!is_scalar("conv:any+jit:avx2"));
  CHECK(!is_scalar("kernels:avx2"));
}

TEST_CASE("no step of a U-Net is scalar code") { check_network<models::unet<11>, image<1, 3, 360, 480>>(19); }

namespace {
using namespace tenon::layers;

constexpr auto& grouped_deeplab = models::deeplab_v3_plus<19, group_norm<nearest<32>>{}>;
}  // namespace

TEST_CASE("no step of DeepLab v3+ is scalar code") {
  check_network<models::deeplab_v3_plus<19>, image<1, 3, 513, 513>>(100);
  check_network<grouped_deeplab, image<1, 3, 128, 192>>(100);
  // Where strides divide the extents, the pointwise convolutions beside blocks need no kernels of ours either.
  using training = plan_of<grouped_deeplab, image<1, 3, 128, 192>, cross_entropy<>, sgd<momentum<0.9>>>;
  constexpr onednn::needs needs = onednn::needs_of(training::compiled::graph.view());
  STATIC_REQUIRE(!needs.slow_convolutions);
  STATIC_REQUIRE(!needs.slow_weight_gradients);
}

TEST_CASE("no step of Fast-SCNN is scalar code") { check_network<models::fast_scnn<19>, image<1, 3, 1024, 2048>>(30); }

TEST_CASE("no step of a VB-Net is scalar code") {
  check_network<models::vb_net<2>, volume<1, 1, 32, 128, 128>>(20);
  check_network<models::vb_net<2, models::vb_block::bottleneck>, volume<1, 1, 32, 128, 128>>(40);
  check_network<models::vb_net<2, models::vb_block::separable>, volume<1, 1, 32, 128, 128>>(40);
}

TEST_CASE("no step of ESPNet is scalar code") {
  check_network<models::espnet<12>, image<1, 3, 360, 480>>(30);
  check_network<models::espnet<12, 2, 8>, image<1, 3, 120, 160>>(30);
}

namespace {
template <int Kernel, int Dilation>
constexpr auto wide =
    conv2d<32, kernel<Kernel>, dilation<Dilation>>{} >> relu{} >> conv2d<32, kernel<Kernel>, dilation<Dilation>>{};
constexpr auto strided = conv2d<32, kernel<4>, stride<4>>{} >> conv2d<32, kernel<3>, stride<2>, padding<0>>{};
constexpr auto padded = conv2d<32, kernel<3>, padding<4>>{} >> conv2d<32, kernel<1>, stride<2>>{};
}  // namespace

TEST_CASE("no step of a dense convolution with a large window is scalar code") {
  check_network<wide<3, 4>, image<1, 32, 45, 60>>(2);
  check_network<wide<3, 18>, image<2, 32, 45, 60>>(2);
  check_network<wide<3, 24>, image<1, 5, 20, 20>>(2);
  check_network<wide<9, 1>, image<1, 32, 45, 60>>(2);
  check_network<wide<15, 1>, image<1, 32, 45, 60>>(2);
  check_network<strided, image<1, 3, 61, 64>>(2);
  check_network<padded, image<1, 8, 30, 30>>(2);
}
