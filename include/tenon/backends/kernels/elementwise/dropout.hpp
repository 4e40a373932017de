// SPDX-License-Identifier: Apache-2.0
// Dropout, which is its own gradient.
#pragma once

#include <span>

#include "tenon/backends/dropout_mask.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/runs.hpp"
#include "tenon/backends/operand.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/elementwise/dropout_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
