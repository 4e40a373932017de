// SPDX-License-Identifier: Apache-2.0
// The gradient of group norm.
#pragma once

#include "tenon/backends/kernels/norm/group_norm.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/group_norm_gradient_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
