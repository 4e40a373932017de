// SPDX-License-Identifier: Apache-2.0
// The reference backend, too, refuses with -Ofast what is not finite.
#include "behaviour.hpp"
#include "tenon/backends/reference/program.hpp"

TEST_CASE("what is not finite is refused by the reference under fast-math flags") {
  fast_math::check_refusals<tenon::backend::reference>();
}
