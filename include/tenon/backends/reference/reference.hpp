// SPDX-License-Identifier: Apache-2.0
// The reference backend: plain, obviously right kernels, the oracle of the tests.
#pragma once

#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/execute.hpp"
#include "tenon/backends/reference/program.hpp"
