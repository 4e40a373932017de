// SPDX-License-Identifier: Apache-2.0
// Whether a JPEG's data are all there. Decoders take zeros where they end too early and tell the terminal at most, so
// the codes are gone through here, without making pixels of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// The bits of a scan, to the next marker.
class jpeg_bits {
 public:
  jpeg_bits(std::span<const std::byte> bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  /// The next 16 bits; zeros where none are left.
  unsigned peek() {
    while (count_ <= 48 && !ends()) {
      bits_ |= std::uint64_t{std::to_integer<std::uint8_t>(bytes_[at_])} << (56 - count_);
      count_ += 8;
      at_ += bytes_[at_] == std::byte{0xff} ? 2U : 1U;
    }
    return static_cast<unsigned>(bits_ >> 48);
  }

  /// At most 16 of them.
  unsigned take(unsigned count) {
    const unsigned result = peek() >> (16 - count);
    if (count > count_) lacking_ = true;
    count_ -= std::min(count, count_);
    bits_ <<= count;
    return result;
  }

  /// Goes on behind a restart marker, which must come next.
  void restart() {
    bits_ = count_ = 0;
    while (at_ + 1 < bytes_.size() && bytes_[at_] == std::byte{0xff} && bytes_[at_ + 1] == std::byte{0xff}) ++at_;
    const bool found = ends() && at_ + 1 < bytes_.size() && (bytes_[at_ + 1] & std::byte{0xf8}) == std::byte{0xd0};
    if (!found) lacking_ = true;
    at_ += found ? 2U : 0U;
  }

  /// Whether bits were taken that are not there, a restart did not come, or something else is wrong.
  bool lacking() const { return lacking_; }
  void refuse() { lacking_ = true; }

  std::size_t position() const { return at_; }

 private:
  /// 0xff followed by 0 stands for itself.
  bool ends() const {
    if (at_ >= bytes_.size()) return true;
    return bytes_[at_] == std::byte{0xff} && (at_ + 1 == bytes_.size() || bytes_[at_ + 1] != std::byte{0});
  }

  std::span<const std::byte> bytes_;
  std::size_t at_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
  bool lacking_ = false;
};

/// A Huffman table: for any 16 bits the symbol and the length of the code that they begin with, length 0 for none.
class jpeg_codes {
 public:
  /// 16 counts of codes by length, then their symbols; returns how many bytes these are, 0 if they are no table.
  std::size_t read(std::span<const std::byte> segment) {
    table_.assign(std::size_t{1} << 16, {});
    std::size_t symbol = 16, first = 0;
    for (std::size_t length = 1; length <= 16; ++length) {
      if (segment.size() < 16) return 0;
      for (auto n = std::to_integer<unsigned>(segment[length - 1]); n > 0; --n, ++symbol) {
        const std::size_t behind = first + (std::size_t{1} << (16 - length));
        if (behind > table_.size() || symbol >= segment.size()) return 0;
        const code entry{std::to_integer<std::uint8_t>(segment[symbol]), static_cast<std::uint8_t>(length)};
        for (; first < behind; ++first) table_[first] = entry;
      }
    }
    return symbol;
  }

  /// The next symbol.
  unsigned take(jpeg_bits& bits) const {
    const code found = table_.empty() ? code{} : table_[bits.peek()];
    if (found.length == 0) bits.refuse();
    bits.take(found.length);
    return found.symbol;
  }

 private:
  struct code {
    std::uint8_t symbol = 0, length = 0;
  };
  std::vector<code> table_;
};

/// Goes through the scans of a JPEG in Huffman's codes, sequential or progressive.
class jpeg_walk {
 public:
  /// A frame's segment, without its length. What is no frame has no components, so that its scans are not gone through.
  void begin(std::span<const std::byte> frame, bool is_progressive) {
    is_progressive_ = is_progressive;
    height_ = 256 * number(frame, 1) + number(frame, 2);
    width_ = 256 * number(frame, 3) + number(frame, 4);
    for (std::size_t at = 6; at + 2 < frame.size(); at += 3) {
      const unsigned across = number(frame, at + 1) >> 4, down = number(frame, at + 1) & 15;
      if (across < 1 || across > 4 || down < 1 || down > 4) return components_.clear();
      most_across_ = std::max(most_across_, across);
      most_down_ = std::max(most_down_, down);
      components_.push_back({number(frame, at), across, down, {}});
    }
  }

  /// A segment of Huffman tables, each behind its kind and number.
  void add_codes(std::span<const std::byte> segment) {
    while (!segment.empty()) {
      const unsigned name = number(segment, 0);
      const std::size_t size = (name & 0xec) == 0 ? codes_[name >> 4][name & 3].read(segment.subspan(1)) : 0;
      segment = segment.subspan(size == 0 ? segment.size() : 1 + size);
    }
  }

  /// A segment that says how many units stand between two restarts.
  void set_restarts(std::span<const std::byte> segment) {
    if (segment.size() >= 2) interval_ = 256 * number(segment, 0) + number(segment, 1);
  }

  /// Whether the data of a scan are all there, which begin at `at`; if so, `at` then stands behind what was gone
  /// through. `scan` is its segment, without its length.
  bool go_through(std::span<const std::byte> scan, std::span<const std::byte> bytes, std::size_t& at) {
    const std::size_t count = number(scan, 0), behind = 1 + 2 * count;
    if (count < 1 || count > 4 || scan.size() < behind + 3) return false;
    std::array<part, 4> parts;
    for (std::size_t i = 0; i < count; ++i) {
      const unsigned name = number(scan, 1 + 2 * i), tables = number(scan, 2 + 2 * i);
      for (component& each : components_) {
        if (each.name == name) parts[i] = {&each, &codes_[0][tables >> 4 & 3], &codes_[1][tables & 3]};
      }
      if (parts[i].of == nullptr) return false;
    }
    first_ = number(scan, behind);
    last_ = number(scan, behind + 1);
    refines_ = number(scan, behind + 2) >> 4 != 0;
    if (is_progressive_ && (last_ > 63 || first_ > last_ || (first_ > 0 && count > 1))) return false;

    // Of several components squares of blocks follow each other, of a single one its blocks.
    component& only = *parts[0].of;
    const auto units_along = [](unsigned size, unsigned share, unsigned most) {
      return (std::size_t{size} * share + 8 * most - 1) / (8 * most);
    };
    const std::size_t units = units_along(width_, count > 1 ? 1 : only.across, most_across_) *
                              units_along(height_, count > 1 ? 1 : only.down, most_down_);
    if (is_progressive_ && first_ > 0) only.come.resize(units);
    jpeg_bits bits(bytes, at);
    run_ = 0;
    for (std::size_t unit = 0; unit < units && !bits.lacking(); ++unit) {
      if (interval_ > 0 && unit > 0 && unit % interval_ == 0) {
        bits.restart();
        run_ = 0;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const unsigned blocks = count > 1 ? parts[i].of->across * parts[i].of->down : 1;
        for (unsigned block = 0; block < blocks; ++block) go_through_block(bits, parts[i], unit);
      }
    }
    at = bits.position();
    return !bits.lacking();
  }

 private:
  struct component {
    unsigned name, across, down;
    std::vector<std::uint64_t> come;  ///< of a progressive JPEG which coefficients of each block are not 0 so far
  };
  struct part {
    component* of = nullptr;
    const jpeg_codes *first = nullptr, *others = nullptr;  ///< for a block's first coefficient and the others
  };

  static unsigned number(std::span<const std::byte> bytes, std::size_t at) {
    return at < bytes.size() ? std::to_integer<unsigned>(bytes[at]) : 0;
  }

  void go_through_block(jpeg_bits& bits, const part& in, std::size_t number) {
    if (is_progressive_ && first_ > 0) {
      return refines_ ? refine(bits, *in.others, in.of->come[number]) : begin(bits, *in.others, in.of->come[number]);
    }
    if (is_progressive_ && refines_) {
      bits.take(1);
      return;
    }
    bits.take(in.first->take(bits) & 15);
    for (unsigned k = 1; !is_progressive_ && k < 64; ++k) {
      const unsigned code = in.others->take(bits), zeros = code >> 4, size = code & 15;
      if (size == 0 && zeros != 15) break;
      k += zeros;
      bits.take(size);
    }
  }

  /// Coefficients' first bits.
  void begin(jpeg_bits& bits, const jpeg_codes& codes, std::uint64_t& come) {
    for (unsigned k = first_; run_ == 0 && k <= last_; ++k) {
      const unsigned code = codes.take(bits), zeros = code >> 4, size = code & 15;
      if (size == 0 && zeros != 15) {
        run_ = (1U << zeros) + bits.take(zeros);
        break;
      }
      k += zeros;
      bits.take(size);
      if (size != 0 && k < 64) come |= std::uint64_t{1} << k;
    }
    if (run_ > 0) --run_;
  }

  /// One more bit of each coefficient that is not 0, between the codes of those that were 0 so far.
  void refine(jpeg_bits& bits, const jpeg_codes& codes, std::uint64_t& come) {
    unsigned k = first_;
    // To the coefficient behind so many that are still 0.
    const auto pass = [&](unsigned zeros) {
      for (; k <= last_; ++k) {
        if ((come >> k & 1) != 0) {
          bits.take(1);
        } else if (zeros-- == 0) {
          return;
        }
      }
    };
    for (; run_ == 0 && k <= last_; ++k) {
      const unsigned code = codes.take(bits), zeros = code >> 4, size = code & 15;
      if (size == 0 && zeros != 15) {
        run_ = (1U << zeros) + bits.take(zeros);
        break;
      }
      if (size != 0) bits.take(1);
      pass(zeros);
      if (size != 0 && k <= last_) come |= std::uint64_t{1} << k;
    }
    if (run_ > 0) {
      pass(64);
      --run_;
    }
  }

  bool is_progressive_ = false, refines_ = false;  ///< of the scan: whether it refines what came before
  unsigned height_ = 0, width_ = 0, most_across_ = 1, most_down_ = 1, interval_ = 0;
  unsigned first_ = 0, last_ = 0;  ///< the scan's coefficients
  unsigned run_ = 0;               ///< blocks that the scan has no more codes for
  std::vector<component> components_;
  std::array<std::array<jpeg_codes, 4>, 2> codes_;
};

/// Whether no coefficient is missing in a JPEG whose segments are sound. False too for one in other codes, and for one
/// whose codes are damaged.
inline bool is_whole_jpeg(std::span<const std::byte> bytes) {
  jpeg_walk walk;
  for (std::size_t at = 2; at + 1 < bytes.size();) {
    const auto marker = std::to_integer<unsigned>(bytes[at + 1]);
    // What is no marker was left over by the scan before.
    if (bytes[at] != std::byte{0xff} || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) {
      ++at;
      continue;
    }
    if (marker == 0xd9) break;
    if (at + 3 >= bytes.size()) return false;
    const std::size_t length =
        std::to_integer<std::size_t>(bytes[at + 2]) << 8 | std::to_integer<std::size_t>(bytes[at + 3]);
    if (length < 2 || length > bytes.size() - at - 2) return false;
    const std::span<const std::byte> segment = bytes.subspan(at + 4, length - 2);
    at += 2 + length;
    if (marker >= 0xc0 && marker <= 0xc2) walk.begin(segment, marker == 0xc2);
    if (marker == 0xc4) walk.add_codes(segment);
    if (marker == 0xdd) walk.set_restarts(segment);
    if (marker == 0xda && !walk.go_through(segment, bytes, at)) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
