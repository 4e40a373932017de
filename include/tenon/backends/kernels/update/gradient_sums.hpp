// SPDX-License-Identifier: Apache-2.0
// What gradients go through before an update that waits for all of them: sums over steps, and the factor that clips
// their norm.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "tenon/backends/finite.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/kernels/update/updates.hpp"
#include "tenon/backends/operand.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/update/gradient_sums_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
