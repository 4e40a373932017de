// SPDX-License-Identifier: Apache-2.0
// Batch norm by given statistics and by the batch's, with a fused residual and activation.
#pragma once

#include "tenon/backends/kernels/norm/plane_norm.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/batch_norm_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
