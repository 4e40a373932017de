// SPDX-License-Identifier: Apache-2.0
// The kernels' own tests once more, compiled with -Ofast; together, since what takes the compiler's time is the same.
#include "../kernels/batch_norm.cpp"
#include "../kernels/channelwise.cpp"
#include "../kernels/instances.cpp"
#include "../kernels/losses.cpp"
#include "../kernels/pointwise.cpp"
#include "../kernels/pooling.cpp"
#include "../kernels/resize.cpp"
#include "../kernels/softmax.cpp"
#include "../kernels/updates.cpp"
