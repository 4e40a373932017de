// SPDX-License-Identifier: Apache-2.0
// Moving data about: padding and cropping, concatenation, slices of channels, zeros.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/movement/arrangement_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
