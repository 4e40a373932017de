// SPDX-License-Identifier: Apache-2.0
// The gradients of batch norm, by the batch's statistics and by given ones.
#pragma once

#include "tenon/backends/kernels/norm/plane_norm.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/batch_norm_gradient_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
