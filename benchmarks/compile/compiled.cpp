// SPDX-License-Identifier: Apache-2.0
// The one file of a program that has all which is compiled separately.
#include "tenon/compiled.hpp"
