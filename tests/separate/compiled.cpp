// SPDX-License-Identifier: Apache-2.0
// One file of three: what the other two only call, if the whole program is compiled so.
#include "tenon/compiled.hpp"
