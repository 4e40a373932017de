// SPDX-License-Identifier: Apache-2.0
// What all norms share: one tile normalised, with a residual and an activation; its moments; its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/operand.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/norm_tile_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
