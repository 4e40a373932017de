// SPDX-License-Identifier: Apache-2.0
// Where oneDNN has nothing but reference code for a step of a plan, it is said once.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"

namespace tenon {
inline namespace v0 {

/// Steps that oneDNN computes an element at a time, hundreds of times slower than by its fast code.
struct slow_steps {
  std::string_view layer;           ///< of the first of them, as its parameters' names begin
  std::string_view implementation;  ///< what oneDNN calls the first one's code, such as "ref:any"
  std::int32_t count = 0;           ///< of one plan
};

/// Who is told. It must not throw.
using slow_steps_listener = void (*)(const slow_steps& found);

/// The first listener: one line on standard error.
__attribute__((cold, noinline)) inline void write_slow_steps(const slow_steps& found) {
  const std::string others =
      found.count > 1 ? joined({" and ", std::to_string(found.count - 1), " more steps"}) : std::string();
  const std::string line = joined({"tenon: oneDNN has only reference code (", found.implementation, ") for '",
                                   found.layer, "'", others, ", which is hundreds of times slower\n"});
  std::fputs(line.c_str(), stderr);
}

namespace onednn {

inline std::atomic<slow_steps_listener> current_slow_steps_listener{&write_slow_steps};

/// Whether an implementation of oneDNN is the one for what it has no fast code for.
inline bool is_slow(std::string_view implementation) {
  return implementation.find("ref:") != std::string_view::npos ||
         implementation.find("simple") != std::string_view::npos;
}

}  // namespace onednn

/// Says who is told when a predictor or trainer is made that has such steps, once for each; nullptr: nobody. Returns
/// who was told before. Where the processor has AVX2 there should be none. Any thread may call it at any time.
inline slow_steps_listener tell_slow_steps(slow_steps_listener listener) {
  return onednn::current_slow_steps_listener.exchange(listener);
}

}  // namespace v0
}  // namespace tenon
