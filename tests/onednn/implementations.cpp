// SPDX-License-Identifier: Apache-2.0
// No step of any network is oneDNN's reference code or plain scalar code of ours, where the machine has vectors.
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "support/run_time_plan.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
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
int check_steps(const support::run_time_plan& compiled) {
  const plan_view plan = compiled.view();
  const onednn::program program(plan, 1);
  const bool has_vectors = onednn::effective_isa() != kernels::isa::plain;
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

TEST_CASE("no step of ESPNet is scalar code") { check_network(models::espnet<12>, shape(1, 3, 360, 480), 30); }
