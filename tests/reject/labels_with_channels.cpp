// SPDX-License-Identifier: Apache-2.0
// Labels have a dimension of channels.
// expect: labels are \(N, H, W\), of volumes \(N, D, H, W\): they have no channels
// errors: 1
#include "tenon/runtime/views.hpp"

#ifdef FIXED
using given_labels = tenon::tensor_view<std::int64_t, 3>;
#else
using given_labels = tenon::tensor_view<std::int64_t, 4>;
#endif

float step(const tenon::label_view<3>& given);
float use(const given_labels& given);
float use(const given_labels& given) { return step(given); }
