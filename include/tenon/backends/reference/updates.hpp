// SPDX-License-Identifier: Apache-2.0
// What a training step changes for good: running statistics and parameters.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tenon/backends/finite.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"
#include "tenon/graph/graph.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// mean, variance (biased), running mean, running variance: PyTorch's batch norm, whose running variance is unbiased.
/// attribute.scale is the factor of n values a channel, n / (n - 1).
template <class T>
void running_statistics(const attributes& attribute, std::span<const operand> operands) {
  const auto share = static_cast<T>(attribute.momentum);
  const auto unbias = static_cast<T>(attribute.scale);
  const T *mean = operands[0].as<const T>(),
          *variance = operand_at<role::variance, operation::running_statistics>(operands).as<const T>();
  T *running_mean = operand_at<role::running_mean, operation::running_statistics>(operands).as<T>(),
    *running_variance = operand_at<role::running_variance, operation::running_statistics>(operands).as<T>();
  for (std::int64_t i = 0; i < operands[0].extents.elements(); ++i) {
    running_mean[i] = (1 - share) * running_mean[i] + share * mean[i];
    running_variance[i] = (1 - share) * running_variance[i] + share * unbias * variance[i];
  }
}

/// The rate of one parameter.
template <class T>
T learning_rate(const attributes& attribute, const step_arguments& arguments) {
  return static_cast<T>(static_cast<double>(arguments.learning_rate) * attribute.learning_rate_factor);
}

/// Throws numeric_error if the gradient of an update or of a sum is not finite.
template <class T>
void check_gradient(const graph_view& graph, const node& of, const operand& checked) {
  const T* gradient = checked.as<const T>();
  const std::int64_t count = checked.extents.elements();
  for (std::int64_t i = 0; i < count; ++i)
    if (!is_finite(gradient[i])) refuse_gradient(graph.text(of.scope), gradient, count);
}

/// A gradient as an update uses it: clamped, and multiplied with the factor that clips the norm of all.
template <class T>
T changed(operation op, const attributes& attribute, std::span<const operand> operands, T gradient) {
  const auto greatest = static_cast<T>(attribute.clip);
  if (greatest != 0) gradient = gradient > greatest ? greatest : gradient < -greatest ? -greatest : gradient;
  const auto* factor = data_of<const T>(op, attribute, operands.data(), role::gradient_factor);
  return factor == nullptr ? gradient : *factor * gradient;
}

/// sum, gradient -> sum, which lies where the operand does. Throws as sgd.
template <class T>
void accumulate(const graph_view& graph, const node& of, std::span<const operand> operands,
                std::span<const operand> results, const step_arguments& arguments) {
  const operand& arriving = operand_at<role::parameter_gradient, operation::accumulate>(operands);
  check_gradient<T>(graph, of, arriving);
  const attributes& attribute = of.attribute;
  T* sum = results[0].as<T>();
  const T* gradient = arriving.as<const T>();
  for (std::int64_t i = 0; i < arriving.extents.elements(); ++i) {
    const T share = static_cast<T>(attribute.scale) * gradient[i];
    sum[i] = arguments.starts_sum ? share : sum[i] + share;
  }
}

/// gradients ... -> factor, as torch.nn.utils.clip_grad_norm_ has it. Throws numeric_error for one that is not finite.
template <class T>
void clip_norm(const graph_view& graph, const node& of, std::span<const operand> operands,
               std::span<const operand> results) {
  double squares = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const T* gradient = operands[i].as<const T>();
    const std::int64_t count = operands[i].extents.elements();
    for (std::int64_t k = 0; k < count; ++k) {
      if (!is_finite(gradient[k])) refuse_gradient(parameter_name_of(graph, of, i), gradient, count);
      squares += static_cast<double>(gradient[k]) * static_cast<double>(gradient[k]);
    }
  }
  *results[0].as<T>() = static_cast<T>(std::min(1.0, of.attribute.clip / (std::sqrt(squares) + 1e-6)));
}

/// parameter, gradient, [factor], [velocity]: torch.optim.SGD without dampening; the velocity starts as zeros. Throws
/// numeric_error, and changes nothing, for a gradient that is not finite.
template <class T>
void sgd(const graph_view& graph, const node& of, std::span<const operand> operands, const step_arguments& arguments) {
  const operand& arriving = operand_at<role::parameter_gradient, operation::sgd>(operands);
  check_gradient<T>(graph, of, arriving);
  const attributes& attribute = of.attribute;
  T* parameter = operand_at<role::parameter, operation::sgd>(operands).as<T>();
  const T* gradient = arriving.as<const T>();
  T* velocity = data_of<T>(operation::sgd, attribute, operands.data(), role::optimizer_state, operands.size());
  const auto momentum = static_cast<T>(attribute.momentum), decay = static_cast<T>(attribute.weight_decay);
  const T rate = learning_rate<T>(attribute, arguments);
  for (std::int64_t i = 0; i < arriving.extents.elements(); ++i) {
    T direction = changed(operation::sgd, attribute, operands, gradient[i]) + decay * parameter[i];
    if (velocity != nullptr) {
      velocity[i] = momentum * velocity[i] + direction;
      direction = attribute.nesterov ? direction + momentum * velocity[i] : velocity[i];
    }
    parameter[i] -= rate * direction;
  }
}

/// parameter, gradient, [factor], first moment, second moment: torch.optim.Adam, or AdamW where attribute.decoupled;
/// the moments start as zeros. Throws as sgd.
template <class T>
void adam(const graph_view& graph, const node& of, std::span<const operand> operands, const step_arguments& arguments) {
  const operand& arriving = operand_at<role::parameter_gradient, operation::adam>(operands);
  check_gradient<T>(graph, of, arriving);
  const attributes& attribute = of.attribute;
  const operand* moments = find_operand(operation::adam, attribute, operands.data(), role::optimizer_state);
  T *parameter = operand_at<role::parameter, operation::adam>(operands).as<T>(), *first = moments[0].as<T>(),
    *second = moments[1].as<T>();
  const T* gradient = arriving.as<const T>();
  const auto step = static_cast<double>(arguments.update_number());
  const auto beta1 = static_cast<T>(attribute.beta1), beta2 = static_cast<T>(attribute.beta2);
  const T rate = learning_rate<T>(attribute, arguments);
  const auto epsilon = static_cast<T>(attribute.epsilon);
  const auto decay = static_cast<T>(attribute.weight_decay);
  const auto correction1 = static_cast<T>(1 - std::pow(attribute.beta1, step));
  const auto correction2 = static_cast<T>(std::sqrt(1 - std::pow(attribute.beta2, step)));
  for (std::int64_t i = 0; i < arriving.extents.elements(); ++i) {
    T slope = changed(operation::adam, attribute, operands, gradient[i]);
    if (attribute.decoupled)
      parameter[i] -= rate * decay * parameter[i];
    else
      slope += decay * parameter[i];
    first[i] = beta1 * first[i] + (1 - beta1) * slope;
    second[i] = beta2 * second[i] + (1 - beta2) * slope * slope;
    parameter[i] -= rate / correction1 * first[i] / (std::sqrt(second[i]) / correction2 + epsilon);
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
