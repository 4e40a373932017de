// SPDX-License-Identifier: Apache-2.0
// The kernels of updates.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// What a thread takes at once.
inline constexpr std::int64_t update_grain = 4096;

/// The rate of one parameter.
inline double learning_rate(const attributes& attribute, const step_arguments& arguments) {
  return static_cast<double>(arguments.learning_rate) * attribute.learning_rate_factor;
}

struct finite_arguments {
  const float* values;
  std::int64_t count;
  std::atomic<bool>* found;  ///< whether one is not finite
};

TENON_KERNEL inline void finite_part(const finite_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * update_grain, of.count);
  constexpr std::int32_t exponent = 0x7f800000;
  ivec found = {};  // by bits, which no compiler flag changes
  for (std::int64_t i = begin * update_grain; i < last; i += width) {
    found |= (reinterpret_cast<ivec>(load_some(of.values + i, last - i)) & exponent) == exponent;
  }
  bool finite = true;
  for (int lane = 0; lane < width; ++lane) finite = finite && found[lane] == 0;
  if (!finite) of.found->store(true, std::memory_order_relaxed);
}

/// Before an update: throws numeric_error if the gradient is not finite.
inline void check_gradient(const graph_view& graph, const node& of, const operand& gradient) {
  std::atomic<bool> found = false;
  const finite_arguments arguments{gradient.as<const float>(), gradient.extents.elements(), &found};
  in_parallel(divide_up(arguments.count, update_grain), finite_part, arguments);
  if (found) refuse_gradient(graph.text(of.scope), arguments.values, arguments.count);
}

/// What becomes of a gradient before it is used.
struct gradient_change {
  float factor = 1;
  float greatest = 0;  ///< of an element; 0: any

  gradient_change(operation op, const attributes& attribute, std::span<const operand> operands)
      : greatest(static_cast<float>(attribute.clip)) {
    if (const auto* given = data_of<const float>(op, attribute, operands.data(), role::gradient_factor))
      factor = *given;
  }
};

TENON_KERNEL_INLINE vec changed(const gradient_change& by, vec gradient) {
  if (by.greatest != 0) {
    gradient = gradient > by.greatest ? all(by.greatest) : gradient;
    gradient = gradient < -by.greatest ? all(-by.greatest) : gradient;
  }
  return by.factor * gradient;
}

struct sgd_arguments {
  float* parameter;
  const float* gradient;
  float* velocity;  ///< null without momentum
  std::int64_t count;
  float weight_decay, momentum, learning_rate;
  bool nesterov;
  gradient_change change;
};

TENON_KERNEL inline void sgd_part(const sgd_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * update_grain, of.count);
  for (std::int64_t i = begin * update_grain; i < last; i += width) {
    const std::int64_t rest = last - i;
    const vec parameter = load_some(of.parameter + i, rest);
    vec step = changed(of.change, load_some(of.gradient + i, rest)) + of.weight_decay * parameter;
    if (of.velocity != nullptr) {
      const vec velocity = of.momentum * load_some(of.velocity + i, rest) + step;
      store_some(of.velocity + i, velocity, rest);
      step = of.nesterov ? step + of.momentum * velocity : velocity;
    }
    store_some(of.parameter + i, parameter - of.learning_rate * step, rest);
  }
}

/// parameter, gradient, [factor], [velocity]: PyTorch's SGD without dampening. Throws numeric_error, and changes
/// nothing, for a gradient that is not finite.
inline void sgd(const graph_view& graph, const node& node_of, std::span<const operand> operands,
                const step_arguments& arguments) {
  const operand &parameter = operand_at<role::parameter, operation::sgd>(operands),
                &gradient = operand_at<role::parameter_gradient, operation::sgd>(operands);
  check_gradient(graph, node_of, gradient);
  const attributes& attribute = node_of.attribute;
  const sgd_arguments of{
      parameter.as<float>(),
      gradient.as<const float>(),
      data_of<float>(operation::sgd, attribute, operands.data(), role::optimizer_state, operands.size()),
      parameter.extents.elements(),
      static_cast<float>(attribute.weight_decay),
      static_cast<float>(attribute.momentum),
      static_cast<float>(learning_rate(attribute, arguments)),
      attribute.nesterov,
      {operation::sgd, attribute, operands}};
  in_parallel(divide_up(of.count, update_grain), sgd_part, of);
}

struct adam_arguments {
  float* parameter;
  const float* gradient;
  float* first;
  float* second;
  std::int64_t count;
  float decay;  ///< added to the gradient as a share of the parameter
  float kept;   ///< the parameter's factor before the step, for decoupled weight decay
  float beta1, beta2;
  float more1, more2;  ///< 1 - beta, rounded once
  float step;          ///< learning rate / first bias correction
  float correction;    ///< 1 / square root of the second bias correction
  float epsilon;
  gradient_change change;
};

TENON_KERNEL inline void adam_part(const adam_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t last = std::min(end * update_grain, of.count);
  for (std::int64_t i = begin * update_grain; i < last; i += width) {
    const std::int64_t rest = last - i;
    const vec parameter = load_some(of.parameter + i, rest);
    const vec gradient = changed(of.change, load_some(of.gradient + i, rest)) + of.decay * parameter;
    const vec first = of.beta1 * load_some(of.first + i, rest) + of.more1 * gradient;
    const vec second = of.beta2 * load_some(of.second + i, rest) + of.more2 * gradient * gradient;
    store_some(of.first + i, first, rest);
    store_some(of.second + i, second, rest);
    const vec divisor = square_root(second) * of.correction + of.epsilon;
    store_some(of.parameter + i, of.kept * parameter - of.step * first / divisor, rest);
  }
}

/// parameter, gradient, [factor], first moment, second moment: PyTorch's Adam, or AdamW if attribute.decoupled. Throws
/// as sgd.
inline void adam(const graph_view& graph, const node& node_of, std::span<const operand> operands,
                 const step_arguments& arguments) {
  const operand &parameter = operand_at<role::parameter, operation::adam>(operands),
                &gradient = operand_at<role::parameter_gradient, operation::adam>(operands);
  check_gradient(graph, node_of, gradient);
  const attributes& attribute = node_of.attribute;
  const double rate = learning_rate(attribute, arguments), step = static_cast<double>(arguments.update_number());
  const operand* const moments = find_operand(operation::adam, attribute, operands.data(), role::optimizer_state);
  const double correction1 = 1 - std::pow(attribute.beta1, step), correction2 = 1 - std::pow(attribute.beta2, step);
  const adam_arguments of{
      parameter.as<float>(),
      gradient.as<const float>(),
      moments[0].as<float>(),
      moments[1].as<float>(),
      parameter.extents.elements(),
      static_cast<float>(attribute.decoupled ? 0 : attribute.weight_decay),
      static_cast<float>(attribute.decoupled ? 1 - rate * attribute.weight_decay : 1),
      static_cast<float>(attribute.beta1),
      static_cast<float>(attribute.beta2),
      static_cast<float>(1 - attribute.beta1),
      static_cast<float>(1 - attribute.beta2),
      static_cast<float>(rate / correction1),
      static_cast<float>(1 / std::sqrt(correction2)),
      static_cast<float>(attribute.epsilon),
      {operation::adam, attribute, operands},
  };
  in_parallel(divide_up(of.count, update_grain), adam_part, of);
}

/// mean, variance (biased), running mean, running variance (which attribute.scale makes unbiased)
inline void running_statistics(const attributes& attribute, std::span<const operand> operands) {
  const std::int64_t channels = operands[0].extents.elements();
  const double share = attribute.momentum;
  const float* const mean = operand_at<role::mean, operation::running_statistics>(operands).as<const float>();
  const float* const variance = operand_at<role::variance, operation::running_statistics>(operands).as<const float>();
  float* const running_mean = operand_at<role::running_mean, operation::running_statistics>(operands).as<float>();
  float* const running_variance =
      operand_at<role::running_variance, operation::running_statistics>(operands).as<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double m = static_cast<double>(mean[c]), v = static_cast<double>(variance[c]) * attribute.scale;
    running_mean[c] = static_cast<float>((1 - share) * static_cast<double>(running_mean[c]) + share * m);
    running_variance[c] = static_cast<float>((1 - share) * static_cast<double>(running_variance[c]) + share * v);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
