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

/// Steps that oneDNN computes by its reference code, most of it an element at a time and hundreds of times slower than
/// its fast code. Views are valid while the listener runs.
struct slow_steps {
  std::string_view layer;           ///< of the first of them, as its parameters' names begin; "" where nothing has one
  std::string_view implementation;  ///< what oneDNN calls the first one's code, such as "ref:any"
  std::int32_t count = 0;           ///< of one plan
  std::string_view operation;       ///< what the first one computes, such as "convolution"
  std::int32_t node = -1;           ///< the first one's number in the plan's graph
};

/// Who is told. It must not throw.
using slow_steps_listener = void (*)(const slow_steps& found);

/// A line that says what is slow and what can be done.
__attribute__((cold, noinline)) inline std::string slow_steps_line(const slow_steps& found) {
  const std::string whose = found.layer.empty() ? std::string() : joined({" of '", found.layer, "'"});
  const std::string more = found.count > 1 ? std::to_string(found.count - 1) : std::string();
  const std::string others =
      more.empty() ? more : joined({" and ", more, found.count > 2 ? " more steps" : " more step"});
  return joined({"tenon: ", found.operation, whose, " (node ", std::to_string(found.node), ")", others,
                 found.count > 1 ? " run" : " runs", " by oneDNN's reference code (", found.implementation,
                 "), up to hundreds of times slower than its fast code, which needs AVX2 (and that ONEDNN_MAX_CPU_ISA "
                 "allows it); dynamic_predictor and dynamic_trainer replace such steps on every processor"});
}

/// The first listener: that line, on standard error.
__attribute__((cold, noinline)) inline void write_slow_steps(const slow_steps& found) {
  std::fputs(joined({slow_steps_line(found), "\n"}).c_str(), stderr);
}

namespace onednn {

inline std::atomic<slow_steps_listener> current_slow_steps_listener{&write_slow_steps};

/// Whether an implementation of a convolution is the one for what oneDNN has no fast code for: "ref:any",
/// "conv:any+ref:any", "ref_int8:any", or "gemm:ref", which builds for processors of other kinds have in place of
/// "x64:gemm:jit". A "ref_fused_convolution:any" is none: it runs two others.
inline bool is_slow(std::string_view implementation) {
  const auto has = [implementation](std::string_view part) {
    return implementation.find(part) != std::string_view::npos;
  };
  return has("ref:") || has(":ref") || has("ref_int8:") || has("simple");
}

}  // namespace onednn

/// Says who is told when a predictor or trainer is made that has such steps, once for each, its evaluate() with it;
/// nullptr: nobody. Returns who was told before. Where the processor has AVX2 there should be none. Any thread may call
/// it at any time.
inline slow_steps_listener tell_slow_steps(slow_steps_listener listener) {
  return onednn::current_slow_steps_listener.exchange(listener);
}

}  // namespace v0
}  // namespace tenon
