// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy and its gradient, and the sum of losses.
#pragma once

#include <array>
#include <limits>
#include <span>

#include "tenon/backends/kernels/movement/reorder.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/loss/cross_entropy_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
