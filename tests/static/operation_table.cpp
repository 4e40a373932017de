// SPDX-License-Identifier: Apache-2.0
// The table of operations refuses a row whose gradient rule leaves out an operand that may be trained.
#include "tenon/graph/node.hpp"

namespace {

using namespace tenon;
using table::gives_every_gradient;

// What a newcomer may write for an operation with a parameter: the rule makes dx, and the slope is never trained.
constexpr operation_traits by_dx_alone{operation::prelu,
                                       "prelu",
                                       phase::forward,
                                       {table::over_x, {role::slope}},
                                       {table::y},
                                       gradient_rule::of_y_and_dy,
                                       operation::softmax_gradient};
static_assert(!gives_every_gradient(by_dx_alone));

constexpr operation_traits with(gradient_rule rule, std::initializer_list<slot> operands) {
  operation_traits row = by_dx_alone;
  row.gradient = rule;
  int i = 0;
  for (slot& each : row.operands) each = i < static_cast<int>(operands.size()) ? operands.begin()[i++] : slot();
  return row;
}
static_assert(gives_every_gradient(with(gradient_rule::of_y_and_dy, {table::x})));
static_assert(gives_every_gradient(with(gradient_rule::of_its_own, {table::x, {role::slope}})));
static_assert(gives_every_gradient(with(gradient_rule::none, {table::x, {role::slope}})));
// Statistics that are given, and labels, have no gradient.
static_assert(gives_every_gradient(with(gradient_rule::of_dy, {table::x, table::mean, table::variance})));
static_assert(!gives_every_gradient(with(gradient_rule::of_dy, {table::x, table::w})));
static_assert(!gives_every_gradient(with(gradient_rule::of_x_and_dy, {table::x, table::b})));
static_assert(!gives_every_gradient(with(gradient_rule::of_x_and_dy, {table::x, table::residual})));
static_assert(!gives_every_gradient(with(gradient_rule::of_y_and_dy, {table::x, {role::factor}})));
static_assert(!gives_every_gradient(with(gradient_rule::of_dy, {table::x, table::x})));
// Of any number of operands the first alone would have one.
static_assert(!gives_every_gradient(with(gradient_rule::of_dy, {{role::activation, presence::repeated}})));

// Each operation has a row, in whatever order they are written.
static_assert(table::is_enumerator<static_cast<operation>(operation_count - 1)>());
static_assert([] {
  bool all = true;
  for (const operation_traits& row : table::rows) all = all && &traits_of(row.op) == &row;
  return all;
}());

}  // namespace
