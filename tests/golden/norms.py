# SPDX-License-Identifier: Apache-2.0
"""Golden cases of group norms, instance norms, and of what is fused behind norms; makes norms.safetensors."""

from torch import nn
from torch.nn import functional as F

from parts import Net, conv
from recorder import Recorder, randomize

recorder = Recorder("norms")


def prepare(module):
    randomize(module)
    for each in module.modules():
        if isinstance(each, (nn.GroupNorm, nn.InstanceNorm2d, nn.InstanceNorm3d)) and each.affine:
            nn.init.uniform_(each.weight, 0.5, 1.5)
            nn.init.uniform_(each.bias, -0.5, 0.5)


def case(name, build, extents, **options):
    recorder.case(name, build, [extents], prepare=prepare, **options)


def between(inputs, channels, norm, rank=2):
    """A convolution, the norm of its channels, ReLU, and a convolution, so that gradients go through all."""
    return lambda: nn.Sequential(conv(inputs, channels, 3, rank=rank, bias=False), norm(), nn.ReLU(),
                                 conv(channels, 3, rank=rank))


# ---------------------------------------------------------------- group norm
case("group_norm of full blocks", between(3, 32, lambda: nn.GroupNorm(2, 32)), (1, 3, 9, 7))
case("group_norm of part blocks", between(5, 32, lambda: nn.GroupNorm(8, 32)), (3, 5, 6, 5))
case("group_norm that cuts blocks", between(3, 78, lambda: nn.GroupNorm(3, 78)), (2, 3, 5, 7))
case("group_norm of one group", between(3, 19, lambda: nn.GroupNorm(1, 19)), (3, 3, 4, 5))
case("group_norm of odd channels", between(3, 33, lambda: nn.GroupNorm(11, 33)), (1, 3, 8, 9))
case("group_norm nearest below", between(3, 48, lambda: nn.GroupNorm(24, 48)), (2, 3, 6, 7))
case("group_norm nearest above", between(3, 15, lambda: nn.GroupNorm(5, 15)), (1, 3, 9, 8))
case("group_norm of 728", between(3, 728, lambda: nn.GroupNorm(28, 728)), (1, 3, 3, 4))
case("group_norm without affine", between(3, 12, lambda: nn.GroupNorm(4, 12, affine=False)), (2, 3, 5, 9))
case("group_norm with epsilon", between(3, 12, lambda: nn.GroupNorm(4, 12, eps=0.1)), (2, 3, 5, 9))
case("group_norm 3-D", between(3, 24, lambda: nn.GroupNorm(6, 24), 3), (2, 3, 3, 5, 4))
case("group_norm of one pixel", between(3, 24, lambda: nn.GroupNorm(3, 24)), (3, 3, 1, 1))
case("group_norm of the input", lambda: nn.Sequential(nn.GroupNorm(2, 6), conv(6, 5, 3)), (3, 6, 7, 5))
case("group_norm of what two read", lambda: Net(
    lambda m, x: (lambda y: m.norm(y) + m.second(y))(m.first(x)),
    first=conv(3, 20), norm=nn.GroupNorm(5, 20), second=conv(20, 20, 3)), (2, 3, 5, 5))

# ---------------------------------------------------------------- instance norm
case("instance_norm", between(3, 19, lambda: nn.InstanceNorm2d(19)), (2, 3, 9, 7))
case("instance_norm with affine", between(3, 16, lambda: nn.InstanceNorm2d(16, affine=True)), (1, 3, 8, 9))
case("instance_norm 3-D", between(3, 11, lambda: nn.InstanceNorm3d(11), 3), (1, 3, 4, 6, 5))
case("instance_norm 3-D with affine", between(3, 33, lambda: nn.InstanceNorm3d(33, affine=True, eps=1e-3), 3),
     (2, 3, 3, 4, 5))

# ---------------------------------------------------------------- functions and sums behind norms
functions = {"none": nn.Identity, "relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.2), "relu6": nn.ReLU6,
             "elu": lambda: nn.ELU(0.7), "sigmoid": nn.Sigmoid, "hard_sigmoid": nn.Hardsigmoid,
             "hard_swish": nn.Hardswish}
norms = {"batch_norm": lambda: nn.BatchNorm2d(18), "group_norm": lambda: nn.GroupNorm(6, 18)}
for kind, norm in norms.items():
    for name, function in functions.items():
        if name != "none":
            case(f"{kind} and {name}", lambda n=norm, f=function: nn.Sequential(
                conv(3, 18, 3, bias=False), n(), f(), conv(18, 3)), (2, 3, 7, 6))
        case(f"{kind}, sum and {name}", lambda n=norm, f=function: Net(
            lambda m, x: (lambda y: m.last(m.then(m.norm(m.second(y)) + y)))(m.first(x)),
            first=conv(3, 18), second=conv(18, 18, 3, bias=False), norm=n(), then=f(), last=conv(18, 3)),
             (2, 3, 6, 7))
case("two norms summed", lambda: Net(
    lambda m, x: m.last(F.relu(m.first_norm(m.first(x)) + m.second_norm(m.second(x)))),
    first=conv(3, 18, 3, bias=False), first_norm=nn.GroupNorm(3, 18), second=conv(3, 18, bias=False), second_norm=nn.BatchNorm2d(18),
    last=conv(18, 5, 3)), (2, 3, 7, 5))
case("residual blocks of norms", lambda: Net(
    lambda m, x: m.last(m.two(m.one(m.first(x)))), first=conv(3, 16, 3),
    one=Net(lambda m, x: F.relu(m.norm(m.conv(x)) + x), conv=conv(16, 16, 3, bias=False), norm=nn.GroupNorm(4, 16)),
    two=Net(lambda m, x: F.relu(m.norm(m.conv(x)) + x), conv=conv(16, 16, 3, bias=False), norm=nn.BatchNorm2d(16)),
    last=conv(16, 3)), (2, 3, 8, 6))

recorder.save()
