// SPDX-License-Identifier: Apache-2.0
// The table of operations refuses a row whose gradient rule leaves out an operand that may be trained.
#include "tenon/graph/operand_list.hpp"

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

// The gradient operation reads what the rule gives it: prelu_gradient reads a slope too, softmax_gradient y and dy.
constexpr operation_traits by(gradient_rule rule, operation gradient) {
  operation_traits row = with(rule, {table::x});
  row.gradient_operation = gradient;
  return row;
}
using table::reads_what_its_rule_says;
static_assert(reads_what_its_rule_says(by(gradient_rule::of_y_and_dy, operation::softmax_gradient)));
static_assert(reads_what_its_rule_says(by(gradient_rule::of_dy, operation::resize_gradient)));
static_assert(!reads_what_its_rule_says(by(gradient_rule::of_dy, operation::softmax_gradient)));
static_assert(!reads_what_its_rule_says(by(gradient_rule::of_x_and_dy, operation::resize_gradient)));
static_assert(!reads_what_its_rule_says(by(gradient_rule::of_x_and_dy, operation::prelu_gradient)));

// By roles: a gradient of each operand, which stands in the gradient operation by its role.
constexpr operation_traits by_roles(operation gradient, std::initializer_list<slot> operands) {
  operation_traits row = with(gradient_rule::by_roles, operands);
  row.gradient_operation = gradient;
  return row;
}
static_assert(gives_every_gradient(by_roles(operation::prelu_gradient, {table::x, {role::slope}})));
static_assert(reads_what_its_rule_says(by_roles(operation::prelu_gradient, {table::x, {role::slope}})));
static_assert(!gives_every_gradient(by_roles(operation::softmax_gradient, {table::x, {role::slope}})));
static_assert(!gives_every_gradient(by_roles(operation::prelu_gradient, {table::x, table::w})));
static_assert(!gives_every_gradient(by_roles(operation::prelu_gradient, {table::x, table::x})));
static_assert(!reads_what_its_rule_says(by_roles(operation::prelu_gradient, {table::x, {role::scale}})));

// Operands stand where the table has them, in whatever order they are given.
constexpr attributes with_norm_and_residual = [] {
  attributes made;
  made.folds_norm = made.adds = true;
  return made;
}();
static_assert([] {
  operand_list list(operation::convolution, with_norm_and_residual);
  list.set(role::residual, 6).set(role::variance, 5).set(role::mean, 4).set(role::shift, 3).set(role::scale, 2);
  list.set(role::weight, 1).set(role::activation, 0);
  for (std::int32_t i = 0; i < 7; ++i) {
    if (list.view()[static_cast<std::size_t>(i)] != i) return false;
  }
  return list.view().count == 7;
}());
static_assert([] {
  attributes clipped;
  clipped.has_factor = true;
  operand_list list(operation::adam, clipped);
  list.set(role::optimizer_state, 3).set(role::optimizer_state, 4, 1).set(role::gradient_factor, 2);
  list.set(role::parameter, 0).set(role::parameter_gradient, 1);
  return list.view().count == 5 && list.view()[2] == 2 && list.view()[4] == 4;
}());
// A constant where an operand or a result stands in one place.
static_assert(fixed_operand<operation::prelu_gradient, role::slope> == 2);
static_assert(fixed_result<operation::group_norm_gradient, role::shift_gradient> == 2);

// Each operation has a row, in whatever order they are written.
static_assert(table::is_enumerator<static_cast<operation>(operation_count - 1)>());
static_assert([] {
  bool all = true;
  for (const operation_traits& row : table::rows) all = all && &traits_of(row.op) == &row;
  return all;
}());

}  // namespace
