// SPDX-License-Identifier: Apache-2.0
// All of Tenon but what is dear and optional: adapters (io/xtensor.hpp, io/eigen.hpp), npy and images (io/npy.hpp,
// io/image.hpp), datasets (data/) and the networks (models/) are included by name.
// layer.hpp, which finds most misuse, stands beside layers.hpp so that its messages are a line shorter.
#pragma once

#include "tenon/core/language.hpp"
// The header above says first of all when the language is too old.

#include "tenon/core/core.hpp"
#include "tenon/layers/layer.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/dynamic_predictor.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/backends/reference/program.hpp"
#endif
