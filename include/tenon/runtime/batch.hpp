// SPDX-License-Identifier: Apache-2.0
// The tensors that a step or an evaluation takes: checked against the plan, counted, given to it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/core/separate.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/step_result.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// The tensors a step takes: inputs, then targets.
template <class Plan>
struct step_tensors {
  static constexpr auto targets = [] {
    constexpr std::size_t count = [] {
      std::size_t sum = 0;
      for (const node& current : Plan::lowered::graph.nodes) sum += current.op == operation::target ? 1 : 0;
      return sum;
    }();
    std::array<value, count> list{};
    for (const node& current : Plan::lowered::graph.nodes) {
      if (current.op != operation::target) continue;
      list[static_cast<std::size_t>(current.attribute.index)] = Plan::lowered::graph.view().result_value(current);
    }
    return list;
  }();
  static constexpr auto& inputs = Plan::input_types::list;

  template <std::size_t I>
  static auto target() {
    constexpr value described = targets[I];
    if constexpr (described.type == element_type::int32) {
      return static_cast<label_view<described.extents.rank>*>(nullptr);
    } else {
      return static_cast<float_view<described.extents.rank>*>(nullptr);
    }
  }
  template <std::size_t... I, std::size_t... T>
  static auto make(std::index_sequence<I...>, std::index_sequence<T...>)
      -> std::tuple<float_view<inputs[I].rank>..., std::remove_pointer_t<decltype(target<T>())>...>;

  using type = decltype(make(std::make_index_sequence<inputs.size()>(), std::make_index_sequence<targets.size()>()));
  using result = step_result<targets.size()>;
};

/// The tensors of one step or evaluation, inputs and then targets, beside the lowered graph that takes them.
class step_batch {
 public:
  /// All of it must outlive it.
  step_batch(const graph_view& lowered, std::span<const given_tensor> given) : graph_(lowered), given_(given) {
    for (const node& each : graph_.nodes) inputs_ += each.op == operation::input ? 1 : 0;
  }

  /// Checks shapes and labels; notes for each loss how many count, and returns how many do in all. Throws shape_error,
  /// label_error.
  std::int64_t check(std::span<single_loss> losses) const;

  /// Throws numeric_error for the first number of an input or a target that is not finite.
  void check_finite() const;

  /// Gives all to a plan.
  template <class Program>
  void give_to(executor<Program>& plan) const {
    for_each([&](const value&, const given_tensor& given, const char* name, std::int32_t index) {
      plan.give(std::string_view(name) == input_name ? operation::input : operation::target, index, given);
    });
  }

 private:
  static constexpr const char* input_name = "input";

  /// Calls visit(value, given, "input" or "target", index) for each tensor, inputs first.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const operation kind : {operation::input, operation::target}) {
      for (const node& each : graph_.nodes) {
        if (each.op != kind) continue;
        const std::int32_t index = each.attribute.index, first = kind == operation::input ? 0 : inputs_;
        visit(graph_.result_value(each), given_[static_cast<std::size_t>(first + index)],
              kind == operation::input ? input_name : "target", index);
      }
    }
  }

  [[noreturn]] static void refuse_type(const value& planned, const char* name, std::int32_t index);

  /// How many labels of a target count; all elements where they are no labels.
  std::int64_t count(std::int32_t index) const;

  graph_view graph_;
  std::span<const given_tensor> given_;
  std::int32_t inputs_ = 0;
};

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/batch_definitions.hpp"
#endif
