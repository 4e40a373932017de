// SPDX-License-Identifier: Apache-2.0
// The kernels of channelwise.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct channel_arguments {
  const float* x;
  const float* dy;
  const float* factor;
  float* to;
  blocked_extents extents;
  bool has_one_factor = false;  ///< for all channels
};

/// The slopes of a PReLU for a vector of channels.
TENON_KERNEL_INLINE vec slopes_of(const channel_arguments& of, std::int64_t channel) {
  return of.has_one_factor ? all(*of.factor) : load_some(of.factor + channel, of.extents.channels - channel);
}

TENON_KERNEL inline void prelu_part(const channel_arguments& of, std::int64_t begin, std::int64_t end) {
  while (begin < end) {
    const pixel_run run = first_run(of.extents, block, begin, end);
    for (int lane = 0; lane < block; lane += width) {
      const vec slope = slopes_of(of, run.channel + lane);
      const float* x = of.x + run.first * block + lane;
      float* y = of.to + run.first * block + lane;
      for (std::int64_t i = 0; i < run.pixels * block; i += block) {
        const vec value = load(x + i);
        store(y + i, value > vec{} ? value : slope * value);
      }
    }
    begin += run.pixels;
  }
}

/// x, slope -> y = x > 0 ? x : slope x; y may overwrite x
inline void prelu(std::span<const operand> operands, std::span<const operand> results) {
  const operand& slope = operand_at<role::slope, operation::prelu>(operands);
  const channel_arguments of{operands[0].as<const float>(),
                             nullptr,
                             slope.as<const float>(),
                             results[0].as<float>(),
                             blocked_extents(results[0].extents, block),
                             slope.extents.elements() == 1};
  in_parallel(pixels_of(of.extents), prelu_part, of);
}

/// A part of the sums over images and pixels of one block of channels.
struct slope_sums_arguments {
  channel_arguments of;
  std::int64_t first_block;
  equal_parts parts;  ///< of the images' pixels in one block
  std::array<double, block>* sums;
};

/// The most pixels that a sum of floats goes over before it is added to a double.
inline constexpr std::int64_t summed_pixels = 256;

TENON_KERNEL inline void prelu_gradient_part(const slope_sums_arguments& arguments, std::int64_t begin,
                                             std::int64_t end) {
  const channel_arguments& of = arguments.of;
  const blocked_extents& extents = of.extents;
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t channel_block = arguments.first_block + part / arguments.parts.count;
    const std::int64_t in_block = part % arguments.parts.count, last = arguments.parts.end(in_block);
    std::array<double, block> sums{};
    for (std::int64_t i = arguments.parts.begin(in_block); i < last;) {
      const std::int64_t image = i / extents.pixels, pixel = i % extents.pixels;
      const std::int64_t count = std::min({last - i, extents.pixels - pixel, summed_pixels});
      const std::int64_t first = ((image * extents.blocks + channel_block) * extents.pixels + pixel) * block;
      for (int lane = 0; lane < block; lane += width) {
        const vec slope = slopes_of(of, channel_block * block + lane);
        vec sum = {};
        for (std::int64_t at = first + lane; at < first + count * block; at += block) {
          const vec x = load(of.x + at), dy = load(of.dy + at);
          sum += x > vec{} ? vec{} : x * dy;
          if (of.to != nullptr) store(of.to + at, x > vec{} ? dy : slope * dy);
        }
        for (int k = 0; k < width; ++k) sums[static_cast<std::size_t>(lane + k)] += static_cast<double>(sum[k]);
      }
      i += count;
    }
    arguments.sums[part] = sums;
  }
}

/// x, dy, slope -> dx, dslope; dx may overwrite x or dy. A result without memory is left out.
inline void prelu_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const operand& slope = operand_at<role::slope, operation::prelu_gradient>(operands);
  const channel_arguments of{operands[0].as<const float>(),
                             operand_at<role::output_gradient, operation::prelu_gradient>(operands).as<const float>(),
                             slope.as<const float>(),
                             results[0].as<float>(),
                             blocked_extents(operands[0].extents, block),
                             slope.extents.elements() == 1};
  std::array<std::array<double, block>, most_parts> sums;
  float* const dslope = result_at<role::slope_gradient, operation::prelu_gradient>(results).as<float>();
  double total = 0;
  for (std::int64_t first = 0; first < of.extents.blocks; first += most_parts) {
    const std::int64_t blocks = std::min(most_parts, of.extents.blocks - first);
    const slope_sums_arguments arguments{
        of, first, equal_parts(of.extents.batch * of.extents.pixels, std::max<std::int64_t>(1, most_parts / blocks), 1),
        sums.data()};
    in_parallel(blocks * arguments.parts.count, prelu_gradient_part, arguments);
    for (std::int64_t i = 0; i < blocks * block; ++i) {
      double sum = 0;
      for (std::int64_t part = 0; part < arguments.parts.count; ++part) {
        sum += sums[static_cast<std::size_t>(i / block * arguments.parts.count + part)]
                   [static_cast<std::size_t>(i % block)];
      }
      total += sum;
      const std::int64_t channel = first * block + i;
      if (dslope != nullptr && !of.has_one_factor && channel < of.extents.channels)
        dslope[channel] = static_cast<float>(sum);
    }
  }
  if (dslope != nullptr && of.has_one_factor) *dslope = static_cast<float>(total);
}

TENON_KERNEL inline void scale_part(const channel_arguments& of, std::int64_t begin, std::int64_t end) {
  while (begin < end) {
    const pixel_run run = first_run(of.extents, block, begin, end);
    const float* const factors = of.factor + (run.image * of.extents.blocks * block + run.channel);
    for (int lane = 0; lane < block; lane += width) {
      const vec factor = load(factors + lane);
      const float* x = of.x + run.first * block + lane;
      float* y = of.to + run.first * block + lane;
      for (std::int64_t i = 0; i < run.pixels * block; i += block) store(y + i, load(x + i) * factor);
    }
    begin += run.pixels;
  }
}

/// a, b -> a * b; b of a's shape, or of one pixel an image. The result may overwrite a, and b of its shape.
inline void multiply(std::span<const operand> operands, std::span<const operand> results) {
  const operand& factor = operand_at<role::factor, operation::multiply>(operands);
  const float *a = operands[0].as<const float>(), *b = factor.as<const float>();
  float* const to = results[0].as<float>();
  if (factor.extents == operands[0].extents)
    return run_flat(multiply_part, {a, b, to, results[0].stored_elements(block)});
  const channel_arguments of{a, nullptr, b, to, blocked_extents(results[0].extents, block)};
  in_parallel(pixels_of(of.extents), scale_part, of);
}

TENON_KERNEL inline void multiply_gradient_part(const channel_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t plane = begin; plane < end; ++plane) {
    const std::int64_t first = plane * of.extents.pixels * block;
    for (int lane = 0; lane < block; lane += width) {
      std::array<double, width> sums{};
      for (std::int64_t pixel = 0; pixel < of.extents.pixels; pixel += summed_pixels) {
        const std::int64_t last = std::min(pixel + summed_pixels, of.extents.pixels);
        vec sum = {};
        for (std::int64_t i = first + pixel * block + lane; i < first + last * block; i += block)
          sum += load(of.x + i) * load(of.dy + i);
        for (int k = 0; k < width; ++k) sums[static_cast<std::size_t>(k)] += static_cast<double>(sum[k]);
      }
      for (int k = 0; k < width; ++k)
        of.to[plane * block + lane + k] = static_cast<float>(sums[static_cast<std::size_t>(k)]);
    }
  }
}

/// a, dy -> db, for b of one pixel an image
inline void multiply_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const channel_arguments of{
      operands[0].as<const float>(),
      operand_at<role::output_gradient, operation::multiply_gradient>(operands).as<const float>(), nullptr,
      results[0].as<float>(), blocked_extents(operands[0].extents, block)};
  in_parallel(of.extents.planes(), multiply_gradient_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
