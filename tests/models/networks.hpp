// SPDX-License-Identifier: Apache-2.0
// The networks of models/, lowered at run time: as large as they are trained, to be planned, and narrow ones, to be
// run.
#pragma once

#include <catch2/catch.hpp>
#include <vector>

#include "tenon/graph/growing_graph.hpp"

namespace tenon_test {

/// A network and the input it is lowered for. Those of volumes have one class and a loss of its logits, the others
/// five classes and cross entropy.
struct model {
  const char* name;
  tenon::shape input;
  tenon::growing_graph (*lower)(const tenon::shape&, bool trains);

  /// With its loss, if it is to be trained.
  tenon::growing_graph described(bool trains) const {
    tenon::growing_graph graph = lower(input, trains);
    REQUIRE(!graph.problem);
    return graph;
  }
  bool is_volume() const { return input.rank == 5; }
};

inline constexpr int model_classes = 5;

/// As they are trained.
std::vector<model> whole_models();

/// Few channels, few pixels; batch norms with running statistics, and dropouts as they are by default.
std::vector<model> narrow_models();

}  // namespace tenon_test
