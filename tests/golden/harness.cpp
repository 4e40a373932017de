// SPDX-License-Identifier: Apache-2.0
// Runs golden cases: the one unit that compiles both backends for plans made at run time.
#include "golden/harness.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <set>

#include "tenon/backends/reference/program.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/program_of.hpp"

// Others of these tests use it too.
template void tenon::reference::execute<float>(const tenon::graph_view&, const tenon::node&,
                                               std::span<const tenon::operand>, std::span<const tenon::operand>,
                                               const tenon::step_arguments&);

namespace {
using namespace golden;

/// One case of a golden file.
class stored_case {
 public:
  stored_case(const safetensors_file& file, std::string name) : file_(file), prefix_(std::move(name) + "/") {}

  const stored_tensor* find(const std::string& name) const { return file_.find(prefix_ + name); }

  const stored_tensor& at(const std::string& name) const {
    const stored_tensor* found = find(name);
    INFO(prefix_ << name << " is in the file");
    REQUIRE(found != nullptr);
    return *found;
  }

  std::vector<float> floats(const std::string& name) const {
    const stored_tensor& tensor = at(name);
    REQUIRE(tensor.dtype == "F32");
    std::vector<float> values(static_cast<std::size_t>(tensor.bytes) / sizeof(float));
    std::memcpy(values.data(), tensor.data, static_cast<std::size_t>(tensor.bytes));
    return values;
  }

  shape extents(const std::string& name) const {
    const stored_tensor& tensor = at(name);
    shape result;
    for (const std::int64_t extent : tensor.extents) result[result.rank++] = static_cast<std::int32_t>(extent);
    return result;
  }

  /// The shapes of all tensors "what.0", "what.1", ...
  std::vector<shape> all_extents(const std::string& what) const {
    std::vector<shape> list;
    while (find(what + "." + std::to_string(list.size())) != nullptr) {
      list.push_back(extents(what + "." + std::to_string(list.size())));
    }
    return list;
  }

  /// The names of all tensors below `what`.
  std::vector<std::string> names_below(const std::string& what) const {
    std::vector<std::string> names;
    const std::string start = prefix_ + what + "/";
    for (const stored_tensor& tensor : file_.tensors()) {
      if (tensor.name.starts_with(start)) names.push_back(tensor.name.substr(start.size()));
    }
    return names;
  }

 private:
  const safetensors_file& file_;
  std::string prefix_;
};

void compare(const std::string& what, std::span<const float> found, std::span<const float> expected, double allowed) {
  INFO(what << ": " << expected.size() << " values expected, " << found.size() << " found");
  REQUIRE(found.size() == expected.size());
  CHECK(relative_difference(found, expected) <= allowed);
}

/// A plan of a case with its weights, ready to run.
template <class Backend, bool Trains>
struct running {
  using program_type = typename program_of<Backend, Trains>::type;
  const stored_case& stored;
  support::run_time_plan plan;
  std::shared_ptr<parameter_store> store;
  executor<program_type> execution;

  running(const stored_case& from, support::run_time_plan made, int threads)
      : stored(from),
        plan(std::move(made)),
        store(std::make_shared<parameter_store>(plan.table())),
        execution(plan.view(), store, tenon::threads{threads}) {
    std::set<std::string, std::less<>> unused;
    for (const std::string& name : stored.names_below("weight")) unused.insert(name);
    for (const auto& list : {plan.table().parameters, plan.table().buffers}) {
      for (const parameter_description& entry : list) {
        const std::string name = "weight/" + std::string(entry.name);
        INFO(name);
        CHECK(stored.extents(name) == entry.extents);
        const std::vector<float> values = stored.floats(name);
        store->assign(entry.name, {values, stored.extents(name)});
        unused.erase(std::string(entry.name));
      }
    }
    CHECK(unused == std::set<std::string, std::less<>>{});
  }

  /// Fills the arena with what no result may depend on, then copies inputs and targets in.
  void copy_in() {
    auto* arena = reinterpret_cast<float*>(execution.program().spaces()[memory_space::arena]);
    std::fill_n(arena, plan.view().arena_bytes / 4, 1e30f);
    for (const node& each : plan.view().graph.nodes) {
      if (each.op != operation::input && each.op != operation::target) continue;
      const std::string number = std::to_string(each.attribute.index);
      const std::string name = (each.op == operation::input ? "input." : "target.") + number;
      const value& described = plan.view().graph.result_value(each);
      const stored_tensor& tensor = stored.at(name);
      INFO(name);
      REQUIRE(stored.extents(name) == described.extents);
      REQUIRE(tensor.dtype == (described.type == element_type::int32 ? "I32" : "F32"));
      std::memcpy(execution.program().operand_of(each.results[0]).data, tensor.data,
                  static_cast<std::size_t>(tensor.bytes));
    }
  }
};

template <class Backend>
void check_inference(const stored_case& stored, const growing_graph& lowered, int threads, const tolerance& allowed) {
  running<Backend, false> net(stored, support::plan_inference<typename Backend::capabilities>(lowered), threads);
  const std::vector<shape> expected = stored.all_extents("output");
  const graph_view graph = net.plan.view().graph;
  REQUIRE(graph.outputs.size() == expected.size());
  net.copy_in();
  net.execution.run();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(graph.value_at(graph.outputs[i]).extents == expected[i]);
    const std::string name = "output." + std::to_string(i);
    const float* found = net.execution.output(static_cast<std::int32_t>(i));
    compare(name, {found, static_cast<std::size_t>(expected[i].elements())}, stored.floats(name), allowed.outputs);
  }
}

template <class Backend>
void check_training(const stored_case& stored, const growing_graph& lowered, const optimizer_rule& rule, int threads,
                    const tolerance& allowed) {
  running<Backend, true> net(stored, support::plan_training<typename Backend::capabilities>(lowered, rule), threads);
  const std::vector<float> losses = stored.floats("losses");
  const float rate = stored.floats("learning_rate").at(0);
  REQUIRE(!losses.empty());
  for (std::size_t step = 0; step < losses.size(); ++step) {
    net.copy_in();
    const float loss = net.execution.run_forward();
    compare("loss " + std::to_string(step), {&loss, 1}, {&losses[step], 1}, allowed.updates);
    net.execution.run_backward(rate);
    if (step > 0) continue;
    // Kept gradients lie as parameters do, those that are frozen left out: of them PyTorch has none.
    const std::byte* values = net.execution.program().spaces()[memory_space::gradient];
    for (const parameter_description& entry : net.plan.table().parameters) {
      const auto count = static_cast<std::size_t>(entry.extents.elements());
      const std::string name = "gradient/" + std::string(entry.name);
      if (!entry.trainable) {
        const std::vector<float> none = stored.floats(name);
        CHECK(none == std::vector<float>(count));
        continue;
      }
      compare(name, {reinterpret_cast<const float*>(values), count}, stored.floats(name), allowed.gradients);
      values += count * sizeof(float);
    }
  }
  for (const auto& list : {net.plan.table().parameters, net.plan.table().buffers}) {
    for (const parameter_description& entry : list) {
      const std::string name = "after/" + std::string(entry.name);
      compare(name, net.store->find(entry.name).values, stored.floats(name), allowed.updates);
    }
  }
}

void check_case(const stored_case& stored, const network& net, const tolerance& allowed) {
  const std::vector<shape> inputs = stored.all_extents("input");
  REQUIRE(!inputs.empty());
  const growing_graph plain = net.plain(inputs), with_loss = net.with_loss(inputs);
  INFO(sentence_of(with_loss.problem.kind) << ": " << with_loss.problem.expected << ", " << with_loss.problem.found);
  REQUIRE(!plain.problem);
  REQUIRE(!with_loss.problem);
  {
    INFO("reference backend");
    check_inference<backend::reference>(stored, plain, 1, allowed);
    check_training<backend::reference>(stored, with_loss, net.rule, 1, allowed);
  }
  for (const int threads : {1, 2}) {
    INFO("oneDNN backend, " << threads << " threads");
    check_inference<backend::onednn>(stored, plain, threads, allowed);
    check_training<backend::onednn>(stored, with_loss, net.rule, threads, allowed);
  }
}

}  // namespace

std::string golden::path_of(std::string_view family) {
  return TENON_TESTS_FOLDER "/golden/" + std::string(family) + ".safetensors";
}

double golden::relative_difference(std::span<const float> found, std::span<const float> expected) {
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double apart = static_cast<double>(found[i]) - static_cast<double>(expected[i]);
    if (std::isnan(apart)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(apart));
    magnitude = std::max(magnitude, std::abs(static_cast<double>(expected[i])));
  }
  return magnitude == 0 ? difference : difference / magnitude;
}

void golden::check_all(std::string_view family, const std::vector<test>& tests, const tolerance& allowed) {
  const safetensors_file file(path_of(family));
  std::set<std::string> stored, tested;
  for (const stored_tensor& tensor : file.tensors()) stored.insert(tensor.name.substr(0, tensor.name.find('/')));
  for (const test& each : tests) tested.insert(each.name);
  CHECK(stored == tested);
  CHECK(tested.size() == tests.size());
  for (const test& each : tests) {
    INFO(each.name);
    check_case(stored_case(file, each.name), each.net, allowed);
  }
}
