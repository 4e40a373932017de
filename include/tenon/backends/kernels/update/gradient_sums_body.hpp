// SPDX-License-Identifier: Apache-2.0
// The kernels of gradient_sums.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct accumulate_arguments {
  float* sum;
  const float* gradient;
  std::int64_t count;
  float factor;
  bool starts;
};

TENON_KERNEL inline void accumulate_part(const accumulate_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * update_grain, of.count);
  for (std::int64_t i = begin * update_grain; i < last; i += width) {
    vec sum = of.factor * load_some(of.gradient + i, last - i);
    if (!of.starts) sum += load_some(of.sum + i, last - i);
    store_some(of.sum + i, sum, last - i);
  }
}

/// sum, gradient -> sum, which lies where the operand does: as operation::accumulate. Throws numeric_error for a
/// gradient that is not finite, and the sum is as it was.
inline void accumulate(const graph_view& graph, const node& node_of, std::span<const operand> operands,
                       std::span<const operand> results, const step_arguments& arguments) {
  const operand& gradient = operand_at<role::parameter_gradient, operation::accumulate>(operands);
  check_gradient(graph, node_of, gradient);
  const accumulate_arguments of{results[0].as<float>(), gradient.as<const float>(), gradient.extents.elements(),
                                static_cast<float>(node_of.attribute.scale), arguments.starts_sum};
  in_parallel(divide_up(of.count, update_grain), accumulate_part, of);
}

struct norm_squares_arguments {
  const float* gradient;
  equal_parts parts;
  double* sums;
};

/// A lane takes at most 64 terms in float; the rest of a sum is double.
TENON_KERNEL inline void norm_squares_part(const norm_squares_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    double total = 0;
    const std::int64_t last = of.parts.end(part);
    for (std::int64_t i = of.parts.begin(part); i < last;) {
      vec sum = {};
      for (const std::int64_t stop = std::min<std::int64_t>(last, i + 64 * width); i < stop; i += width) {
        const vec value = load_some(of.gradient + i, last - i);
        sum += value * value;
      }
      for (int lane = 0; lane < width; ++lane) total += static_cast<double>(sum[lane]);
    }
    of.sums[part] = total;
  }
}

/// gradients ... -> factor: as operation::clip_norm, torch.nn.utils.clip_grad_norm_. It does not depend on the number
/// of threads. Throws numeric_error for a gradient that is not finite.
inline void clip_norm(const graph_view& graph, const node& node_of, std::span<const operand> operands,
                      std::span<const operand> results) {
  std::array<double, most_parts> sums;
  double squares = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const float* const gradient = operands[i].as<const float>();
    const std::int64_t count = operands[i].extents.elements();
    const norm_squares_arguments of{gradient, equal_parts(count, most_parts, update_grain), sums.data()};
    in_parallel(of.parts.count, norm_squares_part, of);
    for (std::int64_t part = 0; part < of.parts.count; ++part) squares += sums[static_cast<std::size_t>(part)];
    // The square of a great number that is finite may not be.
    if (!is_finite(squares) && !all_finite(gradient, count))
      refuse_gradient(parameter_name_of(graph, node_of, i), gradient, count);
  }
  *results[0].as<float>() = static_cast<float>(std::min(1.0, node_of.attribute.clip / (std::sqrt(squares) + 1e-6)));
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
