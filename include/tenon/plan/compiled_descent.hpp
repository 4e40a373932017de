// SPDX-License-Identifier: Apache-2.0
// The search for retentions while compiling.
#pragma once

#include <cstddef>
#include <type_traits>

#include "tenon/plan/compilation.hpp"
#include "tenon/plan/retention_descent.hpp"
#include "tenon/plan/retention_search.hpp"

namespace tenon {
inline namespace v0 {

/// Retentions of the entries of a retention_model as a constant, and how far the search for them is.
template <std::size_t Entries>
struct descent_state {
  retention retained[Entries > 0 ? Entries : 1] = {};
  retention_descent::progress at;
};

/// What retentions come to as a constant.
template <std::size_t Points>
struct measured_retentions {
  retention_rating rating;
  std::int64_t profile[Points] = {};
};

/// Retentions within so many bytes of a laid-out graph, as constants one after the other, each of which a compiler's
/// limits allow: a measurement, the steps of a retention_descent from it, and a measurement of what that found, from
/// which it goes on where the model was wrong.
template <class LaidOut, class Arguments>
struct compiled_descent {
  using capabilities = typename Arguments::backend::capabilities;

  static constexpr graph_edits live() { return graph_edits(LaidOut::graph.view(), graph_edits::dead_code::goes); }

  struct size {
    std::size_t entries, points;
  };
  static constexpr size sizes = [] {
    const graph_edits edits = live();
    std::size_t steps = 0;
    for (std::int32_t i = 0; i < LaidOut::graph.view().node_count(); ++i)
      steps += is_source(LaidOut::graph.view().nodes.first[i].op) || edits.vanishes(i) ? 0 : 1;
    return size{retention_model(LaidOut::graph.view(), edits).size(), 2 * steps + 2};
  }();
  using state = descent_state<sizes.entries>;
  using measurement = measured_retentions<sizes.points>;

  /// The retentions of the graph's nodes.
  static constexpr void expand(const state& from, const graph_edits& edits, list<retention>& retained) {
    retained.assign(LaidOut::graph.view().nodes.size(), retention::kept);
    std::size_t entry = 0;
    for (std::int32_t i = 0; i < loss_node_of(LaidOut::graph.view()); ++i) {
      if (is_source(LaidOut::graph.view().nodes.first[i].op) || edits.vanishes(i)) continue;
      retained.first[i] = from.retained[entry++];
    }
  }

  /// All that takes no work runs again.
  struct start {
    static constexpr state reached = [] {
      const graph_edits edits = live();
      const retention_family family(LaidOut::graph.view(), edits);
      const list<retention> retained = family.member(retention_family::free_work::all, 0);
      const retention_model model(LaidOut::graph.view(), edits);
      state made;
      for (std::size_t e = 0; e < model.size(); ++e)
        made.retained[e] = retained.first[static_cast<std::size_t>(model.node_of(e))];
      return made;
    }();
  };

  /// The graph that retentions make.
  template <class From>
  struct recomputed {
    static constexpr growing_graph make() {
      const graph_edits edits = live();
      list<retention> retained;
      expand(From::reached, edits, retained);
      return recomputer(LaidOut::graph.view(), edits, retained).run();
    }
  };

  template <class From>
  struct measured {
    using made = stage<recomputed<From>>;

    static constexpr std::size_t nodes = made::sizes.nodes;
    struct node_bytes {
      std::int64_t first[nodes + 1] = {};
    };
    static constexpr node_bytes bytes = [] {
      const list<std::int64_t> found = find_live_profile<capabilities>(made::graph.view(), Arguments::keeps_gradients);
      node_bytes copied;
      for (std::size_t i = 0; i <= nodes; ++i) copied.first[i] = found.first[i];
      return copied;
    }();

    static constexpr measurement found = [] {
      const graph_edits edits = live();
      list<retention> retained;
      expand(From::reached, edits, retained);
      recomputer pass(LaidOut::graph.view(), edits, retained);
      pass.run();
      const list<std::int64_t> profile = profile_of(LaidOut::graph.view(), pass.copied_at(), bytes.first);
      measurement of;
      for (std::size_t t = 0; t < profile.size(); ++t) of.profile[t] = profile.first[t];
      for (const std::int64_t at_node : bytes.first) of.rating.peak_bytes = greater(of.rating.peak_bytes, at_node);
      of.rating.macs = count_macs(made::graph.view());
      return of;
    }();
  };

  /// The search from measured retentions until it ends or has taken so many constants.
  template <class From, std::int64_t Bytes, int Constants>
  struct descent {
    // What one constant makes of the retentions that another has come to.
    template <class Before>
    struct step {
      static constexpr state reached = [] {
        const graph_edits edits = live();
        retention_model model(LaidOut::graph.view(), edits);
        for (std::size_t e = 0; e < sizes.entries; ++e) model.retained().first[e] = From::reached.retained[e];
        list<std::int64_t> profile;
        profile.append(measured<From>::found.profile, sizes.points);
        model.calibrate(profile);
        for (std::size_t e = 0; e < sizes.entries; ++e) model.retained().first[e] = Before::reached.retained[e];
        state made = Before::reached;
        if constexpr (std::is_same_v<Before, From>) made.at = {};
        retention_descent(model).run(Bytes, made.at, retention_descent::simulations_at_once(sizes.entries));
        for (std::size_t e = 0; e < sizes.entries; ++e) made.retained[e] = model.retained().first[e];
        return made;
      }();
    };

    template <class Before, int Left>
    static constexpr auto go_on() {
      if constexpr (Left == 0) {
        return Before{};
      } else if constexpr (step<Before>::reached.at.ended) {
        return step<Before>{};
      } else {
        return go_on<step<Before>, Left - 1>();
      }
    }
    using type = decltype(go_on<From, Constants>());
  };

  /// Retentions within so many bytes; when the last round has found none, what it has found.
  template <class From, std::int64_t Bytes, std::int64_t Target, int Rounds>
  static constexpr auto find() {
    using found = typename descent<From, Target, most_constants>::type;
    constexpr std::int64_t peak = measured<found>::found.rating.peak_bytes;
    if constexpr (peak <= Bytes || Rounds == 1) {
      return found{};
    } else {
      // What the model took for less than it was.
      return find<found, Bytes, Target - (peak - Bytes) / 2, Rounds - 1>();
    }
  }

  static constexpr bool is_large = sizes.entries > 150;
  static constexpr int most_constants = is_large ? 16 : 20;
  /// The search from retentions that were met. That of a large network takes long: it aims lower from the start, so
  /// that the gaps of a placement need not send it back.
  template <class From, std::int64_t Bytes>
  using found = decltype(find<From, Bytes, Bytes - (is_large ? Bytes / 200 : 0), 2>());
};

}  // namespace v0
}  // namespace tenon
