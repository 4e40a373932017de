# SPDX-License-Identifier: Apache-2.0
"""Golden cases of all layers but convolutions; makes layers.safetensors."""

import torch
from torch import nn
from torch.nn import functional as F

from parts import Net, after, conv
from recorder import Recorder

recorder = Recorder("layers")
case = recorder.case


class Apply(nn.Module):
    """A function as a member of a Sequential."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def sequence(*makers):
    return lambda: nn.Sequential(*[make() for make in makers])


class Norm(nn.BatchNorm2d):
    """Over one value a channel, where PyTorch refuses to train, a norm by the running statistics."""

    def forward(self, x):
        if x.numel() > self.num_features:
            return super().forward(x)
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.eps)


# ---------------------------------------------------------------- batch norm, relu
for channels, extents in ((1, (3, 1, 1, 1)), (3, (1, 3, 5, 7)), (5, (3, 5, 1, 1)), (11, (1, 11, 6, 3)),
                          (19, (3, 19, 4, 5)), (33, (1, 33, 7, 5)), (16, (3, 16, 9, 8))):
    # Over few values a normalised one is a difference of nearly equal numbers.
    case(f"batch_norm of {channels}", lambda c=channels: nn.Sequential(nn.BatchNorm2d(c), conv(c, 3)), [extents],
         condition=1e-4 if extents[2] == 1 else 1e-5)
case("batch_norm behind a convolution", sequence(lambda: conv(3, 19, 3, bias=False), lambda: nn.BatchNorm2d(19)),
     [(3, 3, 5, 7)])
case("batch_norm and relu", sequence(lambda: conv(5, 33, 3, bias=False), lambda: nn.BatchNorm2d(33), nn.ReLU,
                                     lambda: conv(33, 5)), [(1, 5, 9, 7)])
case("batch_norm 3-D", sequence(lambda: conv(3, 11, 3, rank=3, bias=False), lambda: nn.BatchNorm3d(11), nn.ReLU),
     [(3, 3, 3, 4, 5)])
case("batch_norm with options", sequence(lambda: conv(3, 5, 3, 2, bias=False),
                                         lambda: nn.BatchNorm2d(5, eps=1e-2, momentum=0.3), nn.ReLU), [(3, 3, 7, 5)])
case("batch_norm over one value", sequence(lambda: conv(5, 11), lambda: Norm(11), nn.ReLU, lambda: conv(11, 3)),
     [(1, 5, 1, 1)])
case("batch_norm of what two read", lambda: Net(
    lambda m, x: m.norm(m.first(x)) + m.second(m.first(x)),
    first=conv(3, 19), norm=nn.BatchNorm2d(19), second=conv(19, 19, 3)), [(3, 3, 5, 5)])
case("batch_norm before relu, read twice", lambda: Net(
    lambda m, x: (lambda y: F.relu(y) + m.second(y))(m.norm(m.first(x))),
    first=conv(3, 5, bias=False), norm=nn.BatchNorm2d(5), second=conv(5, 5)), [(1, 3, 5, 6)])
case("relu", after(19, nn.ReLU()), [(3, 19, 5, 7)])
case("relu of relu", after(5, nn.ReLU(), nn.ReLU(), lambda: conv(5, 5), nn.ReLU()), [(1, 5, 4, 5)])
case("relu alone", sequence(nn.ReLU, lambda: conv(11, 3)), [(1, 11, 3, 3)])
case("relu behind conv_transpose2d", after(5, lambda: nn.ConvTranspose2d(5, 19, 2, 2), nn.ReLU()), [(1, 5, 3, 4)])
case("relu 3-D one pixel", after(3, nn.ReLU(), rank=3), [(3, 3, 1, 1, 1)])

# ---------------------------------------------------------------- max_pool
case("max_pool 2", after(5, nn.MaxPool2d(2)), [(1, 5, 7, 9)])
case("max_pool with padding", after(19, nn.MaxPool2d(3, 2, 1)), [(3, 19, 7, 6)])
case("max_pool overlapping", after(33, nn.MaxPool2d(3, 1, 1)), [(1, 33, 5, 4)])
case("max_pool 3 x 1", after(3, nn.MaxPool2d((3, 1), (2, 1))), [(1, 3, 9, 5)])
case("max_pool with dilation", after(11, nn.MaxPool2d(2, 1, 0, 3)), [(1, 11, 7, 6)])
case("max_pool with gaps", after(5, nn.MaxPool2d(2, 3)), [(3, 5, 8, 8)])
case("max_pool of equal values", after(16, nn.ReLU(), nn.MaxPool2d(3, 2, 1), lambda: conv(16, 3)), [(1, 16, 9, 7)])
case("max_pool one pixel", after(1, nn.MaxPool2d(1)), [(1, 1, 1, 1)])
case("max_pool 3-D", after(5, nn.MaxPool3d(2), rank=3), [(1, 5, 5, 4, 7)])
case("max_pool 3-D with padding", after(11, nn.MaxPool3d(3, 2, 1), rank=3), [(3, 11, 3, 4, 5)])


# ---------------------------------------------------------------- pad_like
def pad_like(x, like):
    pads = []
    for missing in (int(a) - int(b) for a, b in zip(reversed(like.shape[2:]), reversed(x.shape[2:]))):
        before = missing // 2 if missing >= 0 else -(-missing // 2)
        pads += [before, missing - before]
    return F.pad(x, pads)


def padded(inputs, channels, rank=2):
    return lambda: Net(lambda m, x, like: pad_like(m.first(x), m.second(like)) + m.second(like),
                       first=conv(inputs, channels, rank=rank), second=conv(inputs, channels, rank=rank))


case("pad_like larger", padded(3, 5), [(1, 3, 4, 6), (1, 3, 7, 7)])
case("pad_like smaller", padded(5, 19), [(3, 5, 9, 8), (3, 5, 4, 5)])
case("pad_like both", padded(3, 33), [(1, 3, 3, 8), (1, 3, 6, 5)])
case("pad_like one pixel", padded(1, 1), [(1, 1, 1, 1), (1, 1, 3, 2)])
case("pad_like 3-D", padded(3, 11, 3), [(1, 3, 2, 5, 4), (1, 3, 5, 4, 5)])

# ---------------------------------------------------------------- add, concat, values used more than once
case("add", lambda: Net(lambda m, x: m.first(x) + m.second(x), first=conv(3, 19, 3), second=conv(3, 19)),
     [(3, 3, 5, 7)])
case("add of three", lambda: Net(lambda m, x: m.first(x) + m.second(x) + m.third(x), first=conv(5, 11),
                                 second=conv(5, 11), third=conv(5, 11, 3)), [(1, 5, 4, 3)])
case("add of a value to itself", lambda: Net(lambda m, x: (lambda y: y + y)(m.first(x)), first=conv(5, 3)),
     [(1, 5, 3, 5)])
case("residual block", lambda: Net(lambda m, x: (lambda y: F.relu(m.second(y) + y))(m.first(x)),
                                   first=conv(3, 16, 3), second=conv(16, 16, 3)), [(1, 3, 7, 5)])
case("concat of full blocks", lambda: Net(lambda m, x: m.last(torch.cat([m.first(x), m.second(x)], 1)),
                                          first=conv(3, 16), second=conv(3, 32), last=conv(48, 5, 3)), [(3, 3, 4, 5)])
case("concat of odd channels", lambda: Net(
    lambda m, x: m.last(torch.cat([m.first(x), m.second(x), m.third(x), x], 1)),
    first=conv(5, 3), second=conv(5, 19), third=conv(5, 1), last=conv(28, 11)), [(1, 5, 5, 6)])
case("concat of a value with itself", lambda: Net(lambda m, x: (lambda y: m.last(torch.cat([y, y], 1)))(m.first(x)),
                                                  first=conv(3, 11), last=conv(22, 3)), [(1, 3, 5, 3)])
case("concat as output", lambda: Net(lambda m, x: torch.cat([m.first(x), m.second(x)], 1),
                                     first=conv(3, 5), second=conv(3, 33)), [(3, 3, 3, 2)])
case("concat 3-D", lambda: Net(lambda m, x: m.last(torch.cat([m.first(x), x], 1)), first=conv(3, 5, 3, rank=3),
                               last=conv(8, 3, rank=3)), [(1, 3, 3, 4, 2)])
case("a value read four times", lambda: Net(
    lambda m, x: (lambda y: m.last(torch.cat([F.relu(y), F.max_pool2d(y, 3, 1, 1), y + m.second(y)], 1)))(m.first(x)),
    first=conv(3, 11, 3), second=conv(11, 11), last=conv(33, 5)), [(1, 3, 6, 5)])
case("a dead branch", lambda: Net(lambda m, x: m.first(x), first=conv(3, 5, 3)), [(1, 3, 4, 4)])
case("two inputs", lambda: Net(lambda m, a, b: m.first(a) + m.second(b), first=conv(3, 5), second=conv(11, 5, 3)),
     [(1, 3, 5, 4), (1, 11, 5, 4)])


# ---------------------------------------------------------------- resize
def resize(size, mode="linear", rank=2):
    if mode == "nearest":
        return Apply(lambda x: F.interpolate(x, size, mode="nearest"))
    name = "bilinear" if rank == 2 else "trilinear"
    return Apply(lambda x: F.interpolate(x, size, mode=name, align_corners=mode == "align_corners"))


sizes = {"up": ((5, 7), (11, 13)), "down": ((11, 9), (4, 5)), "twice": ((4, 3), (8, 6)), "mixed": ((3, 12), (10, 5)),
         "from one pixel": ((1, 1), (4, 3)), "to one pixel": ((5, 4), (1, 1)), "same": ((4, 5), (4, 5))}
for mode in ("nearest", "linear", "align_corners"):
    for index, (name, (small, large)) in enumerate(sizes.items()):
        channels = (3, 19, 16, 5, 33, 11, 1)[index]
        case(f"resize {mode} {name}", after(channels, resize(large, mode)), [(1 + 2 * (index % 2), channels, *small)])
    case(f"resize {mode} 3-D", after(5, resize((5, 3, 9), mode, 3), rank=3), [(1, 5, 3, 4, 5)])
case("resize_like", lambda: Net(
    lambda m, x: m.last(torch.cat([F.interpolate(m.coarse(x), x.shape[2:], mode="bilinear"), x], 1)),
    coarse=conv(3, 16, 3, 2), last=conv(19, 3)), [(3, 3, 7, 9)])

recorder.save()
