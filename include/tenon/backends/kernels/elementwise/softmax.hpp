// SPDX-License-Identifier: Apache-2.0
// Softmax over the channels of each pixel, and its gradient.
#pragma once

#include "tenon/backends/kernels/loss/cross_entropy.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/elementwise/softmax_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
