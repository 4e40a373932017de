// SPDX-License-Identifier: Apache-2.0
// How norms divide their work: rounds of channel blocks, tiles of a round for threads, parts of sums.
#pragma once

#include "tenon/backends/kernels/norm/norm_tile.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/norm_parts_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
