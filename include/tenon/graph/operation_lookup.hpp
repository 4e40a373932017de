// SPDX-License-Identifier: Apache-2.0
// The table of operations, asked by an operation, and what holds of all its rows.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/graph/operation_traits.hpp"

namespace tenon {
inline namespace v0 {

/// How many operations there are.
inline constexpr int operation_count = static_cast<int>(sizeof(table::rows) / sizeof(table::rows[0]));

/// Whether a value that is read in a role has a gradient if what it is made of is trained.
constexpr bool is_differentiable(role of) {
  return of == role::activation || of == role::factor || of == role::residual || of == role::weight ||
         of == role::bias || of == role::scale || of == role::shift || of == role::slope;
}

namespace table {

/// The row of an operation; for what is asked before rows are numbered.
constexpr const operation_traits& row_of(operation op) {
  const operation_traits* row = rows;
  while (row->op != op) ++row;
  return *row;
}
constexpr int find_role(const slot* slots, int count, role wanted) {
  for (int i = 0; i < count; ++i) {
    if (slots[i].is == wanted) return i;
  }
  return -1;
}

/// Whether a gradient rule gives a gradient to each operand that may need one. By a rule of dx alone an operation reads
/// nothing else that is trained; by roles its gradient operation has a result for each.
constexpr bool gives_every_gradient(const operation_traits& of) {
  if (of.gradient == gradient_rule::none || of.gradient == gradient_rule::of_its_own) return true;
  const operation_traits& made = row_of(of.gradient_operation);
  for (int i = 0; i < operation_traits::most_operands && of.operands[i].is != role::none; ++i) {
    const slot& read = of.operands[i];
    if (!is_differentiable(read.is)) continue;
    if (read.when == presence::repeated || find_role(of.operands, i, read.is) >= 0) return false;
    if (of.gradient != gradient_rule::by_roles && i > 0) return false;
    if (of.gradient != gradient_rule::by_roles) continue;
    const int gradient = find_role(made.results, operation_traits::most_results, gradient_of(read.is));
    if (gradient < 0) return false;
    const presence when = made.results[gradient].when;
    if (when != presence::always && when != read.when) return false;
  }
  return is_differentiable(of.operands[0].is);
}

/// Whether the gradient operation of a rule reads what the rule gives it.
constexpr bool reads_what_its_rule_says(const operation_traits& of) {
  if (of.gradient == gradient_rule::none || of.gradient == gradient_rule::of_its_own) return true;
  const operation_traits& made = row_of(of.gradient_operation);
  const slot* const read = made.operands;
  if (of.gradient == gradient_rule::by_roles) {
    for (int i = 0; i < operation_traits::most_operands && read[i].is != role::none; ++i) {
      if (read[i].is != role::output_gradient &&
          find_role(of.operands, operation_traits::most_operands, read[i].is) < 0 &&
          find_role(of.results, operation_traits::most_results, read[i].is) < 0)
        return false;
    }
    return made.results[0].is == role::input_gradient;
  }
  if (made.results[0].when != presence::always || made.results[1].is != role::none) return false;
  if (of.gradient == gradient_rule::of_dy) return read[0].is != role::none && read[1].is == role::none;
  return read[0].is == role::activation && read[1].is == role::output_gradient && read[2].is == role::none;
}

/// Whether an operation is in the enumeration: of one that is not, compilers print "(operation)56", a number behind a
/// bracket.
template <operation Op>
constexpr bool is_enumerator() {
  const char* at = __PRETTY_FUNCTION__ + sizeof(__PRETTY_FUNCTION__) - 2;
  while (*at != ' ' && *at != ')') --at;
  return *at == ' ';
}
// Each row has another operation with a number below the count of rows (`by_operation`), so those numbers have one
// each.
static_assert(is_enumerator<operation::input>() && !is_enumerator<static_cast<operation>(operation_count)>(),
              "an operation has no row in the table");

// Rows by their operation's number, so that nothing depends on the order in which either is written; and what passes
// ask of every node, so that it takes one access: while compiling, each step through the table counts.
struct index {
  std::uint8_t row[operation_count]{};
  enum phase phase[operation_count]{};
  std::int8_t fixed_operands[operation_count]{};  // how many stand first that every node has
  role fixed_roles[operation_count][operation_traits::most_operands]{};
  std::uint8_t overwritten[operation_count]{};  // a bit for each of them that the first result may lie over
  bool is_elementwise[operation_count]{};
  bool compares[operation_count]{};  // its second operand is what the first is compared with
  bool reads_labels[operation_count]{};
  bool gives_features[operation_count]{};  // its first result is an activation or a gradient of one
  bool gives_parts[operation_count]{};     // all results are
  bool is_norm[operation_count]{}, finds_statistics[operation_count]{};
};
inline constexpr index by_operation = [] {
  index found;
  bool has_row[operation_count]{};
  for (int i = 0; i < operation_count; ++i) {
    const auto number = static_cast<int>(rows[i].op);  // beyond the array: an operation without a row
    if (has_row[number]) throw "an operation has two rows";
    has_row[number] = true;
    if (rows[i].gradient != gradient_rule::none && rows[i].gradient != gradient_rule::of_its_own) {
      if (!gives_every_gradient(rows[i])) throw "a gradient rule leaves out an operand that may be trained";
      if (!reads_what_its_rule_says(rows[i])) throw "a gradient operation reads or makes other than its rule says";
    }
    found.row[number] = static_cast<std::uint8_t>(i);
    found.phase[number] = rows[i].phase;
    for (const slot& each : rows[i].operands) {
      if (each.is == role::none || each.when != presence::always) break;
      if (each.may_be_overwritten)
        found.overwritten[number] =
            static_cast<std::uint8_t>(found.overwritten[number] | 1 << found.fixed_operands[number]);
      found.fixed_roles[number][found.fixed_operands[number]++] = each.is;
    }
    const slot& first = rows[i].results[0];
    found.is_elementwise[number] = rows[i].is_elementwise;
    found.compares[number] = rows[i].operands[1].is == role::expected;
    found.reads_labels[number] = rows[i].operands[1].is == role::labels;
    found.gives_features[number] = first.is == role::activation || first.is == role::input_gradient;
    found.is_norm[number] = rows[i].phase == phase::forward && rows[i].operands[1].is == role::scale;
    found.finds_statistics[number] = rows[i].results[1].is == role::mean;
    found.gives_parts[number] = found.gives_features[number] && first.when == presence::repeated;
  }
  return found;
}();

}  // namespace table

/// What is known of an operation.
constexpr const operation_traits& traits_of(operation op) {
  return table::rows[table::by_operation.row[static_cast<int>(op)]];
}

/// The name of an operation, as reports and tests print it.
constexpr std::string_view name_of(operation op) { return traits_of(op).name; }
constexpr phase phase_of(operation op) { return table::by_operation.phase[static_cast<int>(op)]; }
/// Sources make values that exist before the first step.
constexpr bool is_source(operation op) { return table::by_operation.phase[static_cast<int>(op)] == phase::source; }
/// Updates change memory that outlives a step.
constexpr bool is_update(operation op) { return table::by_operation.phase[static_cast<int>(op)] == phase::update; }
/// Losses give scalars of rank 0.
constexpr bool is_loss(operation op) { return phase_of(op) == phase::loss; }
/// A norm that finds the statistics by which it works: of its batch, or of each image's groups.
constexpr bool finds_statistics(operation op) { return table::by_operation.finds_statistics[static_cast<int>(op)]; }
/// A norm, by statistics that are given or that it finds.
constexpr bool is_norm(operation op) { return table::by_operation.is_norm[static_cast<int>(op)]; }
/// A transposed convolution, or a gradient of one: its window slides over the result.
constexpr bool is_transposed(operation op) {
  return op == operation::transposed_convolution || op == operation::transposed_convolution_data_gradient ||
         op == operation::transposed_convolution_weight_gradient;
}

}  // namespace v0
}  // namespace tenon
