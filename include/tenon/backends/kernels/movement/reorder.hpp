// SPDX-License-Identifier: Apache-2.0
// From the contiguous layout to the blocked one and back, by transposing squares.
#pragma once

#include "tenon/backends/kernels/movement/arrangement.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/movement/reorder_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
