// SPDX-License-Identifier: Apache-2.0
// The kernels of cross_entropy.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Logits as they lie in memory: groups of `width` pixels, an image's one after the other.
struct stored_logits {
  square_view view;

  explicit stored_logits(const square_view& of) : view(of) {}
  stored_logits(const attributes&, const operand& logits, const operand&) : view(logits) {}

  /// Where a group's pixels are: the first, and how many from there on are there.
  struct place {
    std::int64_t image, first, count;
  };
  std::int64_t channels() const { return view.extents.channels; }
  std::int64_t batch() const { return view.extents.batch; }
  std::int64_t pixels() const { return view.extents.pixels; }
  std::int64_t groups() const { return divide_up(pixels(), width); }
  TENON_KERNEL_INLINE place at(std::int64_t image, std::int64_t group) const {
    return {image, group * width, pixels() - group * width};
  }
  /// `width` channels of a group's pixels, a row a channel; what does not exist is 0.
  TENON_KERNEL_INLINE void load(const place& at, std::int64_t channel, vec* rows) const {
    load_square(view, at.image, channel, at.first, rows);
  }
};

/// What the loss and its gradient share. Work is counted in groups of `width` pixels, `groups` an image.
template <class Logits>
struct labelled_logits {
  Logits logits;
  const std::int32_t* labels;
  const float* class_weights;  ///< null: all 1
  bool has_ignored;
  std::int32_t ignored;
  std::int64_t groups;

  labelled_logits(const graph_view& graph, const attributes& attribute, const operand& x, const operand& given)
      : logits(attribute, x, given),
        labels(given.as<const std::int32_t>()),
        class_weights(attribute.class_weights.count == 0 ? nullptr
                                                         : graph.reals.data() + attribute.class_weights.begin),
        has_ignored(attribute.has_ignored),
        ignored(attribute.ignored),
        groups(logits.groups()) {}
};

/// The labels of a group's pixels, whether they count, and the weights of their classes, 0 where they do not count.
struct group_labels {
  ivec label, counts;
  vec weight;
};

/// Labels are checked before a step; one outside the classes counts as ignored, so that no memory is misread.
template <class Logits>
TENON_KERNEL_INLINE group_labels labels_of(const labelled_logits<Logits>& of, const typename Logits::place& at) {
  const std::int32_t* const first = of.labels + at.image * of.logits.pixels() + at.first;
  std::int32_t label[width];
  for (int i = 0; i < width; ++i) label[i] = i < at.count ? first[i] : -1;
  group_labels result;
  std::memcpy(&result.label, label, sizeof label);
  result.counts = (result.label >= 0) & (result.label < static_cast<std::int32_t>(of.logits.channels()));
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

template <class Logits>
TENON_KERNEL_INLINE softmax_sums softmax_of(const Logits& logits, const typename Logits::place& at, ivec label) {
  softmax_sums result{all(-std::numeric_limits<float>::infinity()), vec{}, vec{}};
  for (std::int64_t channel = 0; channel < logits.channels(); channel += width) {
    vec rows[width];
    logits.load(at, channel, rows);
    const std::int64_t count = std::min<std::int64_t>(width, logits.channels() - channel);
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

template <class Logits>
struct entropy_arguments {
  const labelled_logits<Logits>* of;
  equal_parts parts;  ///< of the groups of all images
  entropy_sums* sums;
};

template <class Logits>
TENON_KERNEL void entropy_part(const entropy_arguments<Logits>& arguments, std::int64_t begin, std::int64_t end) {
  const labelled_logits<Logits>& of = *arguments.of;
  for (std::int64_t part = begin; part < end; ++part) {
    entropy_sums sums;
    const std::int64_t last = arguments.parts.end(part);
    for (std::int64_t group = arguments.parts.begin(part); group < last;) {
      // A lane takes at most 16 terms in float; the rest of the sum is double.
      vec loss = {}, weight = {};
      for (const std::int64_t stop = std::min(last, group + 16); group < stop; ++group) {
        const auto at = of.logits.at(group / of.groups, group % of.groups);
        const group_labels labels = labels_of(of, at);
        const softmax_sums softmax = softmax_of(of.logits, at, labels.label);
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

/// The loss and its divisor. Where no label counts both are 0.
template <class Logits>
void entropy_of(const labelled_logits<Logits>& of, const attributes& attribute, std::span<const operand> results) {
  std::array<entropy_sums, most_parts> sums;
  const entropy_arguments<Logits> arguments{&of, equal_parts(of.logits.batch() * of.groups, most_parts, 16),
                                            sums.data()};
  in_parallel(arguments.parts.count, entropy_part<Logits>, arguments);
  entropy_sums total;
  for (std::int64_t part = 0; part < arguments.parts.count; ++part) {
    total.loss += sums[static_cast<std::size_t>(part)].loss;
    total.weight += sums[static_cast<std::size_t>(part)].weight;
  }
  const double loss = total.weight == 0 ? 0 : total.loss / total.weight;
  *results[0].as<float>() = static_cast<float>(attribute.scale * loss);
  if (results.size() < 2) return;
  const operand& divisor =
      result_at<role::divisor, operation::cross_entropy, operation::resized_cross_entropy>(results);
  if (divisor.data != nullptr) *divisor.as<float>() = static_cast<float>(total.weight);
}

/// logits, labels -> loss, divisor
inline void cross_entropy(const graph_view& graph, const attributes& attribute, std::span<const operand> operands,
                          std::span<const operand> results) {
  const operand& labels = operand_at<role::labels, operation::cross_entropy>(operands);
  entropy_of(labelled_logits<stored_logits>(graph, attribute, operands[0], labels), attribute, results);
}

/// What the gradients of a group's logits are computed from: of each pixel the weight, what of it a unit of exponential
/// takes, and the greatest logit.
struct entropy_slopes {
  group_labels labels;
  vec greatest, weight, share;
};

/// `factor`: scale / divisor
template <class Logits>
TENON_KERNEL_INLINE entropy_slopes slopes_of(const labelled_logits<Logits>& of, const typename Logits::place& at,
                                             float factor) {
  const group_labels labels = labels_of(of, at);
  const softmax_sums softmax = softmax_of(of.logits, at, labels.label);
  const vec weight = labels.weight * factor;
  return {labels, softmax.greatest, weight, weight / softmax.sum};
}

/// Puts gradients in the place of `width` channels of a group's logits, a row a channel; 0 where a channel does not
/// exist or the label does not count.
TENON_KERNEL_INLINE void differentiate_rows(const entropy_slopes& of, std::int64_t channel, std::int64_t channels,
                                            vec* rows) {
  for (std::int64_t i = 0; i < width; ++i) {
    const bool exists = channel + i < channels;
    const ivec labelled = of.labels.label == static_cast<std::int32_t>(channel + i);
    const vec probability = exponential(rows[i] - of.greatest) * of.share;
    rows[i] = exists ? (of.labels.counts ? probability - (labelled ? of.weight : vec{}) : vec{}) : vec{};
  }
}

/// What all gradients are multiplied with; 0 where no label counts.
inline float entropy_factor(const attributes& attribute, const operand& divisor) {
  const double weights = static_cast<double>(*divisor.as<const float>());
  return static_cast<float>(weights == 0 ? 0 : attribute.scale / weights);
}

struct entropy_gradient_arguments {
  const labelled_logits<stored_logits>* of;
  square_view gradient;
  float factor;  ///< scale / divisor
};

TENON_KERNEL inline void entropy_gradient_part(const entropy_gradient_arguments& arguments, std::int64_t begin,
                                               std::int64_t end) {
  const labelled_logits<stored_logits>& of = *arguments.of;
  const square_view& gradient = arguments.gradient;
  const std::int64_t channels = gradient.extents.channels;
  const std::int64_t stored = gradient.arrangement == layout::contiguous ? channels : round_up(channels, block);
  for (std::int64_t group = begin; group < end; ++group) {
    const stored_logits::place at = of.logits.at(group / of.groups, group % of.groups);
    const entropy_slopes slopes = slopes_of(of, at, arguments.factor);
    for (std::int64_t channel = 0; channel < stored; channel += width) {
      vec rows[width];
      of.logits.load(at, channel, rows);
      differentiate_rows(slopes, channel, channels, rows);
      store_square(gradient, at.image, channel, at.first, rows);
    }
  }
}

/// logits, labels, divisor -> dlogits, 0 where the label is ignored, and everywhere where no label counts
inline void cross_entropy_gradient(const graph_view& graph, const attributes& attribute,
                                   std::span<const operand> operands, std::span<const operand> results) {
  using enum operation;
  const labelled_logits<stored_logits> of(graph, attribute, operands[0],
                                          operand_at<role::labels, cross_entropy_gradient>(operands));
  const float factor = entropy_factor(attribute, operand_at<role::divisor, cross_entropy_gradient>(operands));
  const entropy_gradient_arguments arguments{&of, square_view(results[0]), factor};
  in_parallel(of.logits.batch() * of.groups, entropy_gradient_part, arguments);
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
