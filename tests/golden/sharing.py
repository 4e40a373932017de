# SPDX-License-Identifier: Apache-2.0
"""Golden cases of shared and frozen parts and of learning-rate factors; makes sharing.safetensors."""

import functools

import torch
from torch import nn
from torch.nn import functional as F

from parts import conv
from recorder import Recorder

recorder = Recorder("sharing")


def frozen(module):
    return module.requires_grad_(False)


def factor(value, module):
    """The learning rates of a module's parameters are multiplied."""
    for each in module.parameters():
        each.factor = getattr(each, "factor", 1.0) * value
    return module


def groups(kind, **options):
    """An optimizer that has a parameter group of its own for each parameter."""
    def make(parameters, lr):
        return kind([{"params": [each], "lr": lr * getattr(each, "factor", 1.0)} for each in parameters], lr=lr, **options)
    return make


class Pyramid(nn.Module):
    """One head for two sizes, one output of each; its norm sees both."""

    def __init__(self):
        super().__init__()
        self.body = conv(3, 6, 3)
        self.head = nn.Sequential(conv(6, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 4))

    def forward(self, x):
        fine = F.relu(self.body(x))
        return self.head(fine), self.head(F.max_pool2d(fine, 2))


class Recurrent(nn.Module):
    """One block three times in a row, and its sum with its input."""

    def __init__(self):
        super().__init__()
        self.first = conv(3, 5, 3)
        self.cell = nn.Sequential(conv(5, 5, 3, bias=False), nn.BatchNorm2d(5), nn.ReLU())
        self.last = conv(5, 2)

    def forward(self, x):
        x = self.first(x)
        y = x
        for _ in range(3):
            y = self.cell(y)
        return self.last(x + y)


class Siamese(nn.Module):
    """One tower for two inputs."""

    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(conv(2, 6, 3), nn.ReLU(), nn.ConvTranspose2d(6, 4, 2, 2))
        self.last = conv(8, 3, 3)

    def forward(self, x, y):
        return self.last(torch.cat([self.tower(x), self.tower(y)], 1))


class Pair(nn.Module):
    """An encoder and a head, of which something may be frozen or slow."""

    def __init__(self, change):
        super().__init__()
        self.encoder = nn.Sequential(conv(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), conv(6, 6, 3))
        self.middle = nn.Sequential(conv(6, 6, 3, bias=False), nn.BatchNorm2d(6))
        self.head = conv(6, 4)
        change(self)

    def forward(self, x):
        return self.head(F.relu(self.middle(self.encoder(x))))


def two_squares(outputs, wanted):
    return F.mse_loss(outputs[0], wanted[0]) + 0.5 * F.mse_loss(outputs[1], wanted[1])


sgd = functools.partial(torch.optim.SGD, momentum=0.9, weight_decay=0.01)
recorder.case("shared at two sizes", Pyramid, [(2, 3, 8, 10)], two_squares, optimizer=sgd, steps=3)
recorder.case("shared in a row", Recurrent, [(3, 3, 5, 7)], optimizer=torch.optim.Adam, steps=3, learning_rate=0.01)
recorder.case("shared by two inputs", Siamese, [(1, 2, 5, 4), (1, 2, 5, 4)], optimizer=sgd, steps=3)


def pair(name, change, optimizer, learning_rate=0.05):
    recorder.case(name, lambda: Pair(change), [(2, 3, 6, 7)], optimizer=optimizer, steps=3, learning_rate=learning_rate)


def slow(module):
    factor(0.25, module.encoder)
    factor(0.5, module.encoder[3])
    factor(3.0, module.head)


pair("frozen start", lambda module: frozen(module.encoder), sgd)
pair("frozen middle", lambda module: frozen(module.middle), sgd)
pair("frozen bias", lambda module: module.head.bias.requires_grad_(False), functools.partial(torch.optim.AdamW), 0.01)
pair("factors sgd", slow, groups(torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=0.02))
pair("factors adam", slow, groups(torch.optim.Adam, weight_decay=0.1), 0.01)
pair("factors adamw", slow, groups(torch.optim.AdamW, weight_decay=0.3), 0.01)

recorder.save()
