// SPDX-License-Identifier: Apache-2.0
// The kernels of pointwise.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct flat_arguments {
  const float* a;
  const float* b;
  float* to;
  std::int64_t count;
  float factor = 1;
};

/// What a thread takes at once.
inline constexpr std::int64_t flat_grain = 4096;

TENON_KERNEL inline void add_part(const flat_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * flat_grain, of.count);
  std::int64_t i = begin * flat_grain;
  for (; i + width <= last; i += width) store(of.to + i, load(of.a + i) + load(of.b + i));
  for (; i < last; ++i) of.to[i] = of.a[i] + of.b[i];
}

TENON_KERNEL inline void multiply_part(const flat_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * flat_grain, of.count);
  std::int64_t i = begin * flat_grain;
  for (; i + width <= last; i += width) store(of.to + i, load(of.a + i) * load(of.b + i));
  for (; i < last; ++i) of.to[i] = of.a[i] * of.b[i];
}

TENON_KERNEL inline void scaled_difference_part(const flat_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * flat_grain, of.count);
  std::int64_t i = begin * flat_grain;
  for (; i + width <= last; i += width) store(of.to + i, (load(of.a + i) - load(of.b + i)) * of.factor);
  for (; i < last; ++i) of.to[i] = (of.a[i] - of.b[i]) * of.factor;
}

inline void run_flat(void (*part)(const flat_arguments&, std::int64_t, std::int64_t), const flat_arguments& of) {
  in_parallel(divide_up(of.count, flat_grain), part, of);
}

struct activation_arguments {
  activation function;
  float slope;
  const float* x;
  const float* dy;
  float* to;
  std::int64_t count;
  blocked_extents extents;
};

TENON_KERNEL inline void activate_part(const activation_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t first = begin * flat_grain, last = std::min(end * flat_grain, of.count);
  activate(of.function, of.slope, of.x + first, of.to + first, last - first);
}

/// The same for functions that would fill the padding: pixels begin to end - 1.
TENON_KERNEL inline void activate_and_clear_part(const activation_arguments& of, std::int64_t begin, std::int64_t end) {
  while (begin < end) {
    const pixel_run run = first_run(of.extents, block, begin, end);
    float* const y = of.to + run.first * block;
    activate(of.function, of.slope, of.x + run.first * block, y, run.pixels * block);
    if (of.extents.channels - run.channel < block) clear_padding(y, run.pixels, of.extents.channels - run.channel);
    begin += run.pixels;
  }
}

TENON_KERNEL inline void activation_gradient_part(const activation_arguments& of, std::int64_t begin,
                                                  std::int64_t end) {
  const std::int64_t first = begin * flat_grain, last = std::min(end * flat_grain, of.count);
  pass_back(of.function, of.slope, of.x + first, of.dy + first, of.to + first, last - first);
}

/// x -> y = attributes.fused of x; y may overwrite x
inline void activate(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const activation_arguments of{attribute.fused,
                                static_cast<float>(attribute.slope),
                                operands[0].as<const float>(),
                                nullptr,
                                results[0].as<float>(),
                                results[0].stored_elements(block),
                                blocked_extents(results[0].extents, block)};
  const bool is_contiguous = results[0].arrangement == layout::contiguous;
  if (keeps_zero(attribute.fused) || is_contiguous || of.extents.channels % block == 0) {
    in_parallel(divide_up(of.count, flat_grain), activate_part, of);
  } else {
    in_parallel(pixels_of(of.extents), activate_and_clear_part, of);
  }
}

/// y, dy -> dx, y the output of the activation, but of a hard swish the input; dx may overwrite either
inline void activation_gradient(const attributes& attribute, std::span<const operand> operands,
                                std::span<const operand> results) {
  const activation_arguments of{
      attribute.fused,
      static_cast<float>(attribute.slope),
      operands[0].as<const float>(),
      operand_at<role::output_gradient, operation::activation_gradient>(operands).as<const float>(),
      results[0].as<float>(),
      results[0].stored_elements(block),
      blocked_extents(results[0].extents, block)};
  in_parallel(divide_up(of.count, flat_grain), activation_gradient_part, of);
}

/// a, b -> a + b; the result may overwrite either
inline void add(std::span<const operand> operands, std::span<const operand> results) {
  run_flat(add_part, {operands.front().as<const float>(), operands.back().as<const float>(), results[0].as<float>(),
                      results[0].stored_elements(block)});
}

/// x, target -> dx; dx may overwrite either
inline void mean_square_gradient(const attributes& attribute, std::span<const operand> operands,
                                 std::span<const operand> results) {
  const double factor = 2 * attribute.scale / static_cast<double>(operands[0].extents.elements());
  run_flat(scaled_difference_part,
           {operands[0].as<const float>(),
            operand_at<role::expected, operation::mean_square_gradient>(operands).as<const float>(),
            results[0].as<float>(), results[0].stored_elements(block), static_cast<float>(factor)});
}

struct squares_arguments {
  const float* a;
  const float* b;
  equal_parts parts;
  double* sums;
};

TENON_KERNEL inline void squares_part(const squares_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    double sum = 0;
    const std::int64_t last = of.parts.end(part);
    for (std::int64_t i = of.parts.begin(part); i < last;) {
      // A vector takes at most 64 squares; the rest of the sum is double.
      vec squares = {};
      const std::int64_t stop = std::min(last, i + 64 * width);
      for (; i + width <= stop; i += width) {
        const vec difference = load(of.a + i) - load(of.b + i);
        squares += difference * difference;
      }
      for (int lane = 0; lane < width; ++lane) sum += static_cast<double>(squares[lane]);
      for (; i < stop; ++i) {
        const double difference = static_cast<double>(of.a[i]) - static_cast<double>(of.b[i]);
        sum += difference * difference;
      }
    }
    of.sums[part] = sum;
  }
}

/// x, target (of one layout) -> loss = scale * mean((x - target)^2)
inline void mean_square(const attributes& attribute, std::span<const operand> operands,
                        std::span<const operand> results) {
  std::array<double, most_parts> sums;
  const squares_arguments of{operands[0].as<const float>(),
                             operand_at<role::expected, operation::mean_square>(operands).as<const float>(),
                             equal_parts(operands[0].stored_elements(block), most_parts, flat_grain), sums.data()};
  in_parallel(of.parts.count, squares_part, of);
  double sum = 0;
  for (std::int64_t part = 0; part < of.parts.count; ++part) sum += sums[static_cast<std::size_t>(part)];
  *results[0].as<float>() =
      static_cast<float>(attribute.scale * sum / static_cast<double>(operands[0].extents.elements()));
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
