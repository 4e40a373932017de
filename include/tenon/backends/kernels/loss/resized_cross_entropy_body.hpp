// SPDX-License-Identifier: Apache-2.0
// The kernels of resized_cross_entropy.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The rows of logits that a row of the labels reads, by their numbers in a plane, and their weights; those without
/// weight left out.
struct read_rows {
  std::int64_t row[2];
  float weights[2];
  int count;
};

/// Logits at the labels' extents, which exist only while they are read: groups of `width` pixels of one row.
///
///     logits, h rows     label row y reads rows a and a + 1 of the logits, label column x columns b and b + 1 of them:
///       a      . . .     `width` columns of y become a square of channels and pixels in registers
///       a + 1  . . .
///
/// requires: logits of two dimensions, blocked
struct resized_logits {
  resizing of;
  std::int64_t groups_a_row;

  resized_logits(const attributes& attribute, const operand& logits, const operand& labels)
      : of(attribute.interpolation, blocked_extents(logits.extents, block), extents_of(logits.extents, labels.extents),
           logits.as<const float>(), nullptr),
        groups_a_row(divide_up(of.to.width, width)) {}

  static blocked_extents extents_of(const shape& logits, const shape& labels) {
    return blocked_extents(shape(logits.batch(), logits.channels(), labels[1], labels[2]), block);
  }

  struct place {
    std::int64_t image, first, count, column;
    read_rows rows;
  };
  std::int64_t channels() const { return of.to.channels; }
  std::int64_t batch() const { return of.to.batch; }
  std::int64_t pixels() const { return of.to.pixels; }
  std::int64_t groups() const { return of.to.height * groups_a_row; }

  TENON_KERNEL_INLINE place at(std::int64_t image, std::int64_t group) const {
    const std::int64_t row = group / groups_a_row, column = group % groups_a_row * width;
    return {image, row * of.to.width + column, of.to.width - column, column, rows_of(of.height(row))};
  }
  static read_rows rows_of(const line_source& height) {
    read_rows found{{}, {}, 0};
    for (int i = 0; i < 2; ++i) {
      const float weight = i == 1 ? height.share : 1 - height.share;
      if (weight == 0) continue;
      found.row[found.count] = i == 1 ? height.second : height.first;
      found.weights[found.count++] = weight;
    }
    return found;
  }

  TENON_KERNEL_INLINE void load(const place& at, std::int64_t channel, vec* square) const {
    const std::int64_t plane = at.image * of.from.blocks + channel / block;
    const float* rows[2];
    for (int i = 0; i < at.rows.count; ++i)
      rows[i] = of.read + (plane * of.from.height + at.rows.row[i]) * of.from.width * block;
    const int lane = static_cast<int>(channel % block);
    for (int i = 0; i < width; ++i)
      square[i] = i < at.count ? interpolated(of, rows, at.rows.weights, at.rows.count, at.column + i, lane) : vec{};
    transpose(square);
  }
};

/// logits, labels -> loss, divisor
inline void resized_cross_entropy(const graph_view& graph, const attributes& attribute,
                                  std::span<const operand> operands, std::span<const operand> results) {
  const operand& labels = operand_at<role::labels, operation::resized_cross_entropy>(operands);
  entropy_of(labelled_logits<resized_logits>(graph, attribute, operands[0], labels), attribute, results);
}

/// Adds gradients of a group's resized logits, a vector of channels a pixel, to rows of dlogits: `dx` has where the
/// channels of each row's first column lie. Sources never go back, so two sums walk along in registers.
TENON_KERNEL_INLINE void spread_square(const line_source* columns, std::int64_t count, std::int64_t width_of_dx,
                                       const vec* gradients, float* const* dx, const read_rows& rows) {
  std::int64_t current = columns[0].first;
  vec here = {}, next = {};
  const auto last = std::min<std::int64_t>(count, width);
  for (std::int64_t i = 0; i <= last; ++i) {
    if (i == last || columns[i].first != current) {
      for (int r = 0; r < rows.count; ++r) {
        float* const to = dx[r] + current * block;
        store(to, load(to) + rows.weights[r] * here);
        // Only a source before the last has one beside it.
        if (current + 1 < width_of_dx) store(to + block, load(to + block) + rows.weights[r] * next);
      }
      if (i == last) return;
      here = next = vec{};
      current = columns[i].first;
    }
    const float share = columns[i].second == columns[i].first ? 0.0f : columns[i].share;
    here += (1 - share) * gradients[i];
    next += share * gradients[i];
  }
}

struct resized_entropy_gradient_arguments {
  const labelled_logits<resized_logits>* of;
  float* written;
  float factor;  ///< scale / divisor
};

/// Some rows of an image's dlogits gather from a row of labels.
TENON_KERNEL_INLINE void gather_label_row(const resized_entropy_gradient_arguments& arguments, std::int64_t image,
                                          std::int64_t y, const read_rows& rows) {
  const labelled_logits<resized_logits>& of = *arguments.of;
  const resizing& resized = of.logits.of;
  const blocked_extents& small = resized.from;
  for (std::int64_t group = 0; group < of.logits.groups_a_row; ++group) {
    const resized_logits::place at = of.logits.at(image, y * of.logits.groups_a_row + group);
    line_source columns[width];
    for (int i = 0; i < width; ++i) columns[i] = resized.width(std::min(at.column + i, resized.to.width - 1));
    const entropy_slopes slopes = slopes_of(of, at, arguments.factor);
    for (std::int64_t channel = 0; channel < small.blocks * block; channel += width) {
      vec square[width];
      of.logits.load(at, channel, square);
      differentiate_rows(slopes, channel, small.channels, square);
      transpose(square);
      float* dx[2];
      for (int r = 0; r < rows.count; ++r) {
        const std::int64_t plane = image * small.blocks + channel / block;
        dx[r] = arguments.written + (plane * small.height + rows.row[r]) * small.width * block + channel % block;
      }
      spread_square(columns, at.count, small.width, square, dx, rows);
    }
  }
}

/// Rows of dlogits, of one image after the other. Labels' rows between those of two parts are computed for both, so
/// that what a row of dlogits sums, and in which order, does not depend on how the rows are divided.
TENON_KERNEL inline void resized_entropy_gradient_part(const resized_entropy_gradient_arguments& arguments,
                                                       std::int64_t begin, std::int64_t end) {
  const resizing& resized = arguments.of->logits.of;
  const blocked_extents& small = resized.from;
  for (std::int64_t row = begin; row < end;) {
    const std::int64_t image = row / small.height, first = row % small.height;
    const std::int64_t behind = std::min(small.height, first + end - row);
    for (std::int64_t plane = image * small.blocks; plane < (image + 1) * small.blocks; ++plane)
      std::fill_n(arguments.written + (plane * small.height + first) * small.width * block,
                  (behind - first) * small.width * block, 0.0f);
    for (std::int64_t y = resized.height.first_reader(first); y < resized.to.height; ++y) {
      const line_source source = resized.height(y);
      if (source.first >= behind) break;
      read_rows mine{{}, {}, 0};
      for (const std::int64_t each : {source.first, source.second}) {
        const float weight = resized_line::share_of(source, each);
        if (each < first || each >= behind || weight == 0 || (mine.count == 1 && mine.row[0] == each)) continue;
        mine.row[mine.count] = each;
        mine.weights[mine.count++] = weight;
      }
      if (mine.count > 0) gather_label_row(arguments, image, y, mine);
    }
    row += behind - first;
  }
}

/// logits, labels, divisor -> dlogits, 0 where no label counts
inline void resized_cross_entropy_gradient(const graph_view& graph, const attributes& attribute,
                                           std::span<const operand> operands, std::span<const operand> results) {
  using enum operation;
  const labelled_logits<resized_logits> of(graph, attribute, operands[0],
                                           operand_at<role::labels, resized_cross_entropy_gradient>(operands));
  const float factor = entropy_factor(attribute, operand_at<role::divisor, resized_cross_entropy_gradient>(operands));
  const resized_entropy_gradient_arguments arguments{&of, results[0].as<float>(), factor};
  in_parallel(of.logits.batch() * of.logits.of.from.height, resized_entropy_gradient_part, arguments);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
