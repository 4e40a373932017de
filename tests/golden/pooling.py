# SPDX-License-Identifier: Apache-2.0
"""Golden cases of average poolings, channels taken apart and shuffled, and linear layers; makes pooling.safetensors."""

import torch
from torch import nn
from torch.nn import functional as F

from parts import Net, after, conv
from recorder import Recorder

recorder = Recorder("pooling")
case = recorder.case


# ---------------------------------------------------------------- average_pool
case("average 2", after(5, nn.AvgPool2d(2)), [(1, 5, 7, 9)])
case("average with padding", after(19, nn.AvgPool2d(3, 2, 1)), [(3, 19, 7, 6)])
case("average without padding", after(19, nn.AvgPool2d(3, 2, 1, count_include_pad=False)), [(3, 19, 7, 6)])
case("average overlapping", after(33, nn.AvgPool2d(3, 1, 1)), [(1, 33, 5, 4)])
case("average 3 x 1", after(3, nn.AvgPool2d((3, 1), (2, 1))), [(1, 3, 9, 5)])
case("average with gaps", after(5, nn.AvgPool2d(2, 3)), [(3, 5, 8, 8)])
case("average of much", after(3, nn.AvgPool2d((9, 12), (4, 5), (4, 6))), [(2, 3, 17, 23)])
case("average one pixel", after(1, nn.AvgPool2d(1)), [(1, 1, 1, 1)])
case("average 3-D", after(5, nn.AvgPool3d(2), rank=3), [(1, 5, 5, 4, 7)])
case("average 3-D with padding", after(11, nn.AvgPool3d(3, 2, 1), rank=3), [(3, 11, 3, 4, 5)])
case("average 3-D without padding", after(11, nn.AvgPool3d((3, 2, 3), (2, 1, 3), 1, count_include_pad=False), rank=3),
     [(1, 11, 3, 4, 5)])

# ---------------------------------------------------------------- adaptive and global: bins that do not divide
for bins in (1, 2, 3, 6):
    case(f"bins {bins}", after(19, nn.AdaptiveAvgPool2d(bins)), [(2, 19, 11, 17)])
    case(f"bins {bins} of less", after(3, nn.AdaptiveAvgPool2d(bins)), [(1, 3, 5, 4)])
    case(f"bins {bins} 3-D", after(5, nn.AdaptiveAvgPool3d(bins), rank=3), [(1, 5, 7, 5, 8)])
case("bins 2 x 5", after(11, nn.AdaptiveAvgPool2d((2, 5))), [(3, 11, 9, 13)])
case("bins 3-D, each its own", after(4, nn.AdaptiveAvgPool3d((1, 3, 2)), rank=3), [(2, 4, 3, 7, 5)])
case("global", after(33, nn.AdaptiveAvgPool2d(1)), [(3, 33, 13, 9)])
case("global 3-D", after(5, nn.AdaptiveAvgPool3d(1), rank=3), [(2, 5, 4, 6, 3)])
case("global of a large map", after(3, nn.AdaptiveAvgPool2d(1)), [(1, 3, 41, 53)])


def pyramid():
    """Means over bins of several sizes beside the map itself, as scene parsing has them."""
    def function(m, x):
        x = m.stem(x)
        scales = [F.interpolate(F.relu(branch(F.adaptive_avg_pool2d(x, bins))), x.shape[2:], mode="bilinear")
                  for bins, branch in ((1, m.one), (2, m.two), (3, m.three), (6, m.six))]
        return m.head(torch.cat([x, *scales], 1))
    return Net(function, stem=conv(3, 16, 3), one=conv(16, 4), two=conv(16, 4), three=conv(16, 4), six=conv(16, 4),
               head=conv(32, 5))


case("pyramid of bins", pyramid, [(2, 3, 15, 13)])

# ---------------------------------------------------------------- linear
case("flatten and linear", lambda: nn.Sequential(conv(3, 5, 3), nn.Flatten(), nn.Linear(5 * 4 * 6, 11),
                                                 nn.Unflatten(1, (11, 1, 1))), [(3, 3, 4, 6)])
case("linear alone", lambda: nn.Sequential(nn.Flatten(), nn.Linear(19 * 3 * 3, 33, bias=False),
                                           nn.Unflatten(1, (33, 1, 1))), [(2, 19, 3, 3)])
case("linear 3-D", lambda: nn.Sequential(conv(2, 3, rank=3), nn.Flatten(), nn.Linear(3 * 3 * 2 * 4, 7),
                                         nn.Unflatten(1, (7, 1, 1, 1))), [(2, 2, 3, 2, 4)])
case("classifier", lambda: Net(
    lambda m, x: m.last(F.relu(m.first(F.adaptive_avg_pool2d(F.relu(m.stem(x)), 1).flatten(1))))[:, :, None, None],
    stem=conv(3, 19, 3, 2), first=nn.Linear(19, 33), last=nn.Linear(33, 11)), [(3, 3, 9, 11)])
case("squeeze and excitation", lambda: Net(
    lambda m, x: (lambda y: y * torch.sigmoid(m.two(F.relu(m.one(y.mean((2, 3))))))[:, :, None, None])(m.stem(x)),
    stem=conv(3, 16, 3), one=nn.Linear(16, 4), two=nn.Linear(4, 16)), [(2, 3, 5, 5)], nudges=1)


# ---------------------------------------------------------------- split, chunk, channel_shuffle
def shuffle(x, groups):
    n, c = x.shape[:2]
    return x.view(n, groups, c // groups, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


def parts_of(sizes, rank=2):
    def function(m, x):
        a, b, c = torch.split(m.stem(x), sizes, 1)
        return torch.cat([m.second(b), a, m.third(c)], 1)
    return lambda: Net(function, stem=conv(3, sum(sizes), 3, rank=rank), second=conv(sizes[1], 5, rank=rank),
                       third=conv(sizes[2], 3, rank=rank))


case("split of full blocks", parts_of((16, 32, 32)), [(3, 3, 4, 5)])
case("split of odd channels", parts_of((3, 19, 19)), [(1, 3, 5, 4)])
case("split 3-D", parts_of((5, 8, 8), 3), [(1, 3, 3, 4, 2)])
case("split with an unused part", lambda: Net(
    lambda m, x: (lambda parts: parts[2] + m.last(parts[0]))(torch.split(m.stem(x), (11, 5, 11), 1)),
    stem=conv(3, 27, 3), last=conv(11, 11)), [(2, 3, 5, 3)])
case("split and its whole", lambda: Net(
    lambda m, x: (lambda y: torch.cat([F.relu(y), m.last(torch.split(y, (8, 8), 1)[1])], 1))(m.stem(x)),
    stem=conv(3, 16), last=conv(8, 3)), [(1, 3, 4, 4)])
case("split of the input", lambda: Net(lambda m, x: m.first(x[:, :2]) + m.second(x[:, 2:]), first=conv(2, 5, 3),
                                       second=conv(3, 5)), [(2, 5, 6, 5)])
case("chunk", lambda: Net(lambda m, x: (lambda p: p[0] + p[1] + m.last(p[2]))(torch.chunk(m.stem(x), 3, 1)),
                          stem=conv(3, 33, 3), last=conv(11, 11)), [(1, 3, 5, 6)])
for channels, groups in ((6, 3), (16, 2), (33, 11), (24, 8)):
    case(f"shuffle {channels} by {groups}", lambda c=channels, g=groups: Net(
        lambda m, x: m.last(shuffle(m.stem(x), g)), stem=conv(3, c, 3), last=conv(c, c)), [(2, 3, 5, 4)])
case("shuffle 3-D", lambda: Net(lambda m, x: shuffle(m.stem(x), 4), stem=conv(3, 12, rank=3)), [(1, 3, 2, 3, 4)])


def depthwise(channels, stride):
    return nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)


# No norm behind the depthwise convolution: the norm behind the dense one takes its shift away again, whose gradient would be
# nothing but rounding.
def branch(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                         depthwise(outputs, stride),
                         nn.Conv2d(outputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Unit(nn.Module):
    """A ShuffleNet v2 unit (Ma et al. 2018): half the channels pass, or both halves are made anew at half the size."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride = stride
        half = outputs // 2
        if stride == 2:
            self.branch1 = nn.Sequential(depthwise(inputs, 2),
                                         nn.Conv2d(inputs, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU())
        self.branch2 = branch(inputs if stride == 2 else half, half, stride)

    def forward(self, x):
        if self.stride == 2:
            return shuffle(torch.cat([self.branch1(x), self.branch2(x)], 1), 2)
        kept, changed = x.chunk(2, 1)
        return shuffle(torch.cat([kept, self.branch2(changed)], 1), 2)


case("shuffle unit", lambda: Unit(24, 24, 1), [(2, 24, 7, 6)], nudges=3)
case("shuffle unit, half the size", lambda: Unit(16, 40, 2), [(2, 16, 9, 7)], nudges=3)
case("shuffle network", lambda: nn.Sequential(
    nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Unit(16, 36, 2), Unit(36, 36, 1),
    Unit(36, 36, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(36, 11), nn.Unflatten(1, (11, 1, 1))),
     [(3, 3, 25, 31)], condition=1e-4, nudges=3)

recorder.save()
