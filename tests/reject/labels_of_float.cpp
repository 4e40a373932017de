// SPDX-License-Identifier: Apache-2.0
// Labels are of a type that is not among those allowed.
// expect: labels are of std::uint8_t, std::int32_t or std::int64_t
// errors: 1
#include "tenon/runtime/views.hpp"

#ifdef FIXED
using label = const std::uint8_t;
#else
using label = const float;
#endif

float step(const tenon::label_view<3>& labels);
float use(const tenon::tensor_view<label, 3>& labels);
float use(const tenon::tensor_view<label, 3>& labels) { return step(labels); }
