// SPDX-License-Identifier: Apache-2.0
// What stands behind separate_program: the programs of all backends. Only tenon/compiled.hpp includes this.
#pragma once

#include <type_traits>

#include "tenon/backends/backend.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/runtime/separate_program.hpp"

namespace tenon {
inline namespace v0 {

template <class Backend>
struct separate_program<Backend>::implementation {
  using program =
      std::conditional_t<std::is_same_v<Backend, backend::reference>, reference::program<float>, onednn::program>;

  implementation(const plan_view& plan, int threads) : run(plan, threads) {}

  program run;
};

template <class Backend>
separate_program<Backend>::separate_program(const plan_view& plan, int threads)
    : implementation_(std::make_unique<implementation>(plan, threads)) {}

template <class Backend>
separate_program<Backend>::~separate_program() = default;

template <class Backend>
std::size_t separate_program<Backend>::scratchpad_bytes() const {
  return implementation_->run.scratchpad_bytes();
}

template <class Backend>
void separate_program<Backend>::make_memory(std::byte* parameters, const lent_arena& lent) {
  implementation_->run.make_memory(parameters, lent);
}

template <class Backend>
const memory& separate_program<Backend>::spaces() const {
  return implementation_->run.spaces();
}

template <class Backend>
lent_arena separate_program<Backend>::arena() const {
  return implementation_->run.arena();
}

template <class Backend>
std::byte* separate_program<Backend>::staging(std::int32_t value) const {
  return implementation_->run.staging(value);
}

template <class Backend>
void separate_program<Backend>::upload(std::int32_t value) const {
  implementation_->run.upload(value);
}

template <class Backend>
const std::byte* separate_program<Backend>::download(std::int32_t value) const {
  return implementation_->run.download(value);
}

template <class Backend>
std::byte* separate_program<Backend>::download(memory_space space, std::int64_t offset, std::int64_t bytes) const {
  return implementation_->run.download(space, offset, bytes);
}

template <class Backend>
void separate_program<Backend>::upload(memory_space space, std::int64_t offset, std::int64_t bytes) const {
  implementation_->run.upload(space, offset, bytes);
}

template <class Backend>
void separate_program<Backend>::clear(memory_space space) const {
  implementation_->run.clear(space);
}

template <class Backend>
void separate_program<Backend>::pack() const {
  implementation_->run.pack();
}

template <class Backend>
void separate_program<Backend>::run(std::int32_t first_node, std::int32_t last_node,
                                    const step_arguments& arguments) const {
  implementation_->run.run(first_node, last_node, arguments);
}

template <class Backend>
operand separate_program<Backend>::operand_of(std::int32_t value) const {
  return implementation_->run.operand_of(value);
}

template <class Backend>
bool separate_program<Backend>::tell_of_slow_steps() const {
  if constexpr (std::is_same_v<Backend, backend::reference>) {
    return false;
  } else {
    return implementation_->run.tell_of_slow_steps();
  }
}

template <class Backend>
std::string separate_program<Backend>::implementation_of(std::int32_t number) const {
  if constexpr (std::is_same_v<Backend, backend::reference>) {
    return "reference";
  } else {
    return implementation_->run.implementation_of(number);
  }
}

}  // namespace v0
}  // namespace tenon
