// SPDX-License-Identifier: Apache-2.0
// The part of io/ that everybody gets. The rest is included by its name, because it is dear to compile and brings
// libraries along: io/npy.hpp and io/xtensor.hpp (xtensor), io/eigen.hpp (Eigen), io/image.hpp and io/image_grid.hpp
// (OpenCV, linked).
#pragma once

#include "tenon/io/file.hpp"
#include "tenon/io/safetensors.hpp"
