// SPDX-License-Identifier: Apache-2.0
// The tensors that a step or an evaluation takes: checked against the plan, counted, copied to where the plan has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/backends/finite.hpp"
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
      return static_cast<tensor_view<const float, described.extents.rank>*>(nullptr);
    }
  }
  template <std::size_t... I, std::size_t... T>
  static auto make(std::index_sequence<I...>, std::index_sequence<T...>)
      -> std::tuple<tensor_view<const float, inputs[I].rank>..., std::remove_pointer_t<decltype(target<T>())>...>;

  using type = decltype(make(std::make_index_sequence<inputs.size()>(), std::make_index_sequence<targets.size()>()));
  using result = step_result<targets.size()>;
};

/// Works on the tensors of one step, given in a std::tuple of references.
template <class Plan>
class batch_tensors {
  using tensors = step_tensors<Plan>;
  static constexpr std::size_t input_count = tensors::inputs.size(), target_count = tensors::targets.size();

 public:
  /// Checks shapes and labels, and gives a result that says how many count. Throws shape_error, label_error.
  template <class All>
  static typename tensors::result check(const All& all) {
    return check(all, std::make_index_sequence<input_count>(), std::make_index_sequence<target_count>());
  }

  /// Throws numeric_error for the first number of an input or a target that is not finite.
  template <class All>
  static void check_finite(const All& all) {
    check_finite(all, std::make_index_sequence<input_count>(), std::make_index_sequence<target_count>());
  }

  /// Copies all to their places.
  template <class All, class Program>
  static void copy(const All& all, const executor<Program>& to) {
    copy(all, to, std::make_index_sequence<input_count>(), std::make_index_sequence<target_count>());
  }

  /// Once the loss is known: notes each loss by itself.
  template <class Program>
  static void note_losses(typename tensors::result& result, const executor<Program>& from) {
    for (std::size_t i = 0; i < target_count; ++i)
      result.losses[i].value = from.loss_by_itself(static_cast<std::int32_t>(i));
  }

 private:
  template <class All, std::size_t... I, std::size_t... T>
  static typename tensors::result check(const All& all, std::index_sequence<I...>, std::index_sequence<T...>) {
    (check_extents(std::get<I>(all).extents(), tensors::inputs[I], "input", static_cast<std::int32_t>(I)), ...);
    (check_extents(std::get<input_count + T>(all).extents(), tensors::targets[T].extents, "target",
                   static_cast<std::int32_t>(T)),
     ...);
    typename tensors::result result;
    ((result.losses[T].counted = count(std::get<input_count + T>(all), static_cast<std::int32_t>(T))), ...);
    for (const single_loss& each : result.losses) result.counted += each.counted;
    return result;
  }

  template <int Rank>
  static std::int64_t count(const tensor_view<const float, Rank>& target, std::int32_t) {
    return target.size();
  }

  template <int Rank>
  static std::int64_t count(const label_view<Rank>& labels, std::int32_t index) {
    const graph_view graph = Plan::lowered::graph.view();
    for (const node& current : graph.nodes) {
      const std::int32_t read = is_loss(current.op) ? graph.operand(current, role::labels) : -1;
      if (read < 0) continue;
      const value& target = graph.value_at(read);
      if (graph.node_at(target.producer).attribute.index != index) continue;
      return count_labels(labels, target.extents.elements(),
                          graph.operand_value(current, role::activation).extents.channels(), current.attribute,
                          graph.reals.data());
    }
    return 0;
  }

  template <class All, std::size_t... I, std::size_t... T>
  static void check_finite(const All& all, std::index_sequence<I...>, std::index_sequence<T...>) {
    (check_finite(std::get<I>(all), "input", I), ...);
    (check_finite(std::get<input_count + T>(all), "target", T), ...);
  }

  template <int Rank>
  static void check_finite(const tensor_view<const float, Rank>& given, const char* name, std::size_t index) {
    if (all_finite(given.data(), given.size())) return;
    const std::string thing = joined({name, " ", std::to_string(index)});
    refuse_not_finite(thing, thing, given.data(), given.size());
  }
  template <int Rank>
  static void check_finite(const label_view<Rank>&, const char*, std::size_t) {}

  template <class All, class Program, std::size_t... I, std::size_t... T>
  static void copy(const All& all, const executor<Program>& to, std::index_sequence<I...>, std::index_sequence<T...>) {
    (copy(std::get<I>(all), to.input(operation::input, static_cast<std::int32_t>(I))), ...);
    (copy(std::get<input_count + T>(all), to.input(operation::target, static_cast<std::int32_t>(T))), ...);
  }

  template <int Rank>
  static void copy(const tensor_view<const float, Rank>& from, std::byte* to) {
    if (to != nullptr) std::memcpy(to, from.data(), static_cast<std::size_t>(from.size()) * sizeof(float));
  }
  template <int Rank>
  static void copy(const label_view<Rank>& from, std::byte* to) {
    if (to != nullptr) from.copy_to(reinterpret_cast<std::int32_t*>(to));
  }
};

}  // namespace v0
}  // namespace tenon
