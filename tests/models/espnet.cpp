// SPDX-License-Identifier: Apache-2.0
// ESPNet with the weights that its authors trained gives what they give in another framework.
#include "tenon/models/espnet.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <string>

#include "skip.hpp"
#include "tenon/backends/onednn/slow_code.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/io/npy.hpp"
#include "tenon/runtime/predictor.hpp"

namespace {
using namespace tenon;

const std::filesystem::path folder = std::filesystem::path(TENON_SHARED_DATA) / "models" / "espnet-camvid";

template <class Backend>
using espnet_predictor = predictor<models::espnet<12, 2, 8>, image<1, 3, 120, 160>, Backend>;

int told = 0;

template <class Backend>
void check_espnet() {
  const auto picture = load_npy<float>(folder / "input.npy");
  const auto expected = load_npy<float>(folder / "output.npy");
  REQUIRE(picture.size() == 3 * 120 * 160);
  REQUIRE(expected.size() == 12 * 120 * 160);
  // Loading refuses a tensor that is missing, surplus or of another shape.
  espnet_predictor<Backend> net(load(folder / "espnet_p2_q8_camvid.safetensors"));
  const tensor_view<const float, 4> view(picture.data(), 1, 3, 120, 160);
  const auto logits = net(view);
  REQUIRE(static_cast<std::size_t>(logits.size()) == expected.size());
  float difference = 0, magnitude = 0;
  bool finite = true;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float value = expected.data()[i], apart = std::abs(logits.data()[i] - value);
    finite = finite && std::isfinite(apart);
    difference = std::max(difference, apart);
    magnitude = std::max(magnitude, std::abs(value));
  }
  CHECK(finite);
  CHECK(difference <= 1e-4f * magnitude);
}
}  // namespace

TEST_CASE("ESPNet with its authors' weights gives their output on the reference backend") {
  if (!std::filesystem::exists(folder)) TENON_SKIP("the shared data has no models/espnet-camvid");
  check_espnet<backend::reference>();
}

TEST_CASE("ESPNet with its authors' weights gives their output on oneDNN") {
  if (!std::filesystem::exists(folder)) TENON_SKIP("the shared data has no models/espnet-camvid");
  check_espnet<backend::onednn>();
}

TEST_CASE("ESPNet's dilated convolutions carry kernels for what oneDNN is slow at") {
  const slow_steps_listener before = tell_slow_steps([](const slow_steps&) { ++told; });
  const espnet_predictor<backend::onednn> net(initialize(1));
  tell_slow_steps(before);
  if (onednn::effective_isa() != kernels::isa::baseline) CHECK(told == 0);
  int steps = 0;
  const auto& execution = net.execution();
  for (std::int32_t i = 0; i < execution.plan().graph.node_count(); ++i) {
    const std::string name = execution.program().implementation_of(i);
    INFO(execution.plan().graph.text(execution.plan().graph.node_at(i).scope) << ": " << name);
    if (onednn::effective_isa() != kernels::isa::baseline) CHECK(!onednn::is_slow(name));
    steps += name.empty() ? 0 : 1;
  }
  CHECK(steps > 100);
}
