// SPDX-License-Identifier: Apache-2.0
// Binary cross-entropy of logits, and its gradient.
#pragma once

#include <array>
#include <span>

#include "tenon/backends/kernels/elementwise/pointwise.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/loss/binary_cross_entropy_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
