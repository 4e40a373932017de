// SPDX-License-Identifier: Apache-2.0
// Everything in core/.
#pragma once

#include "tenon/core/allocation.hpp"
#include "tenon/core/compiler.hpp"
#include "tenon/core/element_type.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/finite.hpp"
#include "tenon/core/literals.hpp"
#include "tenon/core/option_list.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/real.hpp"
#include "tenon/core/shape.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/core/text.hpp"
#include "tenon/core/version.hpp"
