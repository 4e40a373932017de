// SPDX-License-Identifier: Apache-2.0
// predictor: a network compiled for inference.
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/evaluation.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/parameters.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// A network compiled for inference on inputs of one size.
///
///     using segmenter = tenon::predictor<small_unet<11>, tenon::image<1, 3, 360, 480>>;
///     segmenter net{tenon::load("small_unet.safetensors"), tenon::threads{2}};
///     auto logits = net(picture);
///
/// Net is an `inline constexpr` description, or `static constexpr` inside a function; behind the input may stand a
/// backend, and a loss: then evaluate() gives the loss of a batch.
///
///     tenon::predictor<small_unet<11>, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>> net{...};
///     float loss = net.evaluate(picture, labels);
///
/// One thread at a time may use a predictor, many predictors may share parameters. Movable, not copyable.
template <const auto& Net, class Inputs, class... Arguments>
class TENON_SEPARATE_TAG predictor
    : public prediction<Net, Inputs, Arguments...>::plan,
      public prediction<Net, Inputs, Arguments...>::template evaluates<predictor<Net, Inputs, Arguments...>> {
 public:
  using plan_type = typename prediction<Net, Inputs, Arguments...>::plan;
  static_assert(!plan_type::trains, "a predictor takes no optimizer; a trainer does");
  using program_type = typename program_of_plan<typename plan_type::arguments::backend, plan_type>::type;
  /// What evaluate() runs; void without a loss.
  using evaluation_plan = typename prediction<Net, Inputs, Arguments...>::evaluation_plan;

  /// Weights from a file. Throws file_error, format_error, weight_error, allocation_error, backend_error.
  explicit predictor(const weight_file& from, threads count = {}) : predictor(make_store(table(), from), count) {}
  /// The weights that a file has, random ones for the others; see partial. Throws the same.
  explicit predictor(const partial_weight_file& from, threads count = {})
      : predictor(make_store(table(), from), count) {}
  /// Random weights.
  explicit predictor(const initialization& how, threads count = {}) : predictor(make_store(table(), how), count) {}
  /// Weights shared with a trainer or another predictor: it predicts with what they are at each call. Throws
  /// weight_error.
  explicit predictor(const tenon::parameters<Net>& shared, threads count = {})
      : predictor(share_store(table(), shared.store()), count) {}

  /// Predicts: one float tensor an input, (N, C, H, W) or (N, C, D, H, W). Gives a view of the output, or a std::tuple
  /// of views, valid until the next call. Throws shape_error.
  template <class... Views>
  auto operator()(const Views&... views) {
    constexpr std::size_t count = plan_type::input_types::list.size();
    static_assert(sizeof...(Views) == count || count == 0, "a predictor is called with one tensor_view an input");
    if constexpr (sizeof...(Views) == count) {
      return call(std::make_index_sequence<count>(), views...);
    } else {
      return outputs(std::make_index_sequence<plan_type::compiled::sizes.outputs>());
    }
  }

  /// The parameters, to be shared, saved or loaded.
  tenon::parameters<Net> parameters() const { return tenon::parameters<Net>(executor_.store()); }
  /// A parameter's or running statistic's values by PyTorch's name. Throws weight_error for an unknown name.
  parameter_view parameter(std::string_view name) const { return executor_.store()->find(name); }
  /// Replaces all weights or none; throws file_error, format_error, weight_error.
  void load(const std::string& path) { executor_.store()->load(path); }
  /// Replaces the weights that the file has, or none, and says which: net.load(path, {.skip = {"fc"}}); see partial.
  load_report load(const std::string& path, const partial& how) { return load_partly(*executor_.store(), path, how); }
  void save(const std::string& path) const { executor_.store()->save(path); }

  /// The plan with its memory and its program.
  const executor<program_type>& execution() const { return executor_; }

 private:
  template <class, class, class...>
  friend class evaluating;

  predictor(std::shared_ptr<parameter_store> store, threads count)
      : executor_(plan_type::view(), std::move(store), count) {}

  static constexpr parameter_table table() { return {plan_type::parameter_list, plan_type::buffer_list}; }

  template <std::size_t... I, class... Views>
  auto call(std::index_sequence<I...>, const Views&... views) {
    constexpr auto& list = plan_type::input_types::list;
    constexpr bool fits = (std::is_convertible_v<const Views&, tensor_view<const float, list[I].rank>> && ...);
    static_assert(fits, "each input is a tensor_view of float, of 4 dimensions for images and of 5 for volumes");
    if constexpr (fits) {
      const std::tuple<tensor_view<const float, list[I].rank>...> given(views...);
      (check_extents(std::get<I>(given).extents(), list[I], "input", static_cast<std::int32_t>(I)), ...);
      (executor_.give(operation::input, static_cast<std::int32_t>(I), std::get<I>(given)), ...);
      executor_.run();
      return outputs(std::make_index_sequence<plan_type::compiled::sizes.outputs>());
    }
  }

  template <std::size_t I>
  auto output() const {
    constexpr shape extents =
        plan_type::compiled::graph.values[static_cast<std::size_t>(plan_type::compiled::graph.outputs[I])].extents;
    std::array<std::int64_t, static_cast<std::size_t>(extents.rank)> sizes{};
    for (std::size_t d = 0; d < sizes.size(); ++d) sizes[d] = extents.extents[d];
    return tensor_view<const float, extents.rank>(executor_.output(static_cast<std::int32_t>(I)), sizes);
  }

  template <std::size_t... I>
  auto outputs(std::index_sequence<I...>) const {
    if constexpr (sizeof...(I) == 1) {
      return output<0>();
    } else {
      return std::make_tuple(output<I>()...);
    }
  }

  template <class... Tensors>
  auto run_evaluation(const Tensors&... given) {
    return evaluation_of<evaluation_plan>(evaluation_, executor_, given...);
  }

  executor<program_type> executor_;
  std::shared_ptr<void> evaluation_;  ///< made when first asked for
};

}  // namespace v0
}  // namespace tenon
