// SPDX-License-Identifier: Apache-2.0
// The instances of the reference kernels that these tests run.
#include "tenon/backends/reference/execute.hpp"

template void tenon::reference::execute<float>(const tenon::graph_view&, const tenon::node&,
                                               std::span<const tenon::operand>, std::span<const tenon::operand>,
                                               const tenon::step_arguments&);
template void tenon::reference::execute<double>(const tenon::graph_view&, const tenon::node&,
                                                std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                const tenon::step_arguments&);
