// SPDX-License-Identifier: Apache-2.0
// Every network of models/, narrow, takes the same five steps under any budget, bit for bit.
#include <catch2/catch.hpp>
#include <iostream>

#include "models/budgeted_trainer.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using tenon_test::model;
using tenon_test::model_batch;

constexpr std::uint32_t steps = 5;
constexpr float learning_rate = 0.01f;

/// What five steps come to. Gradients are not kept: momentum has all of them.
struct training {
  std::vector<float> losses;
  std::vector<std::vector<std::byte>> states;

  template <class Trainer>
  training(Trainer& trainer, const model& of) {
    for (std::uint32_t seed = 0; seed < steps; ++seed) {
      losses.push_back(trainer.step(model_batch(of, seed), learning_rate));
      states.push_back(trainer.state());
    }
  }
};

template <class Backend>
void check_model(const model& of) {
  using trainer = tenon_test::budgeted_trainer<Backend>;
  INFO(Backend::capabilities::name << ", " << of.name);
  const optimizer_rule rule = sgd<momentum<0.9>, weight_decay<1e-4>>::rule();
  trainer free(of, rule, 0);
  const std::int64_t most = free.plan().view().arena_bytes;
  const std::int64_t least =
      run_time_plan<typename Backend::capabilities>(of.described(true), rule, false, 1).view().arena_bytes;
  CHECK(least < most);
  const training expected(free, of);
  CHECK(expected.losses.front() != expected.losses.back());
  std::cout << "  " << of.name << ":";
  std::int64_t before = most;
  for (const int part : {4, 3, 2, 1, 0}) {
    const std::int64_t budget = least + (most - least) * part / 4;
    INFO("a budget of " << budget << " bytes");
    trainer bound(of, rule, budget);
    const std::int64_t arena = bound.plan().view().arena_bytes;
    CHECK(arena <= budget);
    CHECK(arena <= before);
    before = arena;
    const training found(bound, of);
    CHECK(found.losses == expected.losses);
    for (std::uint32_t i = 0; i < steps; ++i) {
      INFO("step " << i);
      CHECK((found.states[i] == expected.states[i]));
    }
    std::cout << " " << arena << " bytes and "
              << 100 * bound.plan().recomputed_macs() / (bound.plan().macs() - bound.plan().recomputed_macs())
              << " % more work" << (part > 0 ? "," : "");
  }
  std::cout << "\n";
}

template <class Backend>
void check_all() {
  std::cout << Backend::capabilities::name << ", the same bits:\n";
  for (const model& each : tenon_test::narrow_models()) check_model<Backend>(each);
}

}  // namespace

TEST_CASE("no budget changes a bit of the models' steps, oneDNN") { check_all<backend::onednn>(); }
TEST_CASE("no budget changes a bit of the models' steps, reference") { check_all<backend::reference>(); }
