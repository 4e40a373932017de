// SPDX-License-Identifier: Apache-2.0
// No step of any network is oneDNN's reference code or plain scalar code of ours, where the machine has vectors, with
// the kernels that a predictor or trainer of it carries and no others.
#include <array>
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
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;

/// Whether an implementation's name is that of code for one element at a time.
bool is_scalar(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return has("ref") || has("simple") || has("plain");
}

/// Checks the implementation of every step, and returns the number of steps of the convolution family.
template <onednn::needs Needs>
int check_steps_by(const plan_view& plan) {
  const slow_steps_listener before = tell_slow_steps(nullptr);
  const onednn::program_for<Needs> program(plan, 1);
  const bool has_vectors = onednn::effective_isa() != kernels::isa::plain;
  if (has_vectors) CHECK(!program.tell_of_slow_steps());
  tell_slow_steps(before);
  int convolutions = 0;
  for (std::int32_t i = 0; i < plan.graph.node_count(); ++i) {
    const node& of = plan.graph.node_at(i);
    if (is_source(of.op)) continue;
    const std::string name = program.implementation_of(i);
    INFO(name_of(of.op) << " '" << plan.graph.text(of.scope) << "': " << name);
    CHECK(!name.empty());
    if (has_vectors) CHECK(!is_scalar(name));
    convolutions += onednn::role_of(of.op) != onednn::convolution_role::none ? 1 : 0;
  }
  return convolutions;
}

constexpr onednn::needs without_slow_primitives = [] {
  onednn::needs found = onednn::every_need;
  found.slow_primitives = false;
  return found;
}();

/// A predictor's program is chosen by needs_of while compiling, and so is the one here. Of what needs_of may leave out,
/// kernels in place of slow primitives are all that a program does without and says nothing.
int check_steps(const support::run_time_plan& compiled) {
  const plan_view plan = compiled.view();
  return onednn::needs_of(plan.graph).slow_primitives ? check_steps_by<onednn::every_need>(plan)
                                                      : check_steps_by<without_slow_primitives>(plan);
}

template <class Net>
void check_network(const Net& net, const shape& input, int least_convolutions) {
  const std::array<shape, 1> inputs{input};
  const int predicting =
      check_steps(support::plan_inference<onednn::capabilities>(support::lower_network(net, inputs)));
  CHECK(predicting >= least_convolutions);
  const int training = check_steps(support::plan_training<onednn::capabilities>(
      support::lower_with_loss<cross_entropy<>>(net, inputs), sgd<momentum<0.9>>::rule()));
  CHECK(training >= 3 * predicting - 1);
}

}  // namespace

TEST_CASE("scalar code is known by its name") {
  CHECK(is_scalar("ref:any"));
  CHECK(is_scalar("conv:any+ref:any"));
  CHECK(is_scalar("simple:any"));
  CHECK(is_scalar("gemm:ref"));
  CHECK(is_scalar("kernels:plain"));
  CHECK(!is_scalar("jit:avx512_core"));
  CHECK(!is_scalar("conv:any+jit:avx2"));
  CHECK(!is_scalar("kernels:avx2"));
}

TEST_CASE("no step of a U-Net is scalar code") { check_network(models::unet<11>, shape(1, 3, 360, 480), 19); }

TEST_CASE("no step of DeepLab v3+ is scalar code") {
  check_network(models::deeplab_v3_plus<19>, shape(1, 3, 513, 513), 100);
  check_network(models::deeplab_v3_plus<19, layers::group_norm<layers::nearest<32>>{}>, shape(1, 3, 129, 193), 100);
}

TEST_CASE("no step of Fast-SCNN is scalar code") { check_network(models::fast_scnn<19>, shape(1, 3, 1024, 2048), 30); }

TEST_CASE("no step of a VB-Net is scalar code") {
  check_network(models::vb_net<2>, shape(1, 1, 32, 128, 128), 20);
  check_network(models::vb_net<2, models::vb_block::bottleneck>, shape(1, 1, 32, 128, 128), 40);
  check_network(models::vb_net<2, models::vb_block::separable>, shape(1, 1, 32, 128, 128), 40);
}

TEST_CASE("no step of ESPNet is scalar code") {
  check_network(models::espnet<12>, shape(1, 3, 360, 480), 30);
  check_network(models::espnet<12, 2, 8>, shape(1, 3, 120, 160), 30);
}

namespace {
using namespace tenon::layers;

template <int Kernel, int Dilation>
constexpr auto wide =
    conv2d<32, kernel<Kernel>, dilation<Dilation>>{} >> relu{} >> conv2d<32, kernel<Kernel>, dilation<Dilation>>{};
}  // namespace

TEST_CASE("no step of a dense convolution with a large window is scalar code") {
  check_network(wide<3, 4>, shape(1, 32, 45, 60), 2);
  check_network(wide<3, 18>, shape(2, 32, 45, 60), 2);
  check_network(wide<3, 24>, shape(1, 5, 20, 20), 2);
  check_network(wide<9, 1>, shape(1, 32, 45, 60), 2);
  check_network(wide<15, 1>, shape(1, 32, 45, 60), 2);
  check_network(conv2d<32, kernel<4>, stride<4>>{} >> conv2d<32, kernel<3>, stride<2>, padding<0>>{},
                shape(1, 3, 61, 64), 2);
  check_network(conv2d<32, kernel<3>, padding<4>>{} >> conv2d<32, kernel<1>, stride<2>>{}, shape(1, 8, 30, 30), 2);
}
