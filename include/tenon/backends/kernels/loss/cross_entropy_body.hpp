// SPDX-License-Identifier: Apache-2.0
// The kernels of cross_entropy.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// What the loss and its gradient share. Work is counted in groups of `width` pixels, `groups` an image.
struct labelled_logits {
  square_view logits;
  const std::int32_t* labels;
  const float* class_weights;  ///< null: all 1
  bool has_ignored;
  std::int32_t ignored;
  std::int64_t groups;

  labelled_logits(const graph_view& graph, const attributes& attribute, std::span<const operand> operands)
      : logits(operands[0]),
        labels(operand_at<role::labels, operation::cross_entropy, operation::cross_entropy_gradient>(operands)
                   .as<const std::int32_t>()),
        class_weights(attribute.class_weights.count == 0 ? nullptr
                                                         : graph.reals.data() + attribute.class_weights.begin),
        has_ignored(attribute.has_ignored),
        ignored(attribute.ignored),
        groups(divide_up(logits.extents.pixels, width)) {}
};

/// The labels of a group's pixels, whether they count, and the weights of their classes, 0 where they do not count.
struct group_labels {
  ivec label, counts;
  vec weight;
};

/// Labels are checked before a step; one outside the classes counts as ignored, so that no memory is misread.
TENON_KERNEL_INLINE group_labels labels_of(const labelled_logits& of, std::int64_t image, std::int64_t pixel) {
  const std::int64_t pixels = of.logits.extents.pixels;
  const std::int32_t* const first = of.labels + image * pixels + pixel;
  std::int32_t label[width];
  for (int i = 0; i < width; ++i) label[i] = pixel + i < pixels ? first[i] : -1;
  group_labels result;
  std::memcpy(&result.label, label, sizeof label);
  result.counts = (result.label >= 0) & (result.label < static_cast<std::int32_t>(of.logits.extents.channels));
  if (of.has_ignored) result.counts &= result.label != of.ignored;
  result.weight = result.counts ? all(1.0f) : vec{};
  if (of.class_weights != nullptr)
    for (int i = 0; i < width; ++i)
      if (result.counts[i]) result.weight[i] = of.class_weights[label[i]];
  return result;
}

/// Of each pixel of a group: the greatest logit, the sum of exponentials of the distances to it, the label's logit. If
/// all are -infinity the sum is 0, and what users make of the greatest is NaN, as in PyTorch.
struct softmax_sums {
  vec greatest, sum, labelled;
};

TENON_KERNEL_INLINE softmax_sums softmax_of(const square_view& logits, std::int64_t image, std::int64_t pixel,
                                            ivec label) {
  softmax_sums result{all(-std::numeric_limits<float>::infinity()), vec{}, vec{}};
  for (std::int64_t channel = 0; channel < logits.extents.channels; channel += width) {
    vec rows[width];
    load_square(logits, image, channel, pixel, rows);
    const std::int64_t count = std::min<std::int64_t>(width, logits.extents.channels - channel);
    vec greatest = result.greatest;
    for (std::int64_t i = 0; i < count; ++i) {
      greatest = rows[i] > greatest ? rows[i] : greatest;
      result.labelled = label == static_cast<std::int32_t>(channel + i) ? rows[i] : result.labelled;
    }
    // From -infinity nothing has a distance; while there is nothing else, nothing is summed.
    const vec base = greatest == all(-std::numeric_limits<float>::infinity()) ? vec{} : greatest;
    // What was summed so far related to a smaller greatest; nothing was summed at first.
    vec sum = channel == 0 ? vec{} : result.sum * exponential(result.greatest - base);
    for (std::int64_t i = 0; i < count; ++i) sum += exponential(rows[i] - base);
    result.greatest = greatest;
    result.sum = sum;
  }
  return result;
}

struct entropy_sums {
  double loss = 0, weight = 0;
};

struct entropy_arguments {
  const labelled_logits* of;
  equal_parts parts;  ///< of the groups of all images
  entropy_sums* sums;
};

TENON_KERNEL inline void entropy_part(const entropy_arguments& arguments, std::int64_t begin, std::int64_t end) {
  const labelled_logits& of = *arguments.of;
  for (std::int64_t part = begin; part < end; ++part) {
    entropy_sums sums;
    const std::int64_t last = arguments.parts.end(part);
    for (std::int64_t group = arguments.parts.begin(part); group < last;) {
      // A lane takes at most 16 terms in float; the rest of the sum is double.
      vec loss = {}, weight = {};
      for (const std::int64_t stop = std::min(last, group + 16); group < stop; ++group) {
        const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
        const group_labels labels = labels_of(of, image, pixel);
        const softmax_sums softmax = softmax_of(of.logits, image, pixel, labels.label);
        // The distance first: it is exact where it is small.
        const vec term = logarithm(softmax.sum) + (softmax.greatest - softmax.labelled);
        loss += labels.counts ? labels.weight * term : vec{};
        weight += labels.weight;
      }
      for (int lane = 0; lane < width; ++lane) {
        sums.loss += static_cast<double>(loss[lane]);
        sums.weight += static_cast<double>(weight[lane]);
      }
    }
    arguments.sums[part] = sums;
  }
}

/// logits, labels -> loss, divisor. Where no label counts both are 0.
inline void cross_entropy(const graph_view& graph, const attributes& attribute, std::span<const operand> operands,
                          std::span<const operand> results) {
  const labelled_logits of(graph, attribute, operands);
  std::array<entropy_sums, most_parts> sums;
  const entropy_arguments arguments{&of, equal_parts(of.logits.extents.batch * of.groups, most_parts, 16), sums.data()};
  in_parallel(arguments.parts.count, entropy_part, arguments);
  entropy_sums total;
  for (std::int64_t part = 0; part < arguments.parts.count; ++part) {
    total.loss += sums[static_cast<std::size_t>(part)].loss;
    total.weight += sums[static_cast<std::size_t>(part)].weight;
  }
  const double loss = total.weight == 0 ? 0 : total.loss / total.weight;
  *results[0].as<float>() = static_cast<float>(attribute.scale * loss);
  if (results.size() < 2) return;
  const operand& divisor = result_at<role::divisor, operation::cross_entropy>(results);
  if (divisor.data != nullptr) *divisor.as<float>() = static_cast<float>(total.weight);
}

struct entropy_gradient_arguments {
  const labelled_logits* of;
  square_view gradient;
  float factor;  ///< scale / divisor
};

TENON_KERNEL inline void entropy_gradient_part(const entropy_gradient_arguments& arguments, std::int64_t begin,
                                               std::int64_t end) {
  const labelled_logits& of = *arguments.of;
  const square_view& gradient = arguments.gradient;
  const std::int64_t stored = gradient.arrangement == layout::contiguous ? gradient.extents.channels
                                                                         : round_up(gradient.extents.channels, block);
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const group_labels labels = labels_of(of, image, pixel);
    const softmax_sums softmax = softmax_of(of.logits, image, pixel, labels.label);
    const vec weight = labels.weight * arguments.factor;
    const vec share = weight / softmax.sum;
    for (std::int64_t channel = 0; channel < stored; channel += width) {
      vec rows[width];
      load_square(of.logits, image, channel, pixel, rows);
      for (std::int64_t i = 0; i < width; ++i) {
        const bool exists = channel + i < of.logits.extents.channels;
        const ivec labelled = labels.label == static_cast<std::int32_t>(channel + i);
        const vec probability = exponential(rows[i] - softmax.greatest) * share;
        rows[i] = exists ? (labels.counts ? probability - (labelled ? weight : vec{}) : vec{}) : vec{};
      }
      store_square(gradient, image, channel, pixel, rows);
    }
  }
}

/// logits, labels, divisor -> dlogits, 0 where the label is ignored, and everywhere where no label counts
inline void cross_entropy_gradient(const graph_view& graph, const attributes& attribute,
                                   std::span<const operand> operands, std::span<const operand> results) {
  const labelled_logits of(graph, attribute, operands);
  const double divisor =
      static_cast<double>(*operand_at<role::divisor, operation::cross_entropy_gradient>(operands).as<const float>());
  const double factor = divisor == 0 ? 0 : attribute.scale / divisor;
  const entropy_gradient_arguments arguments{&of, square_view(results[0]), static_cast<float>(factor)};
  in_parallel(of.logits.extents.batch * of.groups, entropy_gradient_part, arguments);
}

/// losses ... -> their sum
inline void total_loss(std::span<const operand> operands, std::span<const operand> results) {
  float sum = 0;
  for (const operand& loss : operands) sum += *loss.as<const float>();
  *results[0].as<float>() = sum;
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
