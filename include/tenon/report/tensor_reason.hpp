// SPDX-License-Identifier: Apache-2.0
// Why a tensor is in memory, as a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tenon/report/memory_figures.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

inline std::string reader_text(const memory_figures& figures, std::int32_t step) {
  return figures.steps[static_cast<std::size_t>(step)].name() + " (step " + std::to_string(step + 1) + ")";
}

inline std::string cost_text(const memory_figures& figures, const recomputation& cost) {
  return std::to_string(cost.steps) + (cost.steps == 1 ? " step, " : " steps, ") + grouped(cost.macs) + " MACs (" +
         percent_text(cost.macs, figures.macs - figures.recomputed_macs) + " % of a step), " +
         grouped_mebibytes(cost.bytes) + " MiB written";
}

}  // namespace detail

/// Why a tensor is kept, or how it is done without, and what recomputing it takes.
inline std::string reason_of(const memory_figures& figures, const reported_tensor& tensor) {
  using detail::cost_text, detail::reader_text;
  if (tensor.kind == tensor_kind::workspace) return "scratch memory of its step";
  std::string text;
  if (tensor.is_output) text = "an output, read after the last step; ";
  if (tensor.last_reader < 0) return text + (tensor.is_output ? "no step reads it" : "nobody reads it");
  if (tensor.kind == tensor_kind::given) text = "copied in before the first step; ";
  if (tensor.kind == tensor_kind::recomputed) {
    text += "recomputed in place of being kept, by " + cost_text(figures, tensor.to_recompute) + "; ";
  } else if (tensor.is_kept) {
    text += "kept, because " + reader_text(figures, tensor.first_backward_reader) +
            " reads it first in the backward pass; ";
  } else if (tensor.kind == tensor_kind::activation && figures.trains) {
    text += "not kept; ";
  }
  text += "last read by " + reader_text(figures, tensor.last_reader);
  if (tensor.recomputed_at >= 0)
    text += "; the backward pass recomputes it (step " + std::to_string(tensor.recomputed_at + 1) + ")";
  if (tensor.is_kept) {
    text += tensor.to_recompute.steps == 0 ? "; it cannot be recomputed"
                                           : "; to recompute it would take " + cost_text(figures, tensor.to_recompute);
  }
  return text;
}

}  // namespace v0
}  // namespace tenon
