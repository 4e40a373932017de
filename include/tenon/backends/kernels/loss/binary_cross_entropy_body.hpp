// SPDX-License-Identifier: Apache-2.0
// The kernels of binary_cross_entropy.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// log(1 + x) for x in [0, 1], to 2 units in the last place.
TENON_KERNEL_INLINE vec logarithm_of_one_and(vec x) {
  // 2 artanh(t), t = x / (2 + x) of at most 1/3: the terms of the series fall by 9.
  const vec t = x / (x + 2.0f), square = t * t;
  vec series = square * (2.0f / 15) + 2.0f / 13;
  series = series * square + 2.0f / 11;
  series = series * square + 2.0f / 9;
  series = series * square + 2.0f / 7;
  series = series * square + 2.0f / 5;
  series = series * square + 2.0f / 3;
  return t * 2.0f + t * square * series;
}

/// max(x, 0) - x t + log(1 + e^-|x|)
TENON_KERNEL_INLINE vec entropy_of(vec x, vec target) {
  const vec small = exponential(x > vec{} ? -x : x);
  return rectified(x) - x * target + logarithm_of_one_and(small);
}

/// Logits and targets of one layout. Elements of a contiguous tensor are counted one by one, of a blocked one by pixels
/// of block planes.
struct binary_arguments {
  const float* x;
  const float* target;
  float* to;
  float factor;
  bool is_contiguous;
  blocked_extents extents;
  equal_parts parts;
  double* sums;

  binary_arguments(std::span<const operand> operands, float* result, float times, double* partial_sums)
      : x(operands[0].as<const float>()),
        target(operand_at<role::expected, operation::binary_cross_entropy, operation::binary_cross_entropy_gradient>(
                   operands)
                   .as<const float>()),
        to(result),
        factor(times),
        is_contiguous(operands[0].arrangement == layout::contiguous),
        extents(operands[0].extents, block),
        parts(is_contiguous ? operands[0].extents.elements() : pixels_of(extents), most_parts,
              is_contiguous ? flat_grain : 64),
        sums(partial_sums) {}
};

TENON_KERNEL_INLINE double sum_of(vec terms) {
  double sum = 0;
  for (int lane = 0; lane < width; ++lane) sum += static_cast<double>(terms[lane]);
  return sum;
}

/// The sum of `count` contiguous elements from `first` on.
TENON_KERNEL_INLINE double contiguous_entropy(const binary_arguments& of, std::int64_t first, std::int64_t last) {
  double sum = 0;
  while (first < last) {
    vec terms = {};
    for (const std::int64_t stop = std::min(last, first + 64 * width); first < stop; first += width) {
      const vec more = entropy_of(load_some(of.x + first, last - first), load_some(of.target + first, last - first));
      if (first + width <= last) {
        terms += more;
      } else {
        for (int lane = 0; lane < last - first; ++lane) terms[lane] += more[lane];
      }
    }
    sum += sum_of(terms);
  }
  return sum;
}

/// The sum of at most 64 pixels of a block, padding left out.
TENON_KERNEL_INLINE double blocked_entropy(const binary_arguments& of, const pixel_run& run) {
  double sum = 0;
  for (int lane = 0; lane < block; lane += width) {
    vec terms = {};
    for (std::int64_t i = run.first * block + lane; i < (run.first + run.pixels) * block; i += block)
      terms += entropy_of(load(of.x + i), load(of.target + i));
    for (std::int64_t i = std::max<std::int64_t>(of.extents.channels - run.channel - lane, 0); i < width; ++i)
      terms[i] = 0;
    sum += sum_of(terms);
  }
  return sum;
}

TENON_KERNEL inline void binary_entropy_part(const binary_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    std::int64_t i = of.parts.begin(part);
    const std::int64_t last = of.parts.end(part);
    double sum = 0;
    if (of.is_contiguous) {
      sum = contiguous_entropy(of, i, last);
    } else {
      while (i < last) {
        const pixel_run run = first_run(of.extents, block, i, std::min(last, i + 64));
        sum += blocked_entropy(of, run);
        i += run.pixels;
      }
    }
    of.sums[part] = sum;
  }
}

/// logits, target (of one layout) -> loss = scale * mean(max(x, 0) - x t + log(1 + e^-|x|))
inline void binary_cross_entropy(const attributes& attribute, std::span<const operand> operands,
                                 std::span<const operand> results) {
  std::array<double, most_parts> sums;
  const binary_arguments of(operands, nullptr, 0, sums.data());
  in_parallel(of.parts.count, binary_entropy_part, of);
  double sum = 0;
  for (std::int64_t part = 0; part < of.parts.count; ++part) sum += sums[static_cast<std::size_t>(part)];
  *results[0].as<float>() =
      static_cast<float>(attribute.scale * sum / static_cast<double>(operands[0].extents.elements()));
}

TENON_KERNEL inline void binary_gradient_part(const binary_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t unit = of.is_contiguous ? 1 : block, last = of.parts.end(part) * unit;
    for (std::int64_t i = of.parts.begin(part) * unit; i < last; i += width) {
      const vec probability = activated<activation::sigmoid>(load_some(of.x + i, last - i), vec{});
      store_some(of.to + i, (probability - load_some(of.target + i, last - i)) * of.factor, last - i);
    }
    if (of.is_contiguous) continue;
    for (std::int64_t i = of.parts.begin(part); i < of.parts.end(part);) {
      const pixel_run run = first_run(of.extents, block, i, of.parts.end(part));
      if (of.extents.channels - run.channel < block)
        clear_padding(of.to + run.first * block, run.pixels, of.extents.channels - run.channel);
      i += run.pixels;
    }
  }
}

/// logits, target (of one layout) -> dlogits; dlogits may overwrite either
inline void binary_cross_entropy_gradient(const attributes& attribute, std::span<const operand> operands,
                                          std::span<const operand> results) {
  const double factor = attribute.scale / static_cast<double>(operands[0].extents.elements());
  const binary_arguments of(operands, results[0].as<float>(), static_cast<float>(factor), nullptr);
  in_parallel(of.parts.count, binary_gradient_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
