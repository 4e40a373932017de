# SPDX-License-Identifier: Apache-2.0
"""Golden cases of convolutions and transposed convolutions; makes convolution.safetensors.

Where a first convolution 1 x 1 stands before the one that is meant, its gradient depends on the gradient of the input.
"""

from torch import nn

from parts import after
from recorder import Recorder


def spread(value, rank):
    return value if isinstance(value, tuple) else (value,) * rank


def convolution(rank, inputs, outputs, kernel=1, stride=1, dilation=1, padding=None, groups=1, bias=True):
    """A convolution; without padding given, the library's default."""
    kernel, dilation = spread(kernel, rank), spread(dilation, rank)
    if padding is None:
        padding = tuple((k - 1) // 2 * d for k, d in zip(kernel, dilation))
    layer = nn.Conv2d if rank == 2 else nn.Conv3d
    return layer(inputs, outputs, kernel, stride, padding, dilation, groups, bias)


def transposed(rank, inputs, outputs, kernel=1, stride=1, padding=0, beyond=0, groups=1, dilation=1, bias=True):
    layer = nn.ConvTranspose2d if rank == 2 else nn.ConvTranspose3d
    return layer(inputs, outputs, kernel, stride, padding, beyond, groups, bias, dilation)


def after_first(make, rank, inputs, *arguments, **options):
    """A convolution 1 x 1 that keeps the channels, then the layer."""
    return after(inputs, lambda: make(rank, inputs, *arguments, **options), rank=rank)


def direct(rank, *arguments, **options):
    """The layer alone, which reads the network's input."""
    return lambda: nn.Sequential(convolution(rank, *arguments, **options))


recorder = Recorder("convolution")
case = recorder.case

case("conv2d one pixel", after_first(convolution, 2, 1, 1), [(1, 1, 1, 1)])
case("conv2d 3 to 5", after_first(convolution, 2, 3, 5, 3), [(1, 3, 7, 9)])
case("conv2d 5 to 11 stride 2", after_first(convolution, 2, 5, 11, 3, 2), [(1, 5, 13, 6)])
case("conv2d 11 to 19 kernel 5 stride 3", after_first(convolution, 2, 11, 19, 5, 3, padding=1), [(1, 11, 9, 9)])
case("conv2d 19 to 33 batch 3", after_first(convolution, 2, 19, 33, 3), [(3, 19, 5, 7)])
case("conv2d 33 to 3 kernel 1", after_first(convolution, 2, 33, 3), [(1, 33, 8, 5)])
case("conv2d 16 to 32", after_first(convolution, 2, 16, 32, 3), [(1, 16, 12, 10)])
case("conv2d kernel 5 x 1", after_first(convolution, 2, 5, 3, (5, 1)), [(1, 5, 9, 4)])
case("conv2d kernel 1 x 7 stride 1 x 2", after_first(convolution, 2, 3, 19, (1, 7), (1, 2)), [(1, 3, 6, 15)])
case("conv2d dilation beyond the image", after_first(convolution, 2, 5, 11, 3, dilation=6), [(3, 5, 4, 5)])
case("conv2d dilation over one pixel", after_first(convolution, 2, 3, 5, 3, dilation=2), [(3, 3, 1, 1)])
case("conv2d dilation 2 x 3", after_first(convolution, 2, 19, 5, 3, dilation=(2, 3)), [(1, 19, 9, 11)])
case("conv2d groups 2", after_first(convolution, 2, 6, 10, 3, groups=2), [(3, 6, 5, 7)])
case("conv2d groups of 16", after_first(convolution, 2, 32, 64, 3, groups=2), [(1, 32, 5, 6)])
case("conv2d groups 3 of 11", after_first(convolution, 2, 33, 33, 3, groups=3), [(1, 33, 6, 5)])
case("conv2d depthwise 11", after_first(convolution, 2, 11, 11, 3, groups=11), [(1, 11, 7, 6)])
case("conv2d depthwise 33 stride 2", after_first(convolution, 2, 33, 33, 3, 2, groups=33), [(3, 33, 7, 5)])
case("conv2d depthwise 16 dilation 2", after_first(convolution, 2, 16, 16, 3, dilation=2, groups=16), [(1, 16, 9, 8)])
case("conv2d depthwise 5 to 15", after_first(convolution, 2, 5, 15, 3, groups=5), [(1, 5, 6, 7)])
case("conv2d no bias", after_first(convolution, 2, 19, 5, 3, bias=False), [(1, 19, 7, 5)])
case("conv2d kernel 2", after_first(convolution, 2, 3, 5, 2), [(1, 3, 7, 7)])
case("conv2d kernel 4 stride 2", after_first(convolution, 2, 11, 5, 4, 2, padding=1), [(1, 11, 9, 11)])
case("conv2d kernel larger than the image", after_first(convolution, 2, 5, 3, 7), [(1, 5, 3, 2)])
case("conv2d stride larger than the kernel", after_first(convolution, 2, 5, 11, 1, 3), [(1, 5, 10, 11)])
case("conv2d to one pixel", after_first(convolution, 2, 11, 3, 3, padding=0), [(3, 11, 3, 3)])
case("conv2d stem 3 to 33 stride 2", direct(2, 3, 33, 3, 2), [(3, 3, 9, 11)])
case("conv2d stem 1 to 5 kernel 7", direct(2, 1, 5, 7), [(1, 1, 9, 8)])
case("conv2d stem 3 to 64 no bias", direct(2, 3, 64, 3, bias=False), [(1, 3, 9, 17)])
case("conv2d stem grouped", direct(2, 3, 6, 3, groups=3), [(1, 3, 5, 6)])

case("conv3d 3 to 5", after_first(convolution, 3, 3, 5, 3), [(1, 3, 5, 4, 7)])
case("conv3d kernel 1 x 3 x 3 batch 3", after_first(convolution, 3, 1, 11, (1, 3, 3)), [(3, 1, 3, 6, 5)])
case("conv3d dilation 2", after_first(convolution, 3, 5, 5, 3, dilation=2), [(1, 5, 4, 5, 6)])
case("conv3d kernel 2 stride 2", after_first(convolution, 3, 11, 19, 2, 2), [(1, 11, 6, 4, 6)])
case("conv3d depthwise 16", after_first(convolution, 3, 16, 16, 3, groups=16), [(1, 16, 4, 5, 5)])
case("conv3d depthwise 5", after_first(convolution, 3, 5, 5, 3, groups=5), [(3, 5, 3, 4, 5)])
case("conv3d 19 to 33 kernel 1", after_first(convolution, 3, 19, 33), [(1, 19, 3, 3, 3)])
case("conv3d one pixel", after_first(convolution, 3, 3, 3, 3), [(1, 3, 1, 1, 1)])
case("conv3d stem 1 to 16", direct(3, 1, 16, 3), [(1, 1, 5, 6, 7)])

case("conv_transpose2d 5 to 3", after_first(transposed, 2, 5, 3, 2, 2), [(1, 5, 5, 7)])
case("conv_transpose2d 33 to 11 kernel 3", after_first(transposed, 2, 33, 11, 3, 2, 1, 1), [(1, 33, 4, 5)])
case("conv_transpose2d one pixel", after_first(transposed, 2, 1, 1), [(1, 1, 1, 1)])
case("conv_transpose2d one pixel to 4 x 4", after_first(transposed, 2, 3, 5, 4, 4), [(3, 3, 1, 1)])
case("conv_transpose2d kernel 4 no bias", after_first(transposed, 2, 19, 5, 4, 2, 1, bias=False), [(3, 19, 4, 3)])
case("conv_transpose2d depthwise", after_first(transposed, 2, 11, 11, 3, 2, 1, groups=11), [(1, 11, 4, 5)])
case("conv_transpose2d dilation 2", after_first(transposed, 2, 5, 11, 3, dilation=2), [(1, 5, 5, 4)])
case("conv_transpose2d 32 to 16", after_first(transposed, 2, 32, 16, 2, 2), [(1, 32, 5, 6)])
case("conv_transpose2d kernel 3 x 1", after_first(transposed, 2, 3, 19, (3, 1), (2, 1)), [(1, 3, 4, 6)])
case("conv_transpose2d groups 2", after_first(transposed, 2, 6, 4, 3, 2, groups=2), [(1, 6, 4, 3)])
case("conv_transpose2d kernel smaller than stride", after_first(transposed, 2, 3, 5, 2, 3), [(1, 3, 4, 3)])

case("conv_transpose3d 5 to 3", after_first(transposed, 3, 5, 3, 2, 2), [(1, 5, 3, 2, 4)])
case("conv_transpose3d 11 to 19 kernel 3", after_first(transposed, 3, 11, 19, 3, 2, 1, 1), [(1, 11, 2, 3, 3)])
case("conv_transpose3d 16 no bias", after_first(transposed, 3, 16, 16, 2, 2, bias=False), [(3, 16, 2, 3, 2)])

recorder.save()
