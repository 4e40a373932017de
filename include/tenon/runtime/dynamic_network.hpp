// SPDX-License-Identifier: Apache-2.0
// A description compiled while the program runs: checked for a size, with names as in constants, with its parameters.
#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "tenon/plan/run_time_plan.hpp"
#include "tenon/runtime/call_order.hpp"
#include "tenon/runtime/check_size.hpp"
#include "tenon/runtime/parameters.hpp"

namespace tenon {
inline namespace v0 {

/// What weights are made from: load(path), initialize(seed), both (load(path, partial, initialize(seed))), or
/// parameters<Net> to be shared.
template <class Source, const auto& Net>
concept weights_of = std::same_as<Source, weight_file> || std::same_as<Source, initialization> ||
    std::same_as<Source, partial_weight_file> || std::same_as<Source, parameters<Net>>;

/// Lowers a description for inputs of given shapes, with its losses where `Loss` is not void. Throws shape_error for a
/// size that the network does not fit, allocation_error for one that cannot be counted with.
template <const auto& Net, class Loss, std::size_t Inputs>
growing_graph lower_checked(const std::array<shape, Inputs>& inputs, const memory_limit& limit) {
  for (std::size_t i = 0; i < Inputs; ++i) check_input_size(inputs[i], static_cast<std::int32_t>(i), limit);
  builder to = lower<Inputs>(Net, inputs);
  check_network(to.graph.view(), inputs);
  to.graph = call_order_of<Net, Inputs>(inputs[0].rank).apply(std::move(to.graph));
  if constexpr (!std::is_void_v<Loss>) {
    loss_list<Loss>::type::append_all(to);
    check_limits(to.graph);
    check_network(to.graph.view(), inputs);
  }
  return std::move(to.graph);
}

/// A store with the table that it refers to, because parameters may outlive the network.
struct owning_store {
  parameter_table_of_graph table;
  parameter_store store;
  explicit owning_store(const graph_view& graph) : table(graph), store(table.view()) {}
};

/// The parameters of a lowered network: new ones with values from a file or at random, or those given.
template <class Source>
std::shared_ptr<parameter_store> store_for(const graph_view& lowered, const Source& from) {
  const auto owner = std::make_shared<owning_store>(lowered);
  fill_store(owner->store, from);
  return {owner, &owner->store};
}
template <const auto& Net>
std::shared_ptr<parameter_store> store_for(const graph_view& lowered, const parameters<Net>& shared) {
  return share_store(parameter_table_of_graph(lowered).view(), shared.store());
}

}  // namespace v0
}  // namespace tenon
