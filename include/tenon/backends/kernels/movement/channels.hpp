// SPDX-License-Identifier: Apache-2.0
// Channels taken apart and put in another order.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "tenon/backends/kernels/movement/arrangement.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/movement/channels_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
