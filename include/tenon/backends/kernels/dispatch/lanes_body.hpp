// SPDX-License-Identifier: Apache-2.0
// The kernels of lanes.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Channels in a block, and floats in a vector: `baseline` has two vectors a block, the others one.
inline constexpr int block = block_of(isa::TENON_KERNEL_ISA);
inline constexpr int width = width_of(isa::TENON_KERNEL_ISA);

typedef float vec __attribute__((vector_size(width * 4)));
typedef std::int32_t ivec __attribute__((vector_size(width * 4)));
/// A vector anywhere in memory: parameters follow one another without gaps.
typedef float loose_vec __attribute__((vector_size(width * 4), aligned(4), may_alias));

TENON_KERNEL_INLINE vec load(const float* from) { return *reinterpret_cast<const loose_vec*>(from); }
TENON_KERNEL_INLINE void store(float* to, vec value) { *reinterpret_cast<loose_vec*>(to) = value; }

/// The first `count` floats, zeros after them; count may be anything.
TENON_KERNEL_INLINE vec load_some(const float* from, std::int64_t count) {
  if (count >= width) return load(from);
  vec value = {};
  for (int i = 0; i < count; ++i) value[i] = from[i];
  return value;
}

/// Stores the first `count` floats and no others.
TENON_KERNEL_INLINE void store_some(float* to, vec value, std::int64_t count) {
  if (count >= width) return store(to, value);
  for (int i = 0; i < count; ++i) to[i] = value[i];
}

/// A vector of equal floats.
TENON_KERNEL_INLINE vec all(float value) { return value - vec{}; }

/// Zeros for what is negative; a NaN stays.
TENON_KERNEL_INLINE vec rectified(vec x) { return x < vec{} ? vec{} : x; }

template <int Distance, std::size_t... Lane>
TENON_KERNEL_INLINE void exchange(vec& a, vec& b, std::index_sequence<Lane...>) {
  const vec low = __builtin_shufflevector(a, b, (Lane & Distance ? width + Lane - Distance : Lane)...);
  b = __builtin_shufflevector(a, b, (Lane & Distance ? width + Lane : Lane + Distance)...);
  a = low;
}

/// A vector of one float from memory. Given `all`, compilers put floats together by the one unit that shuffles.
TENON_KERNEL_INLINE vec broadcast(const float* from) {
  vec value;
  if constexpr (width == 4) {
    value = all(*from);
  } else {
    asm("vbroadcastss %1, %0" : "=v"(value) : "m"(*from));
  }
  return value;
}

/// Lanes of two vectors, by number: b's follow a's. AVX-512 alone has an instruction for it.
template <class Vector>
TENON_KERNEL_INLINE Vector permuted(Vector a, Vector b, ivec lanes) {
  static_assert(sizeof(Vector) == 64);
  asm("vpermt2ps %2, %1, %0" : "+v"(a) : "v"(lanes), "v"(b));
  return a;
}

/// One step of a transposition: exchanges the off-diagonal quarters of all squares of 2 * Distance rows.
template <int Distance, std::size_t... Pair>
TENON_KERNEL_INLINE void exchange_all(vec* rows, std::index_sequence<Pair...>) {
  constexpr auto upper = [](std::size_t pair) { return pair / Distance * 2 * Distance + pair % Distance; };
  (exchange<Distance>(rows[upper(Pair)], rows[upper(Pair) + Distance], std::make_index_sequence<width>()), ...);
}

/// Transposes a square of `width` rows.
TENON_KERNEL_INLINE void transpose(vec* rows) {
  constexpr auto pairs = std::make_index_sequence<width / 2>();
  if constexpr (width > 8) exchange_all<width / 2>(rows, pairs);
  if constexpr (width > 4) exchange_all<4>(rows, pairs);
  exchange_all<2>(rows, pairs);
  exchange_all<1>(rows, pairs);
}

/// e^x = power * (1 + less_one), power a power of 2, for x up to 88; below -87 it is e^-87.
struct exponential_parts {
  vec power, less_one;
};

TENON_KERNEL_INLINE exponential_parts parts_of_exponential(vec x) {
  // x = n ln 2 + r with |r| <= ln(2) / 2; adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  constexpr float rounder = 12582912.0f;
  x = x < all(-87.0f) ? all(-87.0f) : x;
  const vec shifted = x * 1.44269504f + rounder;
  const vec n = shifted - rounder;
  const vec r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  vec series = all(1.0f / 5040) * r + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  const ivec exponent = (reinterpret_cast<ivec>(shifted) - 0x4b400000 + 127) << 23;
  return {reinterpret_cast<vec>(exponent), series * r * r + r};
}

/// e^x to 1 or 2 units in the last place, for x up to 88; below -87 it is 0.
TENON_KERNEL_INLINE vec exponential(vec x) {
  const exponential_parts parts = parts_of_exponential(x);
  return x < all(-87.0f) ? vec{} : (parts.less_one + 1.0f) * parts.power;
}

/// e^x - 1 to 1 or 2 units in the last place, for x up to 88.
TENON_KERNEL_INLINE vec exponential_less_one(vec x) {
  const exponential_parts parts = parts_of_exponential(x);
  return parts.less_one * parts.power + (parts.power - 1.0f);
}

/// The natural logarithm of a normal positive x; what is not finite stays as it is.
TENON_KERNEL_INLINE vec logarithm(vec x) {
  // x = 2^n m with m around 1; log m = 2 artanh(t), t = (m - 1) / (m + 1).
  const ivec bits = reinterpret_cast<ivec>(x);
  const ivec exponent = (bits - 0x3f3504f3) >> 23;
  const vec n = __builtin_convertvector(exponent, vec);
  const vec m = reinterpret_cast<vec>(bits - (exponent << 23));
  const vec t = (m - 1.0f) / (m + 1.0f), square = t * t;
  vec series = square * (2.0f / 9) + 2.0f / 7;
  series = series * square + 2.0f / 5;
  series = series * square + 2.0f / 3;
  const vec result = n * 0.693145752f + (t * 2.0f + (t * square * series + n * 1.42860677e-6f));
  return x - x == vec{} ? result : x;
}

/// The square root; compilers agree on no builtin for it.
TENON_KERNEL_INLINE vec square_root(vec x) {
  vec root;
  if constexpr (width == 4) {
    asm("sqrtps %1, %0" : "=x"(root) : "x"(x));
  } else {
    asm("vsqrtps %1, %0" : "=v"(root) : "v"(x));
  }
  return root;
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
