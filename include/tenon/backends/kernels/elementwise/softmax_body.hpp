// SPDX-License-Identifier: Apache-2.0
// The kernels of softmax.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct softmax_arguments {
  square_view from, dy, to;
  std::int64_t groups;  ///< of `width` pixels, in an image
};

// Contiguous tensors: a vector holds pixels.

TENON_KERNEL inline void contiguous_softmax_part(const softmax_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const std::int64_t count = of.to.extents.pixels - pixel;
    const softmax_sums sums = softmax_of(stored_logits(of.from), {image, pixel, count}, ivec{} - 1);
    const vec share = 1.0f / sums.sum;
    for (std::int64_t channel = 0; channel < of.to.extents.channels; ++channel) {
      const vec x = load_some(of.from.element(image, channel, pixel), count);
      store_some(of.to.element(image, channel, pixel), exponential(x - sums.greatest) * share, count);
    }
  }
}

TENON_KERNEL inline void contiguous_softmax_gradient_part(const softmax_arguments& of, std::int64_t begin,
                                                          std::int64_t end) {
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const std::int64_t count = of.to.extents.pixels - pixel;
    vec mean = {};  // of dy, each channel with its share y
    for (std::int64_t channel = 0; channel < of.to.extents.channels; ++channel)
      mean += load_some(of.from.element(image, channel, pixel), count) *
              load_some(of.dy.element(image, channel, pixel), count);
    for (std::int64_t channel = 0; channel < of.to.extents.channels; ++channel) {
      const vec y = load_some(of.from.element(image, channel, pixel), count);
      const vec dy = load_some(of.dy.element(image, channel, pixel), count);
      store_some(of.to.element(image, channel, pixel), y * (dy - mean), count);
    }
  }
}

// Blocked tensors: a vector holds channels. What all channels of a pixel make together is one vector a pixel first;
// `width` of them are transposed once, so that it becomes one lane a pixel.

/// The lanes that are channels, from `channel` on.
TENON_KERNEL_INLINE ivec existing(const blocked_extents& extents, std::int64_t channel) {
  ivec lane;
  for (int i = 0; i < width; ++i) lane[i] = i;
  return lane < static_cast<std::int32_t>(std::min<std::int64_t>(extents.channels - channel, width));
}

TENON_KERNEL_INLINE vec greatest_of(vec* rows) {
  transpose(rows);
  vec greatest = rows[0];
  for (int i = 1; i < width; ++i) greatest = rows[i] > greatest ? rows[i] : greatest;
  return greatest;
}

TENON_KERNEL_INLINE vec total_of(vec* rows) {
  transpose(rows);
  vec total = rows[0];
  for (int i = 1; i < width; ++i) total += rows[i];
  return total;
}

TENON_KERNEL inline void softmax_part(const softmax_arguments& of, std::int64_t begin, std::int64_t end) {
  const blocked_extents& extents = of.to.extents;
  const vec lowest = all(-std::numeric_limits<float>::infinity());
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const std::int64_t count = std::min<std::int64_t>(width, extents.pixels - pixel);
    vec rows[width];
    for (vec& row : rows) row = lowest;
    for (std::int64_t channel = 0; channel < extents.blocks * block; channel += width) {
      const float* const x = of.from.blocked(image, channel, pixel);
      const ivec exists = existing(extents, channel);
      for (std::int64_t i = 0; i < count; ++i) {
        const vec value = exists ? load(x + i * block) : lowest;
        rows[i] = value > rows[i] ? value : rows[i];
      }
    }
    const vec greatest = greatest_of(rows);
    for (vec& row : rows) row = vec{};
    for (std::int64_t channel = 0; channel < extents.blocks * block; channel += width) {
      const float* const x = of.from.blocked(image, channel, pixel);
      float* const y = of.to.blocked(image, channel, pixel);
      const ivec exists = existing(extents, channel);
      for (std::int64_t i = 0; i < count; ++i) {
        const vec value = exists ? exponential(load(x + i * block) - greatest[i]) : vec{};
        rows[i] += value;
        store(y + i * block, value);
      }
    }
    const vec share = 1.0f / total_of(rows);
    for (std::int64_t channel = 0; channel < extents.blocks * block; channel += width) {
      float* const y = of.to.blocked(image, channel, pixel);
      const ivec exists = existing(extents, channel);  // the share may be NaN
      for (std::int64_t i = 0; i < count; ++i) store(y + i * block, exists ? load(y + i * block) * share[i] : vec{});
    }
  }
}

TENON_KERNEL inline void softmax_gradient_part(const softmax_arguments& of, std::int64_t begin, std::int64_t end) {
  const blocked_extents& extents = of.to.extents;
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const std::int64_t count = std::min<std::int64_t>(width, extents.pixels - pixel);
    vec rows[width] = {};
    for (std::int64_t channel = 0; channel < extents.blocks * block; channel += width) {
      const float* const y = of.from.blocked(image, channel, pixel);
      const float* const dy = of.dy.blocked(image, channel, pixel);
      for (std::int64_t i = 0; i < count; ++i) rows[i] += load(y + i * block) * load(dy + i * block);
    }
    const vec mean = total_of(rows);  // of dy, each channel with its share y
    for (std::int64_t channel = 0; channel < extents.blocks * block; channel += width) {
      const float* const y = of.from.blocked(image, channel, pixel);
      const float* const dy = of.dy.blocked(image, channel, pixel);
      float* const dx = of.to.blocked(image, channel, pixel);
      const ivec exists = existing(extents, channel);
      for (std::int64_t i = 0; i < count; ++i)
        store(dx + i * block, exists ? load(y + i * block) * (load(dy + i * block) - mean[i]) : vec{});
    }
  }
}

inline softmax_arguments softmax_arguments_of(const operand& from, const operand& dy, const operand& to) {
  const square_view result(to);
  return {square_view(from), square_view(dy), result, divide_up(result.extents.pixels, width)};
}

/// x -> y, of one layout; y may overwrite x
inline void softmax(std::span<const operand> operands, std::span<const operand> results) {
  const softmax_arguments of = softmax_arguments_of(operands[0], operands[0], results[0]);
  in_parallel(of.to.extents.batch * of.groups,
              of.to.arrangement == layout::contiguous ? contiguous_softmax_part : softmax_part, of);
}

/// y, dy -> dx, all of one layout, y the result of the softmax; dx may overwrite either
inline void softmax_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const softmax_arguments of = softmax_arguments_of(
      operands[0], operand_at<role::output_gradient, operation::softmax_gradient>(operands), results[0]);
  in_parallel(of.to.extents.batch * of.groups,
              of.to.arrangement == layout::contiguous ? contiguous_softmax_gradient_part : softmax_gradient_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
