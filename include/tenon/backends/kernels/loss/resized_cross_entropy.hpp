// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy of logits that are resized while they are read, and its gradient.
#pragma once

#include <algorithm>
#include <span>

#include "tenon/backends/kernels/loss/cross_entropy.hpp"
#include "tenon/backends/kernels/pooling_and_resize/resize.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/loss/resized_cross_entropy_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
