// SPDX-License-Identifier: Apache-2.0
// The version of the library and the inline namespace that keys its binary interface.
#pragma once

#include "tenon/core/language.hpp"

#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0
