// SPDX-License-Identifier: Apache-2.0
// Exceptions are switched off, by which everything but plan_of reports errors.
// options: -fno-exceptions
// expect: Tenon throws exceptions: compile without -fno-exceptions
// errors: 2
#include "tenon/io/io.hpp"

static_assert(sizeof(tenon::file_error) > 0);
