# SPDX-License-Identifier: Apache-2.0
"""What the networks of several golden files are made of, in PyTorch; parts.hpp has the same in C++."""

from torch import nn


def conv(inputs, outputs, kernel=1, stride=1, rank=2, **options):
    """A convolution with the library's default padding, kernels being odd."""
    layer = nn.Conv2d if rank == 2 else nn.Conv3d
    return layer(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2, **options)


def after(channels, *layers, rank=2):
    """A convolution 1 x 1 that keeps the channels, then the layers: their gradients depend on those of their inputs.

    Layers that have weights are given as functions that make them.
    """
    return lambda: nn.Sequential(conv(channels, channels, rank=rank),
                                 *[each if isinstance(each, nn.Module) else each() for each in layers])


class Net(nn.Module):
    """Named layers, and a function of them and the inputs."""

    def __init__(self, function, **layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.function = function

    def forward(self, *x):
        return self.function(self, *x)
