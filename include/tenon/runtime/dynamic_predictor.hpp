// SPDX-License-Identifier: Apache-2.0
// dynamic_predictor: a network compiled for inference while the program runs, for sizes known only then.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tenon/runtime/dynamic_network.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// A network compiled for inference on inputs of one size that is known only while the program runs. It does what
/// predictor does, by the same code, and gives the same bits.
///
///     tenon::dynamic_predictor<small_unet<11>> net{tenon::shape(1, 3, height, width),
///                                                  tenon::load("small_unet.safetensors"), tenon::threads{2}};
///     auto logits = net(picture);
///
/// Construction checks and plans the network, some milliseconds for a large one: keep it while the size stays. What is
/// a compile error of a predictor is a shape_error here, with the scope, the problem and both numbers. Behind the
/// network may stand a backend. One thread at a time may use it, many may share parameters. Movable, not copyable.
///
/// Parameters have the names and the order that predictor and trainer give them, also where a description makes several
/// calls in one list of arguments, whose order C++ leaves open (see runtime/call_order.hpp).
template <const auto& Net, class... Arguments>
class TENON_SEPARATE_TAG dynamic_predictor {
  using arguments = plan_arguments<Arguments...>;
  using checked_arguments = decltype(check_arguments<true, arguments::fault>());
  static_assert(!arguments::has_loss, "a dynamic_predictor takes no loss and no optimizer; a trainer does");

 public:
  using capabilities = typename arguments::backend::capabilities;
  using program_type = typename program_of<typename arguments::backend, false>::type;

  /// For one input: (N, C, H, W) or (N, C, D, H, W). Throws shape_error for a size that the network does not fit, and
  /// allocation_error, before anything is read or allocated, if total_bytes() would exceed physical memory, the control
  /// group's limit or RLIMIT_AS; then file_error, format_error, weight_error, allocation_error, backend_error.
  template <weights_of<Net> Weights>
  explicit dynamic_predictor(const shape& input, const Weights& weights, threads count = {})
      : dynamic_predictor(std::array{input}, weights, count) {}

  /// For an input of a tensor_view's extents.
  template <std::size_t Rank, weights_of<Net> Weights>
  explicit dynamic_predictor(const std::array<std::int64_t, Rank>& input, const Weights& weights, threads count = {})
      : dynamic_predictor(shape_of_extents(input), weights, count) {}

  /// For several inputs, in the order of the description's parameters.
  template <std::size_t Inputs, weights_of<Net> Weights>
  explicit dynamic_predictor(const std::array<shape, Inputs>& inputs, const Weights& weights, threads count = {})
      : inputs_(inputs.begin(), inputs.end()),
        plan_(compile(inputs)),
        executor_(plan_.view(), store_for(plan_.lowered(), weights), count) {}

  /// Predicts: one float tensor an input. Gives a view of the output, or a std::tuple of views, valid until the next
  /// call, of as many dimensions as the first input. Throws shape_error for inputs of another shape than given at
  /// construction, and where an output has another number of dimensions: then call run and output.
  template <class... Views>
  requires(sizeof...(Views) >= 1) auto operator()(const Views&... views) {
    check_inputs(views...);
    constexpr int rank = std::get<0>(std::tuple(Views::rank...));
    for (std::int32_t i = 0; i < output_count(); ++i) check_rank(i, rank);
    run(views...);
    using Result = decltype(call_description(Net, (static_cast<void>(views), symbol{})...));
    if constexpr (std::is_same_v<Result, symbol>) {
      return output<rank>(0);
    } else {
      return outputs<rank>(std::make_index_sequence<std::tuple_size_v<Result>>());
    }
  }

  /// Predicts, and leaves the outputs to be asked for.
  template <class... Views>
  requires(sizeof...(Views) >= 1) void run(const Views&... views) {
    check_inputs(views...);
    std::int32_t index = 0;
    (executor_.give(operation::input, index++, tensor_view<const float, Views::rank>(views)), ...);
    executor_.run();
  }

  std::int32_t output_count() const { return static_cast<std::int32_t>(executor_.plan().graph.outputs.size()); }

  /// The last run's output at an index below output_count(), of `Rank` dimensions. Throws shape_error if it has others.
  template <int Rank>
  tensor_view<const float, Rank> output(std::int32_t index) const {
    check_rank(index, Rank);
    const shape& extents = output_extents(index);
    std::array<std::int64_t, static_cast<std::size_t>(Rank)> sizes{};
    for (std::size_t d = 0; d < sizes.size(); ++d) sizes[d] = extents.extents[d];
    return tensor_view<const float, Rank>(executor_.output(index), sizes);
  }

  const shape& output_extents(std::int32_t index) const {
    const graph_view& graph = executor_.plan().graph;
    return graph.value_at(graph.outputs[static_cast<std::size_t>(index)]).extents;
  }

  /// The shapes it was compiled for.
  std::span<const shape> inputs() const { return inputs_; }

  // What predictor has as constants; sizes are in bytes.

  std::int64_t parameter_count() const { return plan_.parameter_count(); }
  std::span<const parameter_description> parameter_list() const { return executor_.store()->table().parameters; }
  std::span<const parameter_description> buffer_list() const { return executor_.store()->table().buffers; }
  std::int64_t macs() const { return plan_.macs(); }
  std::int64_t arena_bytes() const { return executor_.plan().arena_bytes; }
  std::int64_t packed_bytes() const { return executor_.plan().packed_bytes; }
  std::int64_t total_bytes() const { return plan_.total_bytes(); }

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
  using plan_type = run_time_plan<capabilities>;

  template <std::size_t Inputs>
  static plan_type compile(const std::array<shape, Inputs>& inputs) {
    const memory_limit limit = find_memory_limit();
    plan_type plan(lower_checked<Net, void>(inputs, limit));
    check_memory(plan.total_bytes(), "the network for an input of " + text_of_shapes(inputs), limit);
    return plan;
  }

  template <class... Views>
  void check_inputs(const Views&... views) const {
    if (sizeof...(Views) != inputs_.size()) {
      const std::string expected = std::to_string(inputs_.size()), found = std::to_string(sizeof...(Views));
      throw shape_error(joined({"the network was compiled for ", expected, " inputs, ", found, " were given"}),
                        "inputs", expected, found);
    }
    std::int32_t index = 0;
    (check_input(index++, tensor_view<const float, Views::rank>(views)), ...);
  }
  template <int Rank>
  void check_input(std::int32_t index, const tensor_view<const float, Rank>& given) const {
    check_extents(given.extents(), inputs_[static_cast<std::size_t>(index)], "input", index);
  }

  void check_rank(std::int32_t index, int rank) const {
    if (output_extents(index).rank == rank) return;
    const std::string found = std::to_string(rank), expected = std::to_string(output_extents(index).rank);
    throw shape_error("output " + std::to_string(index) + " has " + expected + " dimensions, asked for were " + found,
                      "output " + std::to_string(index), expected, found);
  }

  template <int Rank, std::size_t... I>
  auto outputs(std::index_sequence<I...>) const {
    if constexpr (sizeof...(I) == 1) {
      return output<Rank>(0);
    } else {
      return std::make_tuple(output<Rank>(static_cast<std::int32_t>(I))...);
    }
  }

  std::vector<shape> inputs_;
  plan_type plan_;
  executor<program_type> executor_;
};

}  // namespace v0
}  // namespace tenon
