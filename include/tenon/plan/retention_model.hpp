// SPDX-License-Identifier: Apache-2.0
// A model of a training step's live bytes, for searches that try many retentions.
#pragma once

#include "tenon/core/ordering.hpp"
#include "tenon/graph/work.hpp"
#include "tenon/passes/retention.hpp"

namespace tenon {
inline namespace v0 {

/// The live bytes of a training step for other retentions than those that they were measured for. Only what forward
/// nodes leave in memory changes with retentions; the model adds up that part for both, and takes the rest from the
/// measured profile. It makes no graph, and is a hundred times as fast as a rating; what it says is near to a rating,
/// but none: after a search the profile is measured again.
///
/// Time has two points for each forward node that runs and each backward node that reads results of those, by their
/// order: 2 i, when nodes run again that the i-th needs (a burst), and 2 i + 1, when it runs itself, or those behind it
/// up to the next.
///
///     kept:             made ........................... last read
///     recomputed:       made .. last forward read    burst, read    burst, read
///     recomputed_once:  made .. last forward read    burst, read .. last read
///
/// Reads of a recomputed node are needs of its operands at the time of the burst. Parts of a concat lie in it where
/// they are made for it.
class retention_model {
 public:
  /// cost: nodes + operands
  constexpr retention_model(const graph_view& laid_out, const graph_edits& live)
      : graph_(laid_out), loss_node_(loss_node_of(laid_out)) {
    entry_of_.assign(laid_out.nodes.size(), -1);
    const std::int32_t count = laid_out.node_count();
    for (std::int32_t i = 0; i < count; ++i) {
      const node& current = laid_out.nodes.first[i];
      if (is_source(current.op) || live.vanishes(i)) continue;
      const std::int64_t macs = macs_of(laid_out, current);
      total_macs_ += macs;
      if (i <= loss_node_) {
        begin_time(i);
        if (i < loss_node_) append(i, current, macs);
      }
      note_reads(i, current);
      time_of_.push_back(present_time());
    }
    times_ = 2 * number_at_.size() + 2;
    forward_times_ = 2 * size() + 2;
    operands_begin_.push_back(static_cast<std::int32_t>(operands_.size()));
    find_first_needs();
    retained_.assign(size(), retention::kept);
    base_.assign(times_, 0);
  }

  /// The forward nodes that are no sources, by their order.
  constexpr std::size_t size() const { return node_of_.size(); }
  constexpr std::int32_t node_of(std::size_t entry) const { return node_of_.first[entry]; }
  /// Whether an entry's result may be recomputed, and takes at least so many bytes; a concat, whose parts are counted
  /// in its place, always does.
  constexpr bool is_choice(std::size_t entry, std::int64_t least_bytes) const {
    return runs_again_.first[entry] != 0 && (joins_.first[entry] != 0 || bytes_.first[entry] >= least_bytes);
  }
  constexpr std::int64_t bytes(std::size_t entry) const { return bytes_.first[entry]; }
  constexpr std::int64_t macs(std::size_t entry) const { return macs_.first[entry]; }
  /// Of a step that keeps everything.
  constexpr std::int64_t total_macs() const { return total_macs_; }

  /// The retentions of the next simulation, one an entry.
  constexpr list<retention>& retained() { return retained_; }
  constexpr const list<retention>& retained() const { return retained_; }
  constexpr void take(const list<retention>& of_nodes) {
    for (std::size_t e = 0; e < size(); ++e) retained_.first[e] = of_nodes.first[node_of_.first[e]];
  }
  /// Sets the retentions of the graph's nodes; those of nodes that are no entries stay.
  constexpr void give(list<retention>& of_nodes) const {
    for (std::size_t e = 0; e < size(); ++e) of_nodes.first[node_of_.first[e]] = retained_.first[e];
  }

  /// Takes a profile that was measured with the present retentions: of each node that runs the bytes in its burst, -1
  /// if there was none, and at the node itself; in the end those of the outputs.
  constexpr void calibrate(const list<std::int64_t>& measured) {
    base_.assign(times_, 0);
    simulate(0);
    list<std::int64_t> bytes(times_, -1);
    for (std::size_t i = 0; i < time_of_.size(); ++i) {
      std::int64_t* const at = bytes.first + time_of_.first[i];
      at[-1] = greater(at[-1], measured.first[2 * i]);
      at[0] = greater(at[0], measured.first[2 * i + 1]);
    }
    bytes.first[times_ - 1] = measured.back();
    for (std::size_t t = 1; t < times_; t += 2) base_.first[t] = bytes.first[t] - profile_.first[t];
    for (std::size_t t = forward_times_; t < times_; t += 2) {
      if (bytes.first[t] >= 0) {
        base_.first[t] = bytes.first[t] - profile_.first[t];
      } else {  // what lives between two nodes lives at both
        base_.first[t] = lesser(base_.first[t - 1], base_.first[t + 1]);
      }
    }
  }

  /// Finds what follows with the present retentions.
  /// cost: nodes + operands
  constexpr void simulate(std::int64_t budget) {
    needs_ = first_needs_;
    need_counts_ = first_need_counts_;
    held_ = last_forward_read_;
    bursts_.clear();
    profile_.assign(times_ + 2, 0);
    added_macs_ = 0;
    for (std::size_t e = size(); e-- > 0;) {
      if (joins_.first[e] != 0) {
        join(e);
      } else {
        hold(e);
      }
    }
    find_burst_peaks();
    sum_up(budget);
  }

  /// Of the last simulation: the greatest number of live bytes, the bytes over the budget summed over the times, the
  /// multiply-accumulates of what runs again, and the bytes at each time.
  constexpr std::int64_t peak() const { return peak_; }
  constexpr std::int64_t excess() const { return excess_; }
  constexpr std::int64_t added_macs() const { return added_macs_; }
  constexpr const list<std::int64_t>& profile() const { return profile_; }
  /// When an entry's result is read last in the forward pass, or in its memory later on; and when the backward pass
  /// needs it first and last, -1 if it does not.
  constexpr std::int32_t held_until(std::size_t entry) const { return held_.first[entry]; }
  constexpr std::int32_t first_need(std::size_t entry) const {
    return need_counts_.first[entry] == 0 ? -1 : needs_.first[entry * most_needs];
  }
  constexpr std::int32_t last_need(std::size_t entry) const {
    const std::int32_t count = need_counts_.first[entry];
    return count == 0 ? -1 : needs_.first[entry * most_needs + static_cast<std::size_t>(count - 1)];
  }
  /// Bytes for the work that they take: work below a small share of the step's counts as that.
  constexpr double worth(std::int64_t bytes, std::int64_t macs) const {
    constexpr double least_share = 2e-4;
    const double share = share_of(macs);
    return static_cast<double>(bytes) / (share > least_share ? share : least_share);
  }
  /// Multiply-accumulates as a share of the step's.
  constexpr double share_of(std::int64_t macs) const {
    return static_cast<double>(macs) / static_cast<double>(greater<std::int64_t>(total_macs_, 1));
  }
  /// What another retention of an entry takes from an excess over the budget, for the work that it adds. The change is
  /// what was simulated last; the retentions are as before.
  constexpr double try_change(std::size_t entry, retention what, std::int64_t budget, std::int64_t excess,
                              std::int64_t macs) {
    const retention before = retained_.first[entry];
    retained_.first[entry] = what;
    simulate(budget);
    retained_.first[entry] = before;
    return worth(excess - excess_, added_macs_ - macs);
  }

  /// An entry's operands, as entries.
  constexpr const std::int32_t* operands_begin(std::size_t entry) const {
    return operands_.first + operands_begin_.first[entry];
  }
  constexpr const std::int32_t* operands_end(std::size_t entry) const {
    return operands_.first + operands_begin_.first[entry + 1];
  }

 private:
  // Times of need that are told apart; a value with more is rare, and its last ones count as one.
  static constexpr std::size_t most_needs = 8;

  // That a node runs again in a burst, and whether its result outlives the burst.
  struct rerun {
    std::int32_t entry, time;
    bool outlives;
  };

  constexpr void append(std::int32_t number, const node& current, std::int64_t macs) {
    entry_of_.first[number] = static_cast<std::int32_t>(node_of_.size());
    node_of_.push_back(number);
    const value& result = graph_.result_value(current);
    const bool joins = current.op == operation::concat && result.extents.batch() == 1;
    joins_.push_back(joins ? 1 : 0);
    bytes_.push_back(joins ? 0 : bytes_of(result.extents, result.type, result.arrangement));
    macs_.push_back(macs);
    runs_again_.push_back(can_run_again(current.op) ? 1 : 0);
    overwrites_.push_back(is_norm_or_activation(current.op) ? 1 : 0);
    made_.push_back(present_time());
    last_forward_read_.push_back(present_time());
    operands_begin_.push_back(static_cast<std::int32_t>(operands_.size()));
  }

  constexpr void begin_time(std::int32_t node_number) { number_at_.push_back(node_number); }
  // Of the node that the constructor is at.
  constexpr std::int32_t present_time() const { return 2 * static_cast<std::int32_t>(number_at_.size()) - 1; }

  constexpr void note_reads(std::int32_t number, const node& current) {
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t read = graph_.operand(current, o), producer = graph_.values.first[read].producer;
      if (producer >= loss_node_ || read != graph_.nodes.first[producer].results.begin) continue;
      const std::int32_t entry = entry_of_.first[producer];
      if (entry < 0) continue;
      if (number < loss_node_) operands_.push_back(entry);
      if (number <= loss_node_) {
        last_forward_read_.first[entry] = present_time();
      } else {
        if (number_at_.back() != number) begin_time(number);
        reads_.push_back({entry, present_time(), true});
      }
    }
  }

  constexpr void find_first_needs() {
    needs_.assign(size() * most_needs, 0);
    need_counts_.assign(size(), 0);
    for (const rerun& read : reads_) need(read.entry, read.time);
    first_needs_ = needs_;
    first_need_counts_ = need_counts_;
    // Who reads a concat reads its parts.
    for (std::size_t e = size(); e-- > 0;) {
      if (joins_.first[e] == 0) continue;
      for (const std::int32_t* o = operands_begin(e); o != operands_end(e); ++o)
        last_forward_read_.first[*o] = greater(last_forward_read_.first[*o], last_forward_read_.first[e]);
    }
  }

  // Notes that an entry is needed, in rising order of time.
  constexpr void need(std::int32_t entry, std::int32_t time) {
    std::int32_t* const times = needs_.first + static_cast<std::size_t>(entry) * most_needs;
    std::int32_t& count = need_counts_.first[entry];
    std::int32_t at = count;
    while (at > 0 && times[at - 1] > time) --at;
    if (at > 0 && times[at - 1] == time) return;
    if (count == static_cast<std::int32_t>(most_needs)) {
      if (at == count) times[at - 1] = time;
      return;
    }
    for (std::int32_t k = count; k > at; --k) times[k] = times[k - 1];
    times[at] = time;
    ++count;
  }

  // The needs from `at` on that one run serves: the first behind them, the last of them in `last`.
  constexpr std::int32_t served(std::size_t entry, std::int32_t at, std::int32_t& last) const {
    const std::int32_t* const times = needs_.first + entry * most_needs;
    const bool once = retained_.first[entry] == retention::recomputed_once;
    last = times[at++];
    const std::int32_t* const number_at = number_at_.first;
    while (at < need_counts_.first[entry] &&
           (once || number_at[times[at] / 2] - number_at[last / 2] <= most_recompute_distance))
      last = times[at++];
    return at;
  }

  // From what begins and ends at each time to what is alive; in the forward pass there are no bursts.
  constexpr void sum_up(std::int64_t budget) {
    const std::int64_t *const base = base_.first, *const inside = burst_peaks_.first;
    std::int64_t* const profile = profile_.first;
    std::int64_t alive = 0, peak = 0, excess = 0;
    for (std::size_t t = 0; t < forward_times_; t += 2) {
      alive += profile[t] + profile[t + 1];
      const std::int64_t bytes = alive + base[t + 1];
      profile[t] = profile[t + 1] = bytes;
      if (bytes > peak) peak = bytes;
      if (bytes > budget) excess += 2 * (bytes - budget);
    }
    for (std::size_t t = forward_times_; t < times_; ++t) {
      alive += profile[t];
      const std::int64_t bytes = alive + base[t] + inside[t];
      profile[t] = bytes;
      if (bytes > peak) peak = bytes;
      if (bytes > budget) excess += bytes - budget;
    }
    peak_ = peak;
    excess_ = excess;
  }

  constexpr void add(std::int32_t from, std::int32_t to, std::int64_t bytes) {
    profile_.first[from] += bytes;
    profile_.first[to + 1] -= bytes;
  }

  // A concat's memory is that of its parts, from when the first is made for it.
  constexpr void join(std::size_t entry) {
    const std::int32_t count = need_counts_.first[entry];
    if (count == 0) return;
    const std::int32_t* const times = needs_.first + entry * most_needs;
    for (const std::int32_t* o = operands_begin(entry); o != operands_end(entry); ++o) {
      const auto part = static_cast<std::size_t>(*o);
      if (retained_.first[entry] == retention::kept) {
        held_.first[part] = greater(held_.first[part], times[count - 1]);
        continue;
      }
      const bool made_for_it = retained_.first[part] != retention::kept && joins_.first[part] == 0;
      for (std::int32_t at = 0; at < count;) {
        const std::int32_t burst = times[at] & ~1;
        std::int32_t last = 0;
        at = served(entry, at, last);
        need(*o, burst);
        if (made_for_it) {
          need(*o, last);
        } else {
          add(burst, last, bytes_.first[part]);  // a copy
        }
      }
    }
  }

  constexpr void hold(std::size_t entry) {
    const std::int64_t bytes = bytes_.first[entry];
    const std::int32_t count = need_counts_.first[entry], held = held_.first[entry];
    const std::int32_t made = made_.first[entry] + (lies_over_operand(entry) ? 1 : 0);
    if (retained_.first[entry] == retention::kept) {
      const std::int32_t last = count == 0 ? -1 : last_need(entry);
      add(made, greater(last, held), bytes);
      return;
    }
    add(made, held, bytes);
    const std::int32_t* const times = needs_.first + entry * most_needs;
    for (std::int32_t at = 0; at < count;) {
      const std::int32_t burst = times[at] & ~1;
      std::int32_t last = 0;
      at = served(entry, at, last);
      added_macs_ += macs_.first[entry];
      if (last > burst) add(burst, last, bytes);
      bursts_.push_back({static_cast<std::int32_t>(entry), burst, last > burst});
      for (const std::int32_t* o = operands_begin(entry); o != operands_end(entry); ++o) need(*o, burst);
    }
  }

  constexpr bool lies_over_operand(std::size_t entry) const {
    if (overwrites_.first[entry] == 0) return false;
    const std::int32_t under = operands_.first[operands_begin_.first[entry]];
    return retained_.first[under] != retention::kept && held_.first[under] == made_.first[entry];
  }

  // Whether an entry runs in a burst for other nodes of it alone.
  constexpr bool is_transient(std::int32_t entry, std::int32_t burst) const {
    if (retained_.first[entry] == retention::kept || joins_.first[entry] != 0) return false;
    const auto number = static_cast<std::size_t>(entry);
    const std::int32_t* const times = needs_.first + number * most_needs;
    for (std::int32_t at = 0; at < need_counts_.first[entry];) {
      const std::int32_t begin = times[at] & ~1;
      std::int32_t last = 0;
      at = served(number, at, last);
      if (begin == burst) return last == burst;
    }
    return false;
  }

  // Of each burst the most bytes that are alive in it, less those that outlive it: each node has its operands and its
  // result, and of what outlives the burst only what was made before it.
  constexpr void find_burst_peaks() {
    burst_peaks_.assign(times_, 0);
    made_later_.assign(times_, 0);
    for (const rerun& run : bursts_) {  // the last node first
      const auto entry = static_cast<std::size_t>(run.entry);
      std::int64_t bytes = run.outlives ? 0 : bytes_.first[entry];
      const std::int32_t* const begin = operands_begin(entry);
      for (const std::int32_t* o = begin; o != operands_end(entry); ++o) {
        if (o == begin && overwrites_.first[entry] != 0) continue;
        if (is_transient(*o, run.time)) bytes += bytes_.first[*o];
      }
      bytes -= made_later_.first[run.time];
      if (bytes > burst_peaks_.first[run.time]) burst_peaks_.first[run.time] = bytes;
      if (run.outlives) made_later_.first[run.time] += bytes_.first[entry];
    }
  }

  graph_view graph_;
  std::int32_t loss_node_;
  std::size_t times_ = 0, forward_times_ = 0;
  std::int64_t total_macs_ = 0;
  list<std::int32_t> entry_of_;   // of each node
  list<std::int32_t> number_at_;  // of each pair of times the number of the node that begins it
  list<std::int32_t> time_of_;    // of each node that runs
  // Of each entry.
  list<std::int32_t> node_of_, made_, last_forward_read_, operands_begin_;
  list<std::int64_t> bytes_, macs_;
  list<char> joins_, runs_again_;
  list<char> overwrites_;  // norms and activations may write over what they read
  list<std::int32_t> operands_;
  list<rerun> reads_;
  list<std::int32_t> first_needs_, first_need_counts_;  // by the graph alone
  list<retention> retained_;
  list<std::int64_t> base_;  // at each time what retentions do not change
  // Of the last simulation.
  list<std::int32_t> needs_, need_counts_, held_;
  list<rerun> bursts_;
  list<std::int64_t> profile_, burst_peaks_, made_later_;
  std::int64_t peak_ = 0, excess_ = 0, added_macs_ = 0;
};

}  // namespace v0
}  // namespace tenon
