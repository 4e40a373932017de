// SPDX-License-Identifier: Apache-2.0
// The reference's execute in double, instantiated once for all tests of kernels.
#include "tenon/backends/reference/execute.hpp"

template void tenon::reference::execute<double>(const tenon::graph_view&, const tenon::node&,
                                                std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                const tenon::step_arguments&);
