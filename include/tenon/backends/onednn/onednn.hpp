// SPDX-License-Identifier: Apache-2.0
// Everything in backends/onednn/.
#pragma once

#include "tenon/backends/kernels/convolution/direct_weight_gradient.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/convolution_step.hpp"
#include "tenon/backends/onednn/descriptor.hpp"
#include "tenon/backends/onednn/direct_step.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/backends/onednn/primitive_step.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/onednn/slow_code.hpp"
#include "tenon/backends/onednn/weight_gradient_step.hpp"
#include "tenon/backends/onednn/weights.hpp"
#include "tenon/backends/onednn/with_threads.hpp"
