// SPDX-License-Identifier: Apache-2.0
// What users hand in: tensors checked against the planned shapes, and class labels of any integer type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "tenon/core/element_type.hpp"
#include "tenon/core/separate.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// The dimensions of a tensor_view; 0 for anything else.
template <class Type>
inline constexpr int rank_of_view = 0;
template <class T, int Rank>
inline constexpr int rank_of_view<tensor_view<T, Rank>> = Rank;

/// Class labels of 8, 32 or 64 bits in row-major order, owned elsewhere.
class label_values {
 public:
  label_values(const void* data, int bytes) : data_(data), bytes_(bytes) {}

  /// The label at a position.
  std::int64_t operator[](std::int64_t position) const {
    switch (bytes_) {
      case 1:
        return static_cast<const std::uint8_t*>(data_)[position];
      case 4:
        return static_cast<const std::int32_t*>(data_)[position];
      default:
        return static_cast<const std::int64_t*>(data_)[position];
    }
  }

  /// Writes the first labels; those beyond 32 bits must have been refused.
  void copy_to(std::int32_t* to, std::int64_t count) const {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<std::int32_t>((*this)[i]);
  }

 private:
  const void* data_;
  int bytes_;
};

/// Class labels, (N, H, W) or (N, D, H, W), of 8, 32 or 64 bits: what a step takes. Made from any tensor_view of these.
template <int Rank>
class label_view : public label_values {
 public:
  using extents_type = std::array<std::int64_t, static_cast<std::size_t>(Rank)>;

  label_view(tensor_view<const std::uint8_t, Rank> labels)
      : label_view(labels.data(), 1, labels.extents()) {}  // NOLINT
  label_view(tensor_view<const std::int32_t, Rank> labels)
      : label_view(labels.data(), 4, labels.extents()) {}  // NOLINT
  label_view(tensor_view<const std::int64_t, Rank> labels)
      : label_view(labels.data(), 8, labels.extents()) {}                                                 // NOLINT
  label_view(tensor_view<std::uint8_t, Rank> labels) : label_view(labels.data(), 1, labels.extents()) {}  // NOLINT
  label_view(tensor_view<std::int32_t, Rank> labels) : label_view(labels.data(), 4, labels.extents()) {}  // NOLINT
  label_view(tensor_view<std::int64_t, Rank> labels) : label_view(labels.data(), 8, labels.extents()) {}  // NOLINT
  /// Anything else is refused; this says what labels are.
  template <class Other>
  requires(!std::is_same_v<Other, label_view>) label_view(const Other&) : label_view(nullptr, 1, {}) {  // NOLINT
    constexpr int rank = rank_of_view<Other>;
    static_assert(rank != 0, "labels are a tensor_view: tensor_view(labels, N, H, W)");
    static_assert(rank == 0 || rank == Rank, "labels are (N, H, W), of volumes (N, D, H, W): they have no channels");
    static_assert(rank != Rank, "labels are of std::uint8_t, std::int32_t or std::int64_t");
  }

  const extents_type& extents() const { return extents_; }

 private:
  label_view(const void* data, int bytes, const extents_type& extents) : label_values(data, bytes), extents_(extents) {}

  extents_type extents_;
};

/// A tensor of floats, (N, C, H, W) or (N, C, D, H, W): what a step takes. Made from what a tensor_view is made from.
template <int Rank>
class float_view : public tensor_view<const float, Rank> {
  using base = tensor_view<const float, Rank>;

 public:
  using base::base;
  template <class Other>
  requires std::is_convertible_v<const Other&, base> float_view(const Other& given) : base(given) {}  // NOLINT
  /// Anything else is refused; this says what is taken.
  template <class Other>
  requires(!std::is_convertible_v<const Other&, base>) float_view(const Other&) {  // NOLINT
    static_assert(std::is_convertible_v<const Other&, base>,
                  "inputs and targets of floats are tensor_views, of 4 dimensions for images and of 5 for volumes: "
                  "tensor_view(pictures, N, C, H, W)");
  }
};

/// A tensor of a step as it was handed in: floats or class labels, which lie in memory of somebody else's.
class given_tensor {
 public:
  template <int Rank>
  given_tensor(const tensor_view<const float, Rank>& floats)  // NOLINT
      : floats_(floats.data()), labels_(nullptr, 1) {
    note(floats.extents());
  }
  template <int Rank>
  given_tensor(const label_view<Rank>& labels) : labels_(labels) {  // NOLINT
    note(labels.extents());
  }

  /// nullptr for labels.
  const float* floats() const { return floats_; }
  const label_values& labels() const { return labels_; }
  std::span<const std::int64_t> extents() const { return {extents_.data(), rank_}; }

  /// Writes the first `count` elements; labels become 32 bits wide.
  void copy_to(std::byte* to, std::int64_t count) const {
    if (floats_ != nullptr) {
      std::memcpy(to, floats_, static_cast<std::size_t>(count) * sizeof(float));
    } else {
      labels_.copy_to(reinterpret_cast<std::int32_t*>(to), count);
    }
  }

 private:
  template <std::size_t Rank>
  void note(const std::array<std::int64_t, Rank>& extents) {
    static_assert(Rank <= 5, "a tensor of a step has at most 5 dimensions");
    rank_ = Rank;
    for (std::size_t i = 0; i < Rank; ++i) extents_[i] = extents[i];
  }

  const float* floats_ = nullptr;
  label_values labels_;
  std::array<std::int64_t, 5> extents_{};
  std::size_t rank_ = 0;
};

[[noreturn]] void refuse_extents(const std::string& found, const shape& planned, const char* name, std::int32_t index);

/// Throws shape_error unless a tensor has the planned extents.
void check_extents(std::span<const std::int64_t> given, const shape& planned, const char* name, std::int32_t index);

[[noreturn]] void refuse_label(std::int64_t label, std::int64_t position, std::int32_t classes, const attributes& loss);

/// How many labels count: those that are not ignored and whose class weighs more than 0; `reals` are the graph's.
/// Throws label_error unless every label is a class of the loss or its ignored label.
std::int64_t count_labels(const label_values& labels, std::int64_t count, std::int32_t classes, const attributes& loss,
                          const float* reals);

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/views_definitions.hpp"
#endif
