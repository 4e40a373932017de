// SPDX-License-Identifier: Apache-2.0
// A program beside the store whose parameters it works with.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "tenon/plan/plan_view.hpp"
#include "tenon/runtime/parameter_store.hpp"

namespace tenon {
inline namespace v0 {

/// A program with its memory, bound to a parameter store. A program that works on a copy of the store's values gets
/// them before a run if they have changed, and after a step it is the program that has the newest:
///
///     store               program's copy
///     version 3    -->    version 3         refresh(): uploads if the versions differ, and packs
///     version 4    ...    version 4         changed(): after a step; the store knows who has the values of version 4
///     version 4    <--    version 4         somebody reads the store, or the program goes: they come home
template <class Program>
class bound_program {
 public:
  /// Throws backend_error.
  bound_program(const plan_view& plan, std::shared_ptr<parameter_store> store, int threads)
      : program(plan, threads), store_(std::move(store)), parameter_bytes_(plan.parameter_bytes + plan.buffer_bytes) {}
  ~bound_program() {
    if constexpr (Program::copies_parameters) store_->release(&program);
  }
  // The store may know its address.
  bound_program(const bound_program&) = delete;
  bound_program& operator=(const bound_program&) = delete;

  const std::shared_ptr<parameter_store>& store() const { return store_; }

  /// Gives the program the store's values as they are now; to be called before a run.
  void refresh() {
    const std::uint64_t version = store_->version();
    if (version == packed_version_) return;
    if (!has_newest(version)) {
      store_->bring_home();
      program.upload(memory_space::parameter, 0, parameter_bytes_);
      copied_version_ = version;
    }
    program.pack();
    packed_version_ = version;
  }

  /// Notes that a step may have changed the values.
  void changed() {
    if constexpr (Program::copies_parameters) {
      copied_version_ = store_->changed_by(
          {&program,
           [](void* of, std::int64_t bytes) { static_cast<Program*>(of)->download(memory_space::parameter, 0, bytes); },
           parameter_bytes_});
    } else {
      store_->changed();
    }
  }

  Program program;

 private:
  /// Whether the version is of this program's making.
  bool has_newest(std::uint64_t version) const { return Program::copies_parameters && version == copied_version_; }

  std::shared_ptr<parameter_store> store_;
  std::int64_t parameter_bytes_;
  std::uint64_t packed_version_ = 0;
  std::uint64_t copied_version_ = 0;  ///< of the program's copy, if it works on one
};

}  // namespace v0
}  // namespace tenon
