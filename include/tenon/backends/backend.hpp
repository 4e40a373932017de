// SPDX-License-Identifier: Apache-2.0
// The backends by name: what stands as a template argument of predictors, trainers and plans.
#pragma once

#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/reference/capabilities.hpp"

namespace tenon {
inline namespace v0 {

/// What marks a backend; a template argument with this base chooses it.
struct backend_base {};

namespace backend {

/// oneDNN for convolutions, kernels of our own for the rest. The default.
struct onednn : backend_base {
  using capabilities = tenon::onednn::capabilities;
};

/// Plain code, obviously right and slow: what the others are tested against.
struct reference : backend_base {
  using capabilities = tenon::reference::capabilities;
};

}  // namespace backend
}  // namespace v0
}  // namespace tenon
