// SPDX-License-Identifier: Apache-2.0
// The memory of a program that computes on the CPU: the host's, so that nothing is copied on the way in or out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tenon/backends/operand.hpp"
#include "tenon/core/allocation.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// Owns the memory that a plan needs, one allocation a space, and is the base of the program classes that work in it.
///
/// The runtime reaches a program's memory by the public functions below and in no other way; a backend whose memory the
/// host may not read has the same, with a host copy of what is asked for behind each:
///
///     make_memory(parameters, lent)          allocates everything; a derived class has it. `parameters` are the values
///                                            of the parameter store, in host memory that outlives the program
///     staging(value), upload(value)          where the host writes an input, and when it has
///     download(value)                        an output or a loss, for the host to read until the next run
///     download(space, offset, bytes)         a part of a space, for the host to read or to change until the next run
///     upload(space, offset, bytes)           what it has changed there. The host copy of parameters is the
///                                            store's own memory
///     clear(space)                           fills it with zeros
///     arena()                                what an evaluation may work in
///     copies_parameters                      whether the program works on a copy of the store's values
///
/// Here the host copy of anything is the thing itself.
class host_memory {
 public:
  static constexpr bool copies_parameters = false;

  /// Where each space is.
  const memory& spaces() const { return spaces_; }

  lent_arena arena() const { return {spaces_[memory_space::arena], plan_.arena_bytes}; }

  /// A value where it lies.
  operand operand_of(std::int32_t value) const { return tenon::operand_of(plan_, value, spaces_, scale_); }

  /// nullptr if nobody reads the value.
  std::byte* staging(std::int32_t value) const { return operand_of(value).data; }
  void upload(std::int32_t /*value*/) const {}
  const std::byte* download(std::int32_t value) const { return operand_of(value).data; }

  std::byte* download(memory_space space, std::int64_t offset, std::int64_t /*bytes*/) const {
    return spaces_[space] + offset;
  }
  void upload(memory_space, std::int64_t /*offset*/, std::int64_t /*bytes*/) const {}

  /// requires: `space` is the optimizer's or that of the gradients.
  void clear(memory_space space) const {
    const std::size_t bytes = scaled(space == memory_space::optimizer ? plan_.optimizer_bytes : plan_.gradient_bytes);
    if (bytes > 0) std::memset(spaces_[space], 0, bytes);
  }

 protected:
  /// `alignment` is what the backend's capabilities say; `scale` is 2 where elements of 4 bytes are stored as 8. No
  /// memory is there yet.
  explicit host_memory(const plan_view& plan, std::size_t alignment, int scale = 1)
      : plan_(plan), alignment_(alignment), scale_(scale) {}

  /// Allocates all spaces, but the arena if the one that is lent is large enough. Throws allocation_error.
  void allocate_spaces(std::byte* parameters, const lent_arena& lent, std::size_t scratchpad_bytes) {
    const bool lends = lent.bytes >= plan_.arena_bytes;
    if (!lends) arena_ = allocate(scaled(plan_.arena_bytes), "arena", alignment_);
    packed_ = allocate(scaled(plan_.packed_bytes), "packed weights", alignment_);
    scratchpad_ = allocate(scratchpad_bytes, "scratchpad", alignment_);
    optimizer_ = allocate(scaled(plan_.optimizer_bytes), "optimizer state", alignment_);
    gradients_ = allocate(scaled(plan_.gradient_bytes), "gradients", alignment_);
    spaces_[memory_space::arena] = lends ? lent.begin : arena_.get();
    spaces_[memory_space::parameter] = parameters;
    spaces_[memory_space::optimizer] = optimizer_.get();
    spaces_[memory_space::gradient] = gradients_.get();
    spaces_.packed = packed_.get();
    spaces_.scratchpad = scratchpad_.get();
    clear(memory_space::optimizer);
    clear(memory_space::gradient);
  }

  plan_view plan_;
  memory spaces_;

 private:
  std::size_t scaled(std::int64_t bytes) const { return static_cast<std::size_t>(bytes * scale_); }

  std::size_t alignment_;
  int scale_;
  allocation arena_, packed_, scratchpad_, optimizer_, gradients_;
};

}  // namespace v0
}  // namespace tenon
