# SPDX-License-Identifier: Apache-2.0
"""Golden cases of batch norms that training leaves alone; makes frozen_norms.safetensors."""

import functools

import torch
from torch import nn
from torch.nn import functional as F

from parts import Net, conv
from recorder import Recorder

recorder = Recorder("frozen_norms")
sgd = functools.partial(torch.optim.SGD, momentum=0.9, weight_decay=0.01)


class Kept2d(nn.BatchNorm2d):
    """A norm that stays in eval()."""

    def train(self, mode=True):
        return super().train(False)


class Kept3d(nn.BatchNorm3d):
    def train(self, mode=True):
        return super().train(False)


class Shared(nn.BatchNorm2d):
    """A norm that is called twice, the second time over one value a channel: there by the statistics before the step."""

    def forward(self, x):
        before = self.running_mean.clone(), self.running_var.clone()
        fine = super().forward(x)
        mean = F.adaptive_avg_pool2d(fine, 1)
        return fine, F.batch_norm(mean, *before, self.weight, self.bias, False, 0, self.eps)


def frozen(module):
    return module.requires_grad_(False)


def case(name, build, extents=(2, 3, 6, 7), optimizer=sgd, learning_rate=0.05):
    recorder.case(name, build, [extents], optimizer=optimizer, steps=3, learning_rate=learning_rate)


def encoder():
    return nn.Sequential(conv(3, 6, 3, bias=False), Kept2d(6), nn.ReLU(), conv(6, 6, 3))


def middle(norm):
    return nn.Sequential(conv(6, 6, 3, bias=False), norm(6))


def run(net, x):
    return net.head(F.relu(net.middle(net.encoder(x))))


case("start", lambda: Net(run, encoder=frozen(encoder()), middle=middle(nn.BatchNorm2d), head=conv(6, 4)))
case("middle", lambda: Net(run, encoder=nn.Sequential(conv(3, 6, 3), nn.ReLU()), middle=frozen(middle(Kept2d)),
                           head=conv(6, 4)), optimizer=torch.optim.Adam, learning_rate=0.01)
case("whole blocks", lambda: nn.Sequential(conv(3, 32, 3, bias=False), frozen(Kept2d(32)), nn.LeakyReLU(0.1),
                                           conv(32, 16, bias=False), frozen(Kept2d(16)), nn.ReLU(), conv(16, 2)))


def residual(net, x):
    x = net.first(x)
    return net.last(F.relu(net.block(x) + x))


# Only the norms are frozen, as in detection.
case("residual", lambda: Net(residual, first=conv(3, 19, 3), block=nn.Sequential(
    conv(19, 19, 3, bias=False), frozen(Kept2d(19)), nn.ReLU(), conv(19, 19, 3, bias=False), frozen(Kept2d(19))),
    last=conv(19, 3)))
case("beside a trained branch", lambda: Net(
    lambda net, x: net.last(F.relu(net.kept(x) + net.trained(x))),
    kept=frozen(nn.Sequential(conv(3, 16, 3, bias=False), Kept2d(16))), trained=conv(3, 16, 3), last=conv(16, 3)))
# Scale and shift are trained.
case("trained scale", lambda: nn.Sequential(conv(3, 5, 3, bias=False), Kept2d(5), nn.ReLU(), conv(5, 20), Kept2d(20),
                                            nn.Sigmoid(), conv(20, 3)))
case("volumes", lambda: nn.Sequential(conv(2, 5, 3, rank=3), Kept3d(5), nn.ReLU(), conv(5, 3, rank=3)), (2, 2, 4, 5, 3))


def excited(net, x):
    fine, mean = net.norm(net.first(x))
    return net.last(fine * torch.sigmoid(mean))


case("shared with one value", lambda: Net(excited, first=conv(3, 6, 3, bias=False), norm=Shared(6), last=conv(6, 2)),
     (1, 3, 6, 7))

recorder.save()
