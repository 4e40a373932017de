# SPDX-License-Identifier: Apache-2.0
"""Golden cases of losses and optimizers; makes training.safetensors."""

import functools

import torch
from torch import nn
from torch.nn import functional as F

from recorder import Recorder

recorder = Recorder("training")


def small(inputs, outputs, rank=2):
    """A convolution 3 x 3, ReLU, a convolution 1 x 1."""
    layer = nn.Conv2d if rank == 2 else nn.Conv3d
    return lambda: nn.Sequential(layer(inputs, 16, 3, padding=1), nn.ReLU(), layer(16, outputs, 1))


class TwoHeads(nn.Module):
    """Two outputs of one trunk: the second's head reads the first's too where `joined` says so."""

    def __init__(self, first, second, joined=False):
        super().__init__()
        self.trunk, self.joined = nn.Conv2d(3, 11, 3, padding=1), joined
        self.first = nn.Conv2d(11, first, 1)
        self.second = nn.Conv2d(first if joined else 11, second, 3, 2, padding=1)

    def forward(self, x):
        trunk = F.relu(self.trunk(x))
        first = self.first(trunk)
        return first, self.second(first if self.joined else trunk)


class OneTwice(nn.Module):
    """One value is both outputs."""

    def __init__(self):
        super().__init__()
        self.only = nn.Conv2d(3, 5, 3, padding=1)

    def forward(self, x):
        y = self.only(x)
        return y, y


def labels(output, ignored=None):
    """A class for every pixel, every fourth of them not to count."""
    drawn = torch.randint(0, output.shape[1], (output.shape[0], *output.shape[2:]))
    if ignored is not None:
        drawn[torch.rand(drawn.shape) < 0.25] = ignored
    return drawn


# ---------------------------------------------------------------- losses
def entropy(name, build, extents, ignored=None, weights=None, factor=1.0):
    weights = None if weights is None else torch.tensor(weights)

    def loss(outputs, wanted):
        return factor * F.cross_entropy(outputs[0], wanted[0], None if weights is None else weights.to(outputs[0].dtype),
                                        ignore_index=-100 if ignored is None else ignored)

    recorder.case("cross_entropy " + name, build, [extents], loss,
                  lambda outputs: [labels(outputs[0], ignored)])


recorder.case("mean_square", small(3, 5), [(3, 3, 5, 7)])
recorder.case("mean_square of one value", small(1, 1), [(1, 1, 1, 1)])
recorder.case("mean_square 3-D", small(1, 19, 3), [(1, 1, 3, 4, 5)])
recorder.case("mean_square weighted", small(3, 33), [(1, 3, 4, 5)],
              lambda outputs, wanted: 0.3 * F.mse_loss(outputs[0], wanted[0]))
entropy("of 11", small(3, 11), (3, 3, 5, 7))
entropy("of one pixel", small(5, 3), (1, 5, 1, 1))
entropy("of 1", small(3, 1), (1, 3, 3, 4))
entropy("of 33", small(3, 33), (1, 3, 7, 5))
entropy("of 2, batch 3", small(3, 2), (3, 3, 9, 8))
entropy("ignoring 11", small(3, 11), (3, 3, 5, 7), 11)
entropy("ignoring a class", small(3, 5), (1, 3, 6, 5), 2)
entropy("ignoring 255", small(3, 19), (1, 3, 9, 7), 255)
entropy("with weights", small(3, 3), (3, 3, 5, 4), None, [0.5, 2.0, 1.25])
entropy("ignoring with weights", small(3, 5), (1, 3, 7, 6), 4, [0.1, 3.0, 0.0, 1.5, 7.0])
entropy("weighted", small(3, 5), (1, 3, 5, 5), factor=0.4)
entropy("3-D", small(1, 5, 3), (3, 1, 3, 4, 5), 0)

recorder.case("losses of two outputs", lambda: TwoHeads(5, 3), [(3, 3, 7, 5)],
              lambda outputs, wanted: F.cross_entropy(outputs[0], wanted[0], ignore_index=5) +
              0.4 * F.mse_loss(outputs[1], wanted[1]),
              lambda outputs: [labels(outputs[0], 5), torch.randn_like(outputs[1])])
recorder.case("losses of two outputs, one behind the other", lambda: TwoHeads(19, 11, True), [(1, 3, 6, 9)],
              lambda outputs, wanted: 0.7 * F.mse_loss(outputs[0], wanted[0]) +
              1.5 * F.cross_entropy(outputs[1], wanted[1]),
              lambda outputs: [torch.randn_like(outputs[0]), labels(outputs[1])])
recorder.case("losses of one output twice", OneTwice, [(1, 3, 5, 4)],
              lambda outputs, wanted: F.mse_loss(outputs[0], wanted[0]) + 0.2 * F.mse_loss(outputs[1], wanted[1]))


# ---------------------------------------------------------------- optimizers, five steps
def net():
    """Convolution, norm, ReLU, convolution."""
    return nn.Sequential(nn.Conv2d(3, 11, 3, padding=1, bias=False), nn.BatchNorm2d(11), nn.ReLU(), nn.Conv2d(11, 5, 1))


def optimizer(name, kind, learning_rate, **options):
    recorder.case(name, net, [(3, 3, 7, 5)], lambda outputs, wanted: F.cross_entropy(outputs[0], wanted[0]),
                  lambda outputs: [labels(outputs[0])], functools.partial(kind, **options), 5, learning_rate)


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
optimizer("sgd", sgd, 0.1)
optimizer("sgd momentum", sgd, 0.1, momentum=0.9)
optimizer("sgd nesterov", sgd, 0.1, momentum=0.8, nesterov=True)
optimizer("sgd weight decay", sgd, 0.1, weight_decay=0.05)
optimizer("sgd momentum weight decay", sgd, 0.05, momentum=0.9, weight_decay=0.01)
optimizer("sgd nesterov weight decay", sgd, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01)
optimizer("adam", adam, 0.01)
optimizer("adam weight decay", adam, 0.01, weight_decay=0.1)
optimizer("adam options", adam, 0.02, betas=(0.7, 0.95), eps=1e-3)
optimizer("adamw", adamw, 0.01)
optimizer("adamw options", adamw, 0.02, betas=(0.8, 0.99), eps=1e-4, weight_decay=0.3)



# ---------------------------------------------------------------- gradients clipped before the update
def clipped(kind, clip, greatest):
    """The optimizer, with its parameters' gradients clipped before each step."""
    class Clipped(kind):
        def step(self):
            clip([each for group in self.param_groups for each in group["params"]], greatest)
            super().step()
    return Clipped


by_norm, by_value = nn.utils.clip_grad_norm_, nn.utils.clip_grad_value_
optimizer("sgd clipped by norm", clipped(sgd, by_norm, 0.2), 0.5, momentum=0.9, weight_decay=0.01)
optimizer("sgd within the norm", clipped(sgd, by_norm, 100.0), 0.1, momentum=0.9)
optimizer("adam clipped by norm", clipped(adam, by_norm, 0.05), 0.01)
optimizer("sgd clipped by value", clipped(sgd, by_value, 0.02), 0.5, momentum=0.9)

recorder.save()
