// SPDX-License-Identifier: Apache-2.0
// Rows of direct convolutions: phases and segments cover every position once and name the taps that look inside.
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "tenon/backends/kernels/convolution/taps.hpp"

namespace {

using namespace tenon::kernels;

/// Of each position, how often it occurs, and for each tap the column it sees, or -1.
struct seen_row {
  std::vector<int> count;
  std::vector<std::vector<std::int64_t>> columns;

  explicit seen_row(const tap_dimension& along)
      : count(static_cast<std::size_t>(along.destination)),
        columns(static_cast<std::size_t>(along.destination),
                std::vector<std::int64_t>(static_cast<std::size_t>(along.taps), -1)) {}
};

seen_row by_look(const tap_dimension& along) {
  seen_row seen(along);
  for (std::int64_t p = 0; p < along.destination; ++p) {
    seen.count[static_cast<std::size_t>(p)] = 1;
    for (std::int64_t tap = 0; tap < along.taps; ++tap)
      seen.columns[static_cast<std::size_t>(p)][static_cast<std::size_t>(tap)] = along.position_of(p, tap);
  }
  return seen;
}

void note(seen_row& seen, const tap_dimension& along, std::int64_t first, std::int64_t i, const row_tap* taps,
          std::int64_t tap_count) {
  const auto position = static_cast<std::size_t>(first + i * along.divisor);
  ++seen.count[position];
  for (std::int64_t t = 0; t < tap_count; ++t)
    if (taps[t].begin <= i && i < taps[t].end)
      seen.columns[position][static_cast<std::size_t>(taps[t].tap)] = i * along.step + taps[t].column;
}

void check(const tap_dimension& along) {
  INFO(along.source << " -> " << along.destination << ", taps " << along.taps << ", step " << along.step << "/"
                    << along.divisor << ", first " << along.first << ", increment " << along.increment);
  const tap_rows rows(along);
  const seen_row expected = by_look(along);
  seen_row of_phases(along), of_segments(along);
  for (std::int64_t p = 0; p < rows.phase_count(); ++p) {
    const row_phase& phase = rows.phases()[p];
    for (std::int64_t i = 0; i < phase.count; ++i) note(of_phases, along, phase.first, i, phase.taps, phase.tap_count);
  }
  for (std::int64_t s = 0; s < rows.segment_count(); ++s) {
    const row_segment& segment = rows.segments()[s];
    for (std::int64_t t = 0; t < segment.tap_count; ++t) {
      CHECK(segment.taps[t].begin <= segment.begin);
      CHECK(segment.taps[t].end >= segment.end);
    }
    for (std::int64_t i = segment.begin; i < segment.end; ++i)
      note(of_segments, along, segment.first, i, segment.taps, segment.tap_count);
  }
  CHECK(of_phases.count == expected.count);
  CHECK(of_phases.columns == expected.columns);
  CHECK(of_segments.count == expected.count);
  CHECK(of_segments.columns == expected.columns);
}

}  // namespace

TEST_CASE("rows cover each position once, with the taps that look inside", "[kernels]") {
  int ran = 0;
  for (std::int64_t source = 1; source <= 9; ++source)
    for (const std::int64_t taps : {1, 2, 3, 5})
      for (const std::int64_t stride : {1, 2, 3})
        for (const std::int64_t dilation : {1, 2, 4})
          for (const std::int64_t padding : {0, 1, 4}) {
            const std::int64_t reach = (taps - 1) * dilation + 1, room = source + 2 * padding - reach;
            if (room < 0) continue;
            tap_dimension forward;
            forward.source = source;
            forward.destination = room / stride + 1;
            forward.taps = taps;
            forward.step = stride;
            forward.first = -padding;
            forward.increment = dilation;
            check(forward);
            // Its adjoint goes from the result back to the source.
            tap_dimension adjoint = forward;
            adjoint.source = forward.destination;
            adjoint.destination = source;
            adjoint.step = 1;
            adjoint.divisor = stride;
            adjoint.first = padding;
            adjoint.increment = -dilation;
            check(adjoint);
            ++ran;
          }
  CHECK(ran > 400);
}

TEST_CASE("a block of results takes in its groups' channels", "[kernels]") {
  // 36 channels in groups of 12: the second block of 16 has parts of two groups.
  STATIC_REQUIRE(channel_range(0, 16, 36, 12, 12).first == 0);
  STATIC_REQUIRE(channel_range(0, 16, 36, 12, 12).count == 24);
  STATIC_REQUIRE(channel_range(1, 16, 36, 12, 12).first == 12);
  STATIC_REQUIRE(channel_range(1, 16, 36, 12, 12).count == 24);
  STATIC_REQUIRE(channel_range(2, 16, 36, 12, 12).count == 12);
  STATIC_REQUIRE(packed_direct_weights(3, 12, 12, 9, 16) == (24 + 24 + 12) * 16 * 9);
  STATIC_REQUIRE(packed_direct_weights(1, 19, 5, 9, 16) == 32 * 5 * 9);
  STATIC_REQUIRE(depthwise_gradient_parts(16, 7) == 1);
  STATIC_REQUIRE(depthwise_gradient_parts(32, 1000) == 16);
  STATIC_REQUIRE(depthwise_gradient_parts(728, 65) == 1);
}
