# SPDX-License-Identifier: Apache-2.0
"""Golden cases of the element-wise layers and of binary cross-entropy; makes elements.safetensors."""

import torch
from torch import nn
from torch.nn import functional as F

from parts import Net, conv
from recorder import Recorder, randomize

recorder = Recorder("elements")
case = recorder.case


def between(layer, inputs, channels, outputs=3, rank=2):
    """A convolution 3 x 3, the layer, a convolution 1 x 1."""
    return lambda: nn.Sequential(conv(inputs, channels, 3, rank=rank), layer() if isinstance(layer, type) else layer,
                                 conv(channels, outputs, rank=rank))


def wide(module):
    """Weights great enough that every piece of an activation is reached."""
    randomize(module)
    for each in module.modules():
        if isinstance(each, (nn.Conv2d, nn.Conv3d)):
            with torch.no_grad():
                each.weight.mul_(3)


def slopes(module):
    randomize(module)
    for each in module.modules():
        if isinstance(each, nn.PReLU):
            nn.init.uniform_(each.weight, -0.5, 1.5)


# ---------------------------------------------------------------- activations
activations = {"leaky_relu": nn.LeakyReLU(0.1), "relu6": nn.ReLU6(), "elu": nn.ELU(0.7), "sigmoid": nn.Sigmoid(),
               "hard_sigmoid": nn.Hardsigmoid(), "hard_swish": nn.Hardswish()}
for index, (name, layer) in enumerate(activations.items()):
    channels = (19, 5, 33, 3, 11, 16)[index]
    case(name, between(layer, 3, channels), [(3, 3, 5, 7)], prepare=wide)
    case(f"{name} 3-D", between(layer, 2, channels, rank=3), [(1, 2, 3, 4, 3)], prepare=wide)
    case(f"{name} as output", lambda a=layer: nn.Sequential(conv(3, 19, 3, bias=False), nn.BatchNorm2d(19), a), [(2, 3, 4, 5)])
    case(f"{name} of what two read", lambda a=layer: Net(
        lambda m, x: (lambda y: m.last(a(y)) + y)(m.first(x)), first=conv(3, 5), last=conv(5, 5)), [(1, 3, 4, 3)],
         prepare=wide)
case("sigmoid of one channel", lambda: nn.Sequential(conv(3, 1), nn.Sigmoid()), [(3, 3, 5, 4)])
case("leaky_relu behind conv_transpose2d", lambda: nn.Sequential(nn.ConvTranspose2d(5, 19, 2, 2), nn.LeakyReLU(0.3)),
     [(1, 5, 3, 4)])
case("leaky_relu of its default", between(nn.LeakyReLU, 3, 5), [(1, 3, 4, 5)])
case("elu of its default", between(nn.ELU, 3, 5), [(1, 3, 4, 5)])
case("hard_swish twice", lambda: nn.Sequential(conv(3, 11), nn.Hardswish(), nn.Hardswish(), conv(11, 3)),
     [(1, 3, 5, 5)], prepare=wide)

# ---------------------------------------------------------------- prelu
case("prelu", lambda: nn.Sequential(conv(3, 19, 3), nn.PReLU(19), conv(19, 5)), [(3, 3, 5, 7)], prepare=slopes)
case("prelu 3-D", lambda: nn.Sequential(conv(2, 11, 3, rank=3), nn.PReLU(11)), [(2, 2, 3, 4, 5)], prepare=slopes)
case("prelu alone", lambda: nn.Sequential(nn.PReLU(5), conv(5, 3)), [(1, 5, 4, 4)], prepare=slopes)
case("prelu behind a norm", lambda: nn.Sequential(conv(3, 33, bias=False), nn.BatchNorm2d(33), nn.PReLU(33),
                                                  conv(33, 3)), [(3, 3, 6, 5)], prepare=slopes)
case("prelu one pixel", lambda: nn.Sequential(conv(3, 3), nn.PReLU(3)), [(1, 3, 1, 1)], prepare=slopes)

# ---------------------------------------------------------------- softmax
case("softmax", lambda: nn.Sequential(conv(3, 11, 3), nn.Softmax(1)), [(3, 3, 5, 7)], prepare=wide)
case("softmax of 33", lambda: nn.Sequential(conv(3, 33), nn.Softmax(1), conv(33, 5)), [(1, 3, 4, 5)], prepare=wide)
case("softmax 3-D", lambda: nn.Sequential(conv(2, 5, rank=3), nn.Softmax(1), conv(5, 2, rank=3)), [(2, 2, 3, 2, 5)],
     prepare=wide)
case("softmax between", between(nn.Softmax(1), 3, 19), [(2, 3, 3, 3)])

# ---------------------------------------------------------------- multiply
case("multiply", lambda: Net(lambda m, x: m.first(x) * m.second(x), first=conv(3, 19, 3), second=conv(3, 19)),
     [(3, 3, 5, 7)])
case("multiply a value by itself", lambda: Net(lambda m, x: (lambda y: m.last(y * y))(m.first(x)), first=conv(3, 5),
                                               last=conv(5, 3)), [(1, 3, 4, 5)])
case("multiply by a gate", lambda: Net(
    lambda m, x: (lambda y: m.last(y * torch.sigmoid(m.gate(y))))(m.first(x)),
    first=conv(3, 11, 3), gate=conv(11, 11), last=conv(11, 3)), [(2, 3, 5, 4)])
case("multiply by one pixel", lambda: Net(
    lambda m, x, gate: m.last(m.first(x) * torch.sigmoid(m.gate(gate))),
    first=conv(3, 19, 3), gate=conv(5, 19), last=conv(19, 3)), [(3, 3, 5, 7), (3, 5, 1, 1)])
case("multiply by one pixel, full blocks", lambda: Net(
    lambda m, x, gate: m.first(x) * F.hardsigmoid(m.gate(gate)),
    first=conv(3, 32, 3), gate=conv(5, 32)), [(1, 3, 9, 4), (1, 5, 1, 1)])
case("multiply by one pixel 3-D", lambda: Net(
    lambda m, x, gate: m.last(m.first(x) * m.gate(gate)),
    first=conv(2, 5, 3, rank=3), gate=conv(3, 5, rank=3), last=conv(5, 2, rank=3)), [(2, 2, 3, 4, 2), (2, 3, 1, 1, 1)])
case("multiply pixels", lambda: Net(lambda m, x: m.first(x) * m.second(x), first=conv(3, 5), second=conv(3, 5)),
     [(3, 3, 1, 1)])


# ---------------------------------------------------------------- binary cross-entropy
def entropy(outputs, wanted):
    return F.binary_cross_entropy_with_logits(outputs[0], wanted[0])


def shares(outputs):
    return [torch.rand_like(output) for output in outputs]


def masks(outputs):
    return [torch.randint(0, 2, output.shape).to(output.dtype) for output in outputs]


case("binary_cross_entropy", between(nn.ReLU, 3, 16, 5), [(3, 3, 5, 7)], loss=entropy, targets=shares)
case("binary_cross_entropy of one channel", between(nn.ReLU, 3, 16, 1), [(2, 3, 9, 8)], loss=entropy, targets=masks)
case("binary_cross_entropy of great logits", between(nn.ReLU, 3, 8, 19), [(1, 3, 5, 5)], loss=entropy, targets=masks,
     prepare=wide)
case("binary_cross_entropy 3-D", between(nn.ReLU, 2, 8, 3, rank=3), [(1, 2, 3, 4, 5)], loss=entropy, targets=shares)
case("binary_cross_entropy weighted", between(nn.ReLU, 3, 8, 33), [(1, 3, 4, 5)], targets=shares, steps=3,
     loss=lambda outputs, wanted: 0.3 * entropy(outputs, wanted))
case("binary_cross_entropy of what is resized", lambda: Net(
    lambda m, x: F.interpolate(m.last(F.relu(m.first(x))), (9, 13), mode="bilinear"), first=conv(3, 8, 3, 2),
    last=conv(8, 1)), [(2, 3, 9, 13)], loss=entropy, targets=masks)
case("losses of two resizes", lambda: Net(
    lambda m, x: (lambda y: (F.interpolate(m.first(y), (7, 9), mode="bilinear"),
                             F.interpolate(m.second(y), (7, 9), mode="nearest")))(F.relu(m.trunk(x))),
    trunk=conv(3, 5, 3, 2), first=conv(5, 3), second=conv(5, 19)), [(1, 3, 7, 9)],
     targets=lambda outputs: [masks(outputs)[0], torch.randn_like(outputs[1])],
     loss=lambda outputs, wanted: entropy(outputs, wanted) + 0.4 * F.mse_loss(outputs[1], wanted[1]))
case("three losses", lambda: Net(
    lambda m, x: (lambda y: (m.first(y), m.second(y), m.third(y)))(F.elu(m.trunk(x))),
    trunk=conv(3, 11, 3), first=conv(11, 1), second=conv(11, 5), third=conv(11, 4, 3, 2)), [(2, 3, 6, 5)], steps=2,
     targets=lambda outputs: [masks(outputs)[0], torch.randn_like(outputs[1]),
                              torch.randint(0, 4, (2, *outputs[2].shape[2:]))],
     loss=lambda outputs, wanted: entropy(outputs, wanted) + 0.4 * F.mse_loss(outputs[1], wanted[1]) +
     0.7 * F.cross_entropy(outputs[2], wanted[2].long()))

recorder.save()
