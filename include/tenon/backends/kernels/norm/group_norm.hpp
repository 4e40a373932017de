// SPDX-License-Identifier: Apache-2.0
// Group norm by each image's statistics and by given ones, with a fused residual and activation.
#pragma once

#include "tenon/backends/kernels/norm/batch_norm.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/group_norm_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
