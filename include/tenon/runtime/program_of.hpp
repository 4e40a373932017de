// SPDX-License-Identifier: Apache-2.0
// The program class of each backend. Few programs want that of the reference backend: who includes less than tenon.hpp
// and does includes tenon/backends/reference/program.hpp.
#pragma once

#include <type_traits>

#include "tenon/backends/backend.hpp"
#include "tenon/core/separate.hpp"

#ifdef TENON_SEPARATE_COMPILATION

#  include "tenon/runtime/separate_program.hpp"

namespace tenon {
inline namespace v0 {

/// What runs plans of the backend: any of them, as it is compiled in another file.
template <class Backend, bool Trains>
struct program_of {
  using type = separate_program<Backend>;
};
template <class Backend, class Plan>
struct program_of_plan : program_of<Backend, Plan::trains> {};

}  // namespace v0
}  // namespace tenon

#else

#  include "tenon/backends/onednn/program.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {
template <class T>
class program;
}  // namespace reference

/// What runs every plan of the backend; `Trains` tells training from inference.
template <class Backend, bool Trains>
struct program_of;
template <>
struct program_of<backend::onednn, true> {
  using type = onednn::program;
};
template <>
struct program_of<backend::onednn, false> {
  using type = onednn::inference_program;
};
template <bool Trains>
struct program_of<backend::reference, Trains> {
  using type = reference::program<std::conditional_t<Trains, float, float>>;  // completed when somebody asks for it
  static_assert(
      requires { sizeof(type); }, "the reference backend: include tenon/backends/reference/program.hpp");
};

/// What runs one plan, known while compiling: it has code for nothing that the plan does not need.
template <class Backend, class Plan>
struct program_of_plan : program_of<Backend, Plan::trains> {};
template <class Plan>
struct program_of_plan<backend::onednn, Plan> {
  using type = onednn::program_for<onednn::needs_of(Plan::compiled::graph.view())>;
};

}  // namespace v0
}  // namespace tenon

#endif
