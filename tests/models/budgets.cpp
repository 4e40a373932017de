// SPDX-License-Identifier: Apache-2.0
// Every network of models/, narrow, takes the same five steps under any budget, bit for bit; and the process that
// trains a whole one takes the memory that the plan says.
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

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

/// Parts are of five, from all that is taken without a budget down to the least that is found.
template <class Backend>
void check_model(const model& of, const std::vector<int>& parts) {
  using trainer = tenon_test::budgeted_trainer<Backend>;
  INFO(Backend::capabilities::name << ", " << of.name);
  const optimizer_rule rule = sgd<momentum<0.9>, weight_decay<1e-4>>::rule();
  trainer free(of, rule, 0);
  // With room for everything: by itself a step makes more again.
  const std::int64_t most =
      run_time_plan<typename Backend::capabilities>(of.described(true), rule, false, std::int64_t{1} << 50)
          .view()
          .arena_bytes;
  const std::int64_t least =
      run_time_plan<typename Backend::capabilities>(of.described(true), rule, false, 1).view().arena_bytes;
  CHECK(least < most);
  const training expected(free, of);
  CHECK(expected.losses.front() != expected.losses.back());
  std::cout << "  " << of.name << ":";
  std::int64_t before = most;
  for (const int part : parts) {
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
void check_all(const std::vector<int>& parts) {
  std::cout << Backend::capabilities::name << ", the same bits:\n";
  for (const model& each : tenon_test::narrow_models()) check_model<Backend>(each, parts);
}

}  // namespace

TEST_CASE("no budget changes a bit of the models' steps, oneDNN") { check_all<backend::onednn>({4, 3, 2, 1, 0}); }
TEST_CASE("no budget changes a bit of the models' steps, reference") { check_all<backend::reference>({2, 0}); }

namespace {

/// A line of /proc/self/status, in bytes.
std::int64_t status_of_process(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stoll(line.substr(name.size() + 1)) * 1024;
  }
  return -1;
}

/// A network that a process trains, and the share of its arena that is left to it.
struct memory_case {
  std::size_t number;  ///< in whole_models
  shape input;
  int percent;  ///< 0: no budget
};

constexpr std::array<memory_case, 4> memory_cases{{{0, shape(1, 3, 240, 320), 75},
                                                   {1, shape(1, 3, 256, 256), 50},
                                                   {3, shape(1, 3, 512, 1024), 0},
                                                   {6, shape(1, 1, 32, 64, 64), 60}}};

model model_of(const memory_case& of) {
  model made = tenon_test::whole_models()[of.number];
  made.input = of.input;
  return made;
}

const char* const child_variable = "TENON_MEMORY_CASE";

}  // namespace

// Run in a process of its own by the case below; prints the bytes that were planned and those that were taken.
TEST_CASE("a process trains a whole network", "[.child]") {
  const char* const number = std::getenv(child_variable);
  REQUIRE(number != nullptr);
  const memory_case& of = memory_cases.at(std::stoul(number));
  const model trained = model_of(of);
  const model_batch batch(trained, 1);
  const optimizer_rule rule = sgd<momentum<0.9>>::rule();
  std::int64_t budget = 0;
  if (of.percent > 0) {
    budget =
        run_time_plan<onednn::capabilities>(trained.described(true), rule, false).view().arena_bytes / 100 * of.percent;
  }
  const std::int64_t before = status_of_process("VmRSS");
  tenon_test::budgeted_trainer<backend::onednn> trainer(trained, rule, budget);
  for (int i = 0; i < 2; ++i) trainer.step(batch, learning_rate);
  const std::int64_t most = status_of_process("VmHWM") - before;
  const auto& execution = trainer.execution();
  std::cout << "\nmemory " << trainer.plan().total_bytes() + execution.plan().buffer_bytes << " "
            << execution.program().scratchpad_bytes() << " " << execution.plan().arena_bytes << " " << most << "\n";
}

TEST_CASE("a process that trains takes the plan's memory, oneDNN's scratchpad, and at most 64 MiB more") {
  std::array<char, 4096> path{};
  REQUIRE(readlink("/proc/self/exe", path.data(), path.size() - 1) > 0);
  const auto mib = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  for (std::size_t i = 0; i < memory_cases.size(); ++i) {
    const std::string name = model_of(memory_cases[i]).name;
    INFO(name);
    REQUIRE(setenv(child_variable, std::to_string(i).c_str(), 1) == 0);
    std::FILE* const child =
        popen(("'" + std::string(path.data()) + "' 'a process trains a whole network'").c_str(), "r");
    REQUIRE(child != nullptr);
    std::string said;
    std::array<char, 256> part{};
    while (std::fgets(part.data(), static_cast<int>(part.size()), child) != nullptr) said += part.data();
    CHECK(pclose(child) == 0);
    INFO(said);
    const std::size_t at = said.find("\nmemory ");
    REQUIRE(at != std::string::npos);
    std::istringstream numbers(said.substr(at + 8));
    std::int64_t planned = 0, scratchpad = 0, arena = 0, taken = 0;
    numbers >> planned >> scratchpad >> arena >> taken;
    std::cout << name << (memory_cases[i].percent > 0 ? ", with a budget" : "") << ": planned " << mib(planned)
              << " MiB (the arena " << mib(arena) << "), scratchpad " << mib(scratchpad) << ", taken " << mib(taken)
              << "\n";
    CHECK(arena > (std::int64_t{16} << 20));
    CHECK(std::abs(taken - planned - scratchpad) <= std::int64_t{64} << 20);
  }
}
