// SPDX-License-Identifier: Apache-2.0
// Kernels with a factor for each channel: PReLU and products with one pixel an image, and their gradients.
#pragma once

#include <array>
#include <span>

#include "tenon/backends/kernels/dispatch/runs.hpp"
#include "tenon/backends/kernels/elementwise/pointwise.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/elementwise/channelwise_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
