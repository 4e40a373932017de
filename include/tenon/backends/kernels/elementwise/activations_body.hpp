// SPDX-License-Identifier: Apache-2.0
// The kernels of activations.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// relu6(x); a NaN stays.
TENON_KERNEL_INLINE vec rectified_to_six(vec x) {
  x = rectified(x);
  return x > all(6.0f) ? all(6.0f) : x;
}

/// The function of x; slope is attributes.slope in every lane. A NaN stays.
template <activation Function>
TENON_KERNEL_INLINE vec activated(vec x, vec slope) {
  if constexpr (Function == activation::relu) {
    return rectified(x);
  } else if constexpr (Function == activation::leaky_relu) {
    return x > vec{} ? x : slope * x;
  } else if constexpr (Function == activation::relu6) {
    return rectified_to_six(x);
  } else if constexpr (Function == activation::elu) {
    // What is chosen later must not overflow, or it would cost time.
    return x > vec{} ? x : slope * exponential_less_one(x > vec{} ? vec{} : x);
  } else if constexpr (Function == activation::sigmoid) {
    // Of -|x|, where the exponential is exact however large x is.
    const vec small = exponential(x > vec{} ? -x : x), one_over = 1.0f / (small + 1.0f);
    return x > vec{} ? one_over : small * one_over;
  } else if constexpr (Function == activation::hard_sigmoid) {
    return rectified_to_six(x + 3.0f) / 6.0f;
  } else if constexpr (Function == activation::hard_swish) {
    return x * rectified_to_six(x + 3.0f) / 6.0f;
  } else {
    return x;
  }
}

/// The gradient by the function's argument. `from` is the function's result, but of a hard swish its argument, and of
/// functions that has_gradient_from_either either. Of NaN it is what it is in PyTorch: dy, where the
/// function has a part that is x, 0 of a hard sigmoid, NaN of a sigmoid.
template <activation Function>
TENON_KERNEL_INLINE vec passed_back(vec from, vec dy, vec slope) {
  if constexpr (Function == activation::relu) {
    return from <= vec{} ? vec{} : dy;
  } else if constexpr (Function == activation::leaky_relu) {
    return from > vec{} ? dy : slope * dy;
  } else if constexpr (Function == activation::relu6) {
    const vec below = from >= all(6.0f) ? vec{} : dy;
    return from <= vec{} ? vec{} : below;
  } else if constexpr (Function == activation::elu) {
    return from <= vec{} ? dy * (from + slope) : dy;
  } else if constexpr (Function == activation::sigmoid) {
    return dy * from * (1.0f - from);
  } else if constexpr (Function == activation::hard_sigmoid) {
    const vec below = from < all(1.0f) ? dy / 6.0f : vec{};
    return from > vec{} ? below : vec{};
  } else if constexpr (Function == activation::hard_swish) {
    const vec above = from < all(3.0f) ? dy * (from / 3.0f + 0.5f) : dy;
    return from <= all(-3.0f) ? vec{} : above;
  } else {
    return dy;
  }
}

template <activation Function>
struct activate_instance {
  TENON_KERNEL static void run(float factor, const float* x, float* y, std::int64_t count);
};

template <activation Function>
struct pass_back_instance {
  TENON_KERNEL static void run(float factor, const float* from, const float* dy, float* dx, std::int64_t count);
};

/// What is less than a vector: its own loop would be as much code again in every instance.
inline void activate_rest(void (*run)(float, const float*, float*, std::int64_t), float factor, const float* x,
                          float* y, std::int64_t count) {
  float whole[width] = {};
  std::copy_n(x, count, whole);
  run(factor, whole, whole, width);
  std::copy_n(whole, count, y);
}
inline void pass_back_rest(void (*run)(float, const float*, const float*, float*, std::int64_t), float factor,
                           const float* from, const float* dy, float* dx, std::int64_t count) {
  float whole[width] = {}, gradient[width] = {};
  std::copy_n(from, count, whole);
  std::copy_n(dy, count, gradient);
  run(factor, whole, gradient, gradient, width);
  std::copy_n(gradient, count, dx);
}

template <activation Function>
TENON_KERNEL void activate_instance<Function>::run(float factor, const float* x, float* y, std::int64_t count) {
  const vec slope = all(factor);
  std::int64_t i = 0;
  for (; i + width <= count; i += width) store(y + i, activated<Function>(load(x + i), slope));
  if (i < count) activate_rest(&run, factor, x + i, y + i, count - i);
}

template <activation Function>
TENON_KERNEL void pass_back_instance<Function>::run(float factor, const float* from, const float* dy, float* dx,
                                                    std::int64_t count) {
  const vec slope = all(factor);
  std::int64_t i = 0;
  for (; i + width <= count; i += width) store(dx + i, passed_back<Function>(load(from + i), load(dy + i), slope));
  if (i < count) pass_back_rest(&run, factor, from + i, dy + i, dx + i, count - i);
}

/// y = the function of `count` floats x; y may be x. Padding channels are functions of 0: see keeps_zero.
inline void activate(activation function, float slope, const float* x, float* y, std::int64_t count) {
  instance_for<activate_instance>(function)(slope, x, y, count);
}

/// dx = the gradient of `count` floats by the function's argument; `from` as for passed_back; dx may be from or dy.
inline void pass_back(activation function, float slope, const float* from, const float* dy, float* dx,
                      std::int64_t count) {
  instance_for<pass_back_instance>(function)(slope, from, dy, dx, count);
}

/// The same from the function's argument x.
inline void pass_back_from_input(activation function, float slope, const float* x, const float* dy, float* dx,
                                 std::int64_t count) {
  if (!has_gradient_from_result(function) || has_gradient_from_either(function))
    return pass_back(function, slope, x, dy, dx, count);
  constexpr std::int64_t at_once = 16 * width;
  float results[at_once];
  for (std::int64_t first = 0; first < count; first += at_once) {
    const std::int64_t some = std::min(at_once, count - first);
    activate(function, slope, x + first, results, some);
    pass_back(function, slope, results, dy + first, dx + first, some);
  }
}

/// Writes zeros into the lanes of padding channels: those from `channels` on, of `pixels` pixels of a block.
inline void clear_padding(float* to, std::int64_t pixels, std::int64_t channels) {
  for (std::int64_t i = 0; i < pixels; ++i)
    for (std::int64_t lane = std::max<std::int64_t>(channels, 0); lane < block; ++lane) to[i * block + lane] = 0;
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
