// SPDX-License-Identifier: Apache-2.0
// Kernels that go over equal layouts element by element: activations, sums, products, mean square.
#pragma once

#include <array>
#include <span>

#include "tenon/backends/kernels/dispatch/runs.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/operand.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/elementwise/pointwise_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
