// SPDX-License-Identifier: Apache-2.0
// A backend's program behind a pointer, for programs that compile the backends in one file: no kernel is read here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tenon/backends/operand.hpp"
#include "tenon/core/separate.hpp"

namespace tenon {
inline namespace v0 {

/// What runs any plan of a backend, for training or inference. Its functions are those of the backend's own program;
/// they are defined in separate_program_definitions.hpp, which tenon/compiled.hpp includes.
template <class Backend>
class separate_program {
 public:
  separate_program(const plan_view& plan, int threads);
  ~separate_program();
  separate_program(const separate_program&) = delete;
  separate_program& operator=(const separate_program&) = delete;

  static constexpr bool copies_parameters = false;  ///< both backends compute on the CPU

  std::size_t scratchpad_bytes() const;
  void make_memory(std::byte* parameters, const lent_arena& lent);
  const memory& spaces() const;
  lent_arena arena() const;
  std::byte* staging(std::int32_t value) const;
  void upload(std::int32_t value) const;
  const std::byte* download(std::int32_t value) const;
  std::byte* download(memory_space space, std::int64_t offset, std::int64_t bytes) const;
  void upload(memory_space space, std::int64_t offset, std::int64_t bytes) const;
  void clear(memory_space space) const;
  void pack() const;
  void run(std::int32_t first_node, std::int32_t last_node, const step_arguments& arguments = {}) const;
  operand operand_of(std::int32_t value) const;
  bool tell_of_slow_steps() const;
  std::string implementation_of(std::int32_t number) const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace v0
}  // namespace tenon
