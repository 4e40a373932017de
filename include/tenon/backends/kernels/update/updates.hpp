// SPDX-License-Identifier: Apache-2.0
// What a training step changes for good: running statistics, and parameters by SGD and Adam, all in contiguous layout.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>

#include "tenon/backends/finite.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/graph/graph.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/update/updates_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
