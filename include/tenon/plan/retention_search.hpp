// SPDX-License-Identifier: Apache-2.0
// The search for what a training step keeps, and what it computes again, so that its memory stays within a budget.
#pragma once

#include "tenon/graph/work.hpp"
#include "tenon/passes/recompute.hpp"
#include "tenon/plan/live_profile.hpp"

namespace tenon {
inline namespace v0 {

/// What retentions come to.
struct retention_rating {
  std::int64_t peak_bytes = 0;  ///< of the arena, if it is placed without gaps
  std::int64_t macs = 0;        ///< of the whole step
};

/// Whether what one rating stands for is better: what is within so many bytes than what is not, then by the work, then
/// by the memory; what is beyond them by the memory alone.
constexpr bool is_better(const retention_rating& one, const retention_rating& other, std::int64_t bytes) {
  const bool fits = one.peak_bytes <= bytes, other_fits = other.peak_bytes <= bytes;
  if (fits != other_fits) return fits;
  if (fits && one.macs != other.macs) return one.macs < other.macs;
  return one.peak_bytes < other.peak_bytes;
}

/// The live bytes at the times of retention_model, from those at the nodes of the graph that retentions make.
/// copied_at: as of the recomputer that made it
constexpr list<std::int64_t> profile_of(const graph_view& laid_out, const list<std::int32_t>& copied_at,
                                        const array_view<std::int64_t>& bytes) {
  list<std::int64_t> profile;
  std::int32_t next = 0;
  for (std::int32_t i = 0; i < laid_out.node_count(); ++i) {
    const std::int32_t copy = copied_at.first[i];
    if (copy < 0) continue;
    std::int64_t before = -1;
    for (; next < copy; ++next) before = greater(before, bytes.first[next]);
    if (!is_source(laid_out.nodes.first[i].op)) {
      profile.push_back(before);
      profile.push_back(bytes.first[next]);
    }
    ++next;
  }
  profile.push_back(-1);
  profile.push_back(bytes.first[next]);
  return profile;
}

/// Rates retentions by the graph that they make. `profile`, if there is one, becomes the live bytes at the times of
/// retention_model, which it is calibrated with.
/// cost: as of recompute and find_live_profile
template <class Capabilities>
constexpr retention_rating rate_retentions(const graph_view& laid_out, const graph_edits& live,
                                           const list<retention>& retained, bool keep_gradients,
                                           list<std::int64_t>* profile = nullptr) {
  recomputer pass(laid_out, live, retained);
  const growing_graph made = pass.run();
  const list<std::int64_t> bytes = find_live_profile<Capabilities>(made.view(), keep_gradients);
  retention_rating found;
  found.macs = count_macs(made.view());
  for (const std::int64_t at_node : bytes) found.peak_bytes = greater(found.peak_bytes, at_node);
  if (profile != nullptr) *profile = profile_of(laid_out, pass.copied_at(), bytes);
  return found;
}

/// A family of retentions from the least work to the least memory, for searches that can rate few of them: first what
/// costs no multiply-accumulates at all is computed again, or part of it, then convolutions too, those first whose
/// results take the fewest multiply-accumulates an element: depthwise ones, then pointwise ones of few channels.
class retention_family {
 public:
  /// Which nodes without multiply-accumulates run again.
  enum class free_work : std::uint8_t {
    what_is_kept_anyway,  ///< activated norms that follow from what the backward pass reads, at no added work
    moves,                ///< and sums, concats, resizes and pooling
    norms,                ///< every norm and activation
    all,                  ///< both
    by_default,           ///< as without a budget, with the convolutions that run again there
  };
  static constexpr int free_works = 4;  // but for by_default

  constexpr retention_family(const graph_view& laid_out, const graph_edits& live)
      : graph_(laid_out),
        live_(live),
        free_(retention_finder(laid_out, live).free()),
        loss_node_(loss_node_of(laid_out)) {
    list<std::int64_t> work(laid_out.nodes.size(), 0);  // multiply-accumulates an element
    for (std::int32_t i = 0; i < loss_node_; ++i) {
      const node& current = laid_out.nodes.first[i];
      if (!can_run_again(current.op) || live.vanishes(i)) continue;
      const std::int64_t macs = macs_of(laid_out, current);
      if (macs == 0) continue;
      work.first[i] = macs / laid_out.result_value(current).extents.elements();
      ordered_.push_back(i);
    }
    sort_elements(ordered_.data(), ordered_.size(),
                  [&](std::int32_t a, std::int32_t b) { return work.first[a] < work.first[b]; });
    for (std::int32_t k = 1; k <= size(); ++k) {
      if (k == size() || work.first[ordered_.first[k]] != work.first[ordered_.first[k - 1]]) levels_.push_back(k);
    }
  }

  /// The convolutions that may run again.
  constexpr std::int32_t size() const { return static_cast<std::int32_t>(ordered_.size()); }
  /// The numbers of convolutions that run again when all of as much work do, or none; in rising order.
  constexpr const list<std::int32_t>& levels() const { return levels_; }

  /// The retentions when the first `convolutions` run again.
  constexpr list<retention> member(free_work of, std::int32_t convolutions) const {
    if (of == free_work::by_default) return default_retentions(graph_, live_);
    list<retention> made = free_;
    const bool moves = of == free_work::moves || of == free_work::all;
    const bool norms = of == free_work::norms || of == free_work::all;
    for (std::int32_t i = 0; i < loss_node_ && of != free_work::what_is_kept_anyway; ++i) {
      const operation op = graph_.nodes.first[i].op;
      if (!can_run_again(op)) continue;
      if (is_norm_or_activation(op) ? norms : moves && macs_of(graph_, graph_.nodes.first[i]) == 0)
        made.first[i] = retention::recomputed;
    }
    for (std::int32_t k = 0; k < convolutions; ++k) made.first[ordered_.first[k]] = retention::recomputed_once;
    return made;
  }

 private:
  graph_view graph_;
  const graph_edits& live_;
  list<retention> free_;
  std::int32_t loss_node_;
  list<std::int32_t> ordered_, levels_;
};

}  // namespace v0
}  // namespace tenon
