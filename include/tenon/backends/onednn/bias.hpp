// SPDX-License-Identifier: Apache-2.0
// Bias and activation of a transposed convolution: oneDNN's own come slowly, and with a scratchpad of the result's
// size.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_ONEDNN_BIAS_HPP
#    define TENON_BACKENDS_ONEDNN_BIAS_HPP

#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

struct bias_arguments {
  const float* bias;  ///< nullptr: none; padded with zeros to whole blocks
  bool rectifies;
  float* y;
  std::int64_t blocks;
  std::int64_t pixels;
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/onednn/bias.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Adds a bias to a blocked activation, and rectifies it, in place.
inline void add_bias(kernels::isa set, const operand& y, const float* bias, bool rectifies) {
  const kernels::geometry extents(y.extents, kernels::block_of(set));
  const bias_arguments of{bias, rectifies, y.as<float>(), extents.blocks, extents.pixels};
  const auto part = set == kernels::isa::avx512 ? avx512::bias_part
                    : set == kernels::isa::avx2 ? avx2::bias_part
                                                : plain::bias_part;
  kernels::in_parallel(extents.planes() * extents.pixels, part, of);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace onednn {
namespace TENON_KERNEL_ISA {

namespace lanes = kernels::TENON_KERNEL_ISA;

/// Pixels begin to end - 1, counted over all block planes.
TENON_KERNEL inline void bias_part(const bias_arguments& of, std::int64_t begin, std::int64_t end) {
  while (begin < end) {
    const std::int64_t plane = begin / of.pixels, last = std::min(end, (plane + 1) * of.pixels);
    const std::int64_t block = plane % of.blocks;
    for (int lane = 0; lane < lanes::block; lane += lanes::width) {
      const lanes::vec bias = of.bias == nullptr ? lanes::vec{} : lanes::load(of.bias + block * lanes::block + lane);
      for (std::int64_t i = begin; i < last; ++i) {
        float* y = of.y + i * lanes::block + lane;
        const lanes::vec sum = lanes::load(y) + bias;
        lanes::store(y, of.rectifies ? lanes::rectified(sum) : sum);
      }
    }
    begin = last;
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#endif
