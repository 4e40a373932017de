// SPDX-License-Identifier: Apache-2.0
// parameters<net>: a shared handle to a network's values; and where values come from.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/runtime/parameter_store.hpp"
#include "tenon/runtime/partial_loading.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// A safetensors file to start from; see `load`.
struct weight_file {
  std::string path;
};

/// Weights from a safetensors file under PyTorch's names: predictor net{tenon::load("unet.safetensors")}.
inline weight_file load(std::string path) { return {std::move(path)}; }

/// A safetensors file to start from that has a part of the weights, and where the others start.
struct partial_weight_file {
  std::string path;
  partial how;
  initialization rest;
  load_report* report = nullptr;
};

/// The weights that a file has, random values for the others:
///
///     trainer t{tenon::load("resnet.safetensors", {.skip = {"fc"}}, tenon::initialize(42))};
///
/// What was taken is told to `report`, which must live until the network is made.
inline partial_weight_file load(std::string path, partial how, const initialization& rest,
                                load_report* report = nullptr) {
  return {std::move(path), std::move(how), rest, report};
}

/// The values of a network's parameters and running statistics, whatever its input's size. Copies share the values; a
/// predictor sees what a trainer changes. While one thread changes them no other may predict with them.
template <const auto& Net>
class parameters {
 public:
  explicit parameters(std::shared_ptr<parameter_store> store) : store_(std::move(store)) {}

  /// Replaces all values or none; throws as parameter_store::load.
  void load(const std::string& path) { store_->load(path); }
  /// Replaces the values that the file has, or none; throws as load_partly.
  load_report load(const std::string& path, const partial& how) { return load_partly(*store_, path, how); }
  /// Throws file_error.
  void save(const std::string& path) const { store_->save(path); }
  /// Throws weight_error for a name the network does not have.
  parameter_view parameter(std::string_view name) const { return store_->find(name); }
  /// Replaces one tensor's values by those of a view of its shape: assign("head.bias", tensor_view{values, 19}). Throws
  /// weight_error for another shape or an unknown name; then nothing has changed.
  template <class T, int Rank>
  requires std::is_same_v < std::remove_const_t<T>,
  float > void assign(std::string_view name, const tensor_view<T, Rank>& values) {
    static_assert(Rank <= 5, "a parameter has at most 5 dimensions");
    parameter_view given{{values.data(), static_cast<std::size_t>(values.size())}, {}};
    given.extents.rank = Rank;
    for (int i = 0; i < Rank; ++i) given.extents[i] = shape::clamp(values.extent(i));
    store_->assign(name, given);
  }
  /// The same by those of another network's parameter, or of a gradient.
  void assign(std::string_view name, const parameter_view& values) { store_->assign(name, values); }
  /// Values without a shape, or of another type, do not compile.
  template <class Values>
  void assign(std::string_view, const Values&) {
    static_assert(sizeof(Values) == 0,
                  "assign takes floats with their shape: write assign(name, tensor_view{values, 19, 64, 1, 1})");
  }

  const std::shared_ptr<parameter_store>& store() const { return store_; }

 private:
  std::shared_ptr<parameter_store> store_;
};

/// Gives a store its first values.
void fill_store(parameter_store& store, const weight_file& from);
void fill_store(parameter_store& store, const initialization& how);
void fill_store(parameter_store& store, const partial_weight_file& from);

/// A store of new values for a network. The source is a file, a part of one, or an initialization.
template <class Source>
std::shared_ptr<parameter_store> make_store(const parameter_table& table, const Source& from) {
  auto store = std::make_shared<parameter_store>(table);
  fill_store(*store, from);
  return store;
}

/// A store that exists already, for a network of the same description: throws weight_error if another number of input
/// channels gave its parameters other shapes.
std::shared_ptr<parameter_store> share_store(const parameter_table& table,
                                             const std::shared_ptr<parameter_store>& store);

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/parameters_definitions.hpp"
#endif
