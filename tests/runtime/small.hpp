// SPDX-License-Identifier: Apache-2.0
// The network that runtime tests predict with and train, and data for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/networks.hpp"
#include "support/temporary_folder.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

namespace runtime_test {

inline constexpr int classes = 5;
inline constexpr int height = 37, width = 45;
inline constexpr const auto& net = tenon_test::small_unet<classes>;

using loss = tenon::cross_entropy<tenon::ignore<200>>;
using optimizer = tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>;
using segmenter = tenon::predictor<net, tenon::image<2, 3, height, width>>;
using teacher = tenon::trainer<net, tenon::image<2, 3, height, width>, loss, optimizer, tenon::keep_gradients>;

/// A batch of two pictures with labels, the same for the same seed.
struct batch {
  std::vector<float> values = std::vector<float>(2 * 3 * height * width);
  std::vector<std::uint8_t> classes_of = std::vector<std::uint8_t>(2 * height * width);

  explicit batch(std::uint64_t seed) {
    tenon::random_source random(seed);
    for (float& value : values) value = static_cast<float>(random.normal());
    for (std::uint8_t& label : classes_of) label = static_cast<std::uint8_t>(random.bits() % classes);
    classes_of[3] = 200;
  }
  tenon::tensor_view<const float, 4> pictures() const { return tenon::tensor_view(values, 2, 3, height, width); }
  tenon::tensor_view<const std::uint8_t, 3> labels() const { return tenon::tensor_view(classes_of, 2, height, width); }
};

template <class View>
std::vector<float> copy_of(const View& view) {
  return {view.begin(), view.end()};
}

/// All that a step may change: parameters and running statistics with their counters, and momentum.
inline std::vector<std::byte> state_of(const teacher& trained) {
  const auto& execution = trained.execution();
  const tenon::plan_view& plan = execution.plan();
  const std::byte* parameters = execution.store()->memory();
  const std::byte* momentum = execution.program().spaces()[tenon::memory_space::optimizer];
  // The store counts batches in eight bytes a norm, which stand last.
  const std::int64_t bytes = tenon::round_up(plan.parameter_bytes + plan.buffer_bytes, 8) +
                             static_cast<std::int64_t>(teacher::buffer_list.size() / 2) * 8;
  std::vector<std::byte> all(parameters, parameters + bytes);
  all.insert(all.end(), momentum, momentum + plan.optimizer_bytes);
  return all;
}

}  // namespace runtime_test
