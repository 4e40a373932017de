// SPDX-License-Identifier: Apache-2.0
// A plan's placements looked over without the planner's code: the plan runs on memory that knows what it holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon_test {

/// How often values share memory in plans.
struct sharing {
  int overwritten = 0;  ///< results over dying operands
  int joined = 0;       ///< operands of concats that lie in the result
  int taken = 0;        ///< results of splits and of concats' gradients that lie in the operand
  int copied = 0;       ///< those that lie elsewhere

  void add(const sharing& other) {
    overwritten += other.overwritten;
    joined += other.joined;
    taken += other.taken;
    copied += other.copied;
  }
};

/// Arena memory with what every byte holds, told by the value it was written for and the byte of that value.
class symbolic_memory {
 public:
  struct stretch {
    std::int64_t begin, end;  ///< addresses
    std::int32_t of;          ///< the value it was written for
    std::int64_t first;       ///< the byte of that value at `begin`

    friend bool operator==(const stretch&, const stretch&) = default;
  };

  /// What bytes [begin, end) hold.
  std::vector<stretch> read(std::int64_t begin, std::int64_t end) const {
    std::vector<stretch> found;
    for (const auto& [key, each] : held_) {
      if (each.end <= begin || end <= each.begin) continue;
      stretch seen = each;
      seen.begin = std::max(each.begin, begin);
      seen.end = std::min(each.end, end);
      seen.first += seen.begin - each.begin;
      found.push_back(seen);
    }
    return found;
  }

  void write(std::int64_t begin, std::int64_t end, std::int32_t of, std::int64_t first) {
    std::vector<stretch> rest;
    for (auto each = held_.begin(); each != held_.end();) {
      const stretch old = each->second;
      if (old.end <= begin || end <= old.begin) {
        ++each;
        continue;
      }
      if (old.begin < begin) rest.push_back({old.begin, begin, old.of, old.first});
      if (end < old.end) rest.push_back({end, old.end, old.of, old.first + (end - old.begin)});
      each = held_.erase(each);
    }
    for (const stretch& piece : rest) held_[piece.begin] = piece;
    if (begin < end) held_[begin] = {begin, end, of, first};
  }

 private:
  std::map<std::int64_t, stretch> held_;  // by address
};

/// Looks a plan over without the planner's code: runs it on symbolic memory.
template <class Capabilities>
class plan_checker {
 public:
  explicit plan_checker(const tenon::plan_view& plan) : plan_(plan), graph_(plan.graph) {
    held_.resize(graph_.values.size());
  }

  /// The first thing that is wrong, or nothing: an operand or an output that no longer holds what was written for it; a
  /// result over an operand that the node still reads; a value outside its space, or one that is not aligned.
  std::string problem() {
    for (std::int32_t v = 0; v < graph_.value_count(); ++v) {
      const std::string found = problem_of_place(v);
      if (!found.empty()) return found;
    }
    // Inputs and targets are copied in before the first node runs.
    for (const tenon::node& each : graph_.nodes) {
      if (tenon::is_source(each.op) && in_arena(each.results[0])) make(each.results[0]);
    }
    for (const tenon::node& each : graph_.nodes) {
      const std::string found = tenon::is_source(each.op) ? std::string() : run(each);
      if (!found.empty()) return found;
    }
    for (const std::int32_t output : graph_.outputs) {
      if (in_arena(output) && !is_whole(output)) return name(output) + ", an output, is overwritten";
    }
    return {};
  }

  const sharing& found() const { return found_; }

 private:
  const tenon::placement& place(std::int32_t v) const { return plan_.placements[static_cast<std::size_t>(v)]; }
  bool in_arena(std::int32_t v) const { return place(v).space == tenon::memory_space::arena; }
  std::int64_t end(std::int32_t v) const { return place(v).offset + place(v).bytes; }
  bool overlap(std::int32_t a, std::int32_t b) const {
    return in_arena(a) && in_arena(b) && place(a).offset < end(b) && place(b).offset < end(a);
  }
  static std::string name(std::int32_t v) { return "value " + std::to_string(v); }

  std::string problem_of_place(std::int32_t v) const {
    const tenon::value& of = graph_.value_at(v);
    if (place(v).space == tenon::memory_space::none) return name(v) + " has no memory";
    if (place(v).bytes < tenon::bytes_of(of.extents, of.type, of.arrangement)) return name(v) + " exceeds its memory";
    if (in_arena(v)) {
      // The reference reads floats wherever they lie.
      const std::int64_t alignment =
          std::is_base_of_v<tenon::reference::capabilities, Capabilities> ? 4 : std::int64_t{Capabilities::alignment};
      if (place(v).offset % alignment != 0) return name(v) + " is not aligned";
      if (place(v).offset < 0 || end(v) > plan_.arena_bytes) return name(v) + " is outside the arena";
      return {};
    }
    for (std::int32_t other = 0; other < v; ++other) {
      if (place(other).space != place(v).space || end(other) <= place(v).offset || end(v) <= place(other).offset)
        continue;
      return name(other) + " and " + std::to_string(v) + " overlap";
    }
    return {};
  }

  // A value is written whole.
  void make(std::int32_t v) {
    memory_.write(place(v).offset, end(v), v, 0);
    keep(v);
  }

  void keep(std::int32_t v) { held_[static_cast<std::size_t>(v)] = memory_.read(place(v).offset, end(v)); }
  bool is_whole(std::int32_t v) const {
    return memory_.read(place(v).offset, end(v)) == held_[static_cast<std::size_t>(v)];
  }

  std::string run(const tenon::node& each) {
    for (int o = 0; o < each.operands.count; ++o) {
      const std::int32_t operand = graph_.operand(each, o);
      if (in_arena(operand) && !is_whole(operand)) return name(operand) + " is overwritten before it is read";
    }
    for (int r = 0; r < each.results.count; ++r) {
      for (int before = 0; before < r; ++before) {
        if (overlap(each.results[r], each.results[before])) return name(each.results[r]) + " overlaps another result";
      }
    }
    if (each.op == tenon::operation::concat) return run_concat(each);
    if (each.op == tenon::operation::split || each.op == tenon::operation::concat_gradient) return run_split(each);
    for (int r = 0; r < each.results.count; ++r) {
      const std::int32_t result = each.results[r];
      for (int o = 0; o < each.operands.count; ++o) {
        const std::int32_t operand = graph_.operand(each, o);
        if (!overlap(operand, result)) continue;
        const bool same_place =
            place(operand).offset == place(result).offset && place(operand).bytes == place(result).bytes;
        if (r > 0 || !same_place || !Capabilities::in_place(graph_, each, o))
          return name(result) + " is made over an operand";
        ++found_.overwritten;
      }
      if (in_arena(result)) make(result);
    }
    return {};
  }

  // Operands are copied into the result, but for those that lie there.
  std::string run_concat(const tenon::node& each) {
    const std::int32_t whole = each.results[0];
    const tenon::placement before = place(whole);
    std::int64_t begin = before.offset;
    for (int o = 0; o < each.operands.count; ++o) {
      const std::int32_t part = graph_.operand(each, o);
      const std::int64_t next = o + 1 == each.operands.count ? end(whole) : begin + channel_bytes(part);
      if (overlap(part, whole) && place(part).offset == begin && Capabilities::joins_in_place(graph_, each, o)) {
        if (end(part) > next) return name(part) + " is longer than its place in a concat";
        ++found_.joined;
      } else {
        ++found_.copied;
        for (int other = 0; other < each.operands.count; ++other) {
          const std::int32_t operand = graph_.operand(each, other);
          if (in_arena(operand) && place(operand).offset < next && begin < end(operand))
            return name(operand) + " is made over by a concat";
        }
        memory_.write(begin, next, whole, begin - before.offset);
      }
      begin = next;
    }
    keep(whole);
    return {};
  }

  std::string run_split(const tenon::node& each) {
    const std::int32_t whole = graph_.operand(each, 0);
    std::int64_t channel = each.op == tenon::operation::split ? 0 : each.attribute.index;
    for (int r = 0; r < each.results.count; ++r) {
      const std::int32_t part = each.results[r];
      const std::int64_t begin =
          place(whole).offset + channel * channel_bytes(part) / graph_.value_at(part).extents.channels();
      channel += graph_.value_at(part).extents.channels();
      if (!overlap(part, whole)) {
        ++found_.copied;
        if (in_arena(part)) make(part);
        continue;
      }
      if (place(part).offset != begin || end(part) > end(whole) || !Capabilities::joins_in_place(graph_, each, r)) {
        return name(part) + " is made over a split's operand";
      }
      ++found_.taken;
      keep(part);
    }
    return {};
  }

  // The bytes of all channels of one image; of whole blocks, if the value is blocked.
  std::int64_t channel_bytes(std::int32_t v) const {
    const tenon::shape& extents = graph_.value_at(v).extents;
    return std::int64_t{extents.channels()} * extents.spatial_elements() * 4;
  }

  tenon::plan_view plan_;
  tenon::graph_view graph_;
  symbolic_memory memory_;
  std::vector<std::vector<symbolic_memory::stretch>> held_;  // of each value what its memory held when it was made
  sharing found_;
};

/// What is wrong with a plan's placements, or nothing.
template <class Capabilities>
std::string problem_of(const tenon::plan_view& plan) {
  return plan_checker<Capabilities>(plan).problem();
}

}  // namespace tenon_test
