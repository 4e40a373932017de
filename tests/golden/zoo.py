# SPDX-License-Identifier: Apache-2.0
"""Golden cases of the networks of `tenon/models`, narrowed, one training step each; makes zoo.safetensors.

    zoo.py                  makes the file
    zoo.py --check PATH     compares the definitions with others instead: PATH is a Python file whose build(name, **options)
                            gives a module of the same parameter names, and that module's description
    zoo.py --espnet FOLDER  compares ESPNet with what real weights, *.safetensors, give: input.npy, output.npy
"""

import argparse
import functools
import glob
import importlib.util
import os

import numpy
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

import zoo_networks as networks
from models import labels
from recorder import Recorder, relative_difference, seed

# Gradients that are 0 but for rounding, because a norm behind takes the parameter's effect away, are recorded as 0: those
# this much smaller, in double, than the greatest of their network.
VANISHING = 1e-12


class ZooRecorder(Recorder):
    """Recorder whose vanishing gradients are exactly 0."""

    @staticmethod
    def difference(found, expected, condition):
        gradients = [key for key in expected if key.startswith("gradient/")]
        greatest = max(expected[key].abs().max() for key in gradients)
        for key in gradients:
            if expected[key].abs().max() < VANISHING * greatest:
                if found[key].abs().max() > condition * greatest:
                    return f"{key} should vanish"
                found[key].zero_()
                expected[key].zero_()
        return Recorder.difference(found, expected, condition)


def cross_entropy(outputs, wanted):
    return F.cross_entropy(outputs[0], wanted[0], ignore_index=outputs[0].shape[1])


def binary(outputs):
    return [(torch.rand_like(output) < 0.3).float() for output in outputs]


def binary_cross_entropy(outputs, wanted):
    return F.binary_cross_entropy_with_logits(outputs[0], wanted[0])


def prepare(module, extents):
    """Random norms and slopes; running statistics near those that random inputs have, so that values neither grow nor fade
    from layer to layer.

    Shifts are such that few channels are nearly always below the kink of the ReLU behind, as the next norm would enlarge
    the little that is left of them, and rounding with it; and that few values lie near it.
    """
    norms = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm)
    for each in module.modules():
        if isinstance(each, norms):
            nn.init.uniform_(each.weight, 0.4, 0.7)
            above = torch.rand(each.bias.shape) < 0.8
            high, low = (torch.empty(each.bias.shape).uniform_(*bounds) for bounds in ((0.6, 1.2), (-0.5, -0.2)))
            with torch.no_grad():
                each.bias.copy_(torch.where(above, high, low))
        if isinstance(each, nn.PReLU):
            nn.init.uniform_(each.weight, 0.1, 0.4)
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            each.momentum = 1.0
    module.train()
    with torch.no_grad():
        module(torch.randn([max(2, extents[0]), *extents[1:]]))
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            each.momentum = 0.1
            spread = each.running_var.sqrt()
            each.running_mean.add_(spread * torch.empty_like(spread).uniform_(-0.3, 0.3))
            each.running_var.mul_(torch.empty_like(spread).uniform_(0.7, 1.4)).clamp_(min=1e-2)


def make():
    recorder = ZooRecorder("zoo")

    def case(name, build, extents, **how):
        recorder.case(name, build, [extents], condition=3e-5, nudges=10, prepare=lambda m: prepare(m, extents), **how)

    segmentation = dict(loss=cross_entropy, targets=labels)
    narrow = dict(middle=2, width=1 / 64, pyramid=16, low=12, decoder=20)
    case("deeplab", lambda: networks.DeepLab(3, **narrow), (1, 3, 65, 81), **segmentation)
    case("deeplab_fine", lambda: networks.DeepLab(3, **{**narrow, "middle": 1}, output_stride=8, rates=(2, 3, 5)),
         (1, 3, 65, 49), **segmentation)
    case("deeplab_group_norm", lambda: networks.DeepLab(4, 4, **narrow), (2, 3, 49, 38), **segmentation)
    case("fast_scnn", lambda: networks.FastSCNN(3, width=1 / 12), (1, 3, 81, 66), **segmentation)
    case("fast_scnn_other", lambda: networks.FastSCNN(3, 4, 1 / 8, 2, (1, 2, 1), (1, 3)), (2, 3, 50, 66), **segmentation)

    volumes = dict(loss=binary_cross_entropy, targets=binary)
    case("vb_standard", lambda: networks.VBNet("standard", level=4, base=2), (1, 1, 16, 19, 22), **volumes)
    case("vb_shallow", lambda: networks.VBNet("standard", 3, 2, level=3, base=2), (1, 2, 9, 14, 11), **volumes)
    case("vb_bottleneck", lambda: networks.VBNet("bottleneck", 2, level=3, base=8), (1, 1, 15, 14, 17), **volumes)
    case("vb_separable", lambda: networks.VBNet("separable", inputs=2, level=4, base=3), (1, 2, 17, 22, 19), **volumes)
    for block in networks.VB_BLOCKS:
        case(f"micro_{block}", functools.partial(networks.vb_micro, block, 8, 16), (1, 8, 5, 7, 6))

    case("espnet", lambda: networks.ESPNet(5, 1, 2, (8, 20, 27)), (1, 3, 48, 64), **segmentation)
    case("espnet_deeper", lambda: networks.ESPNet(6, 2, 3, (6, 15, 23)), (2, 3, 32, 40), **segmentation)
    recorder.save()


def load_module(path):
    found = importlib.util.spec_from_file_location("others", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def compare(name, ours, theirs, extents, loss=lambda y: y.square().mean()):
    """Outputs, all gradients and running statistics of two modules, from one state dict, in double."""
    for each in [*ours.modules(), *theirs.modules()]:
        if isinstance(each, nn.modules.dropout._DropoutNd):
            each.p = 0.0
    seed(name)
    prepare(ours, extents)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.randn(extents, dtype=torch.float64)
    results = []
    for module in (ours.double(), theirs.double()):
        with torch.no_grad():
            made = {"output": module.eval()(x)}
        loss(module.train()(x)).backward()
        made.update({"gradient of " + key: each.grad for key, each in module.named_parameters()})
        made.update({"after " + key: each for key, each in module.state_dict().items()})
        results.append(made)
    count = sum(each.numel() for each in ours.parameters())
    greatest = max(each.abs().max() for key, each in results[1].items() if key.startswith("gradient"))
    worst = 0.0
    for key, expected in results[1].items():
        if not key.startswith("gradient") or expected.abs().max() > VANISHING * greatest:
            worst = max(worst, relative_difference(results[0][key], expected))
    print(f"{name}: {count} parameters, {len(results[1])} tensors, greatest difference {worst:.1e}")
    if not worst < 1e-9:
        raise SystemExit(1)


def check(path):
    build = load_module(path).build
    picture, volume = (1, 3, 65, 97), (1, 1, 19, 33, 25)
    for norm, ours in (("bn", "batch"), ("gn", 32)):
        for options in (dict(), dict(middle=2, width=1 / 16), dict(middle=1, width=0.3)):
            theirs = build("deeplabv3p_xception65", norm=norm, **options)[0]
            compare(f"deeplab {norm} {options}", networks.DeepLab(19, ours, **options), theirs, picture)
        for options in (dict(), dict(width=1 / 8), dict(width=0.75)):
            theirs = build("fast_scnn", norm=norm, **options)[0]
            # Groups of one channel and bins of one value: PyTorch takes no single picture.
            count = 1 if norm == "bn" else 2
            compare(f"fast_scnn {norm} {options}", networks.FastSCNN(19, ours, **options), theirs, (count, 3, 193, 231))
    for block in networks.VB_BLOCKS:
        for options in (dict(), dict(base=8, level=4), dict(base=4, level=3)):
            theirs = build(f"vbnet_{block}", **options)[0]
            compare(f"vb_net {block} {options}", networks.VBNet(block, **options), theirs, volume)
        compare(f"micro {block}", networks.vb_micro(block), build(f"micro_{block}")[0], (1, 16, 5, 6, 7))


def check_espnet(folder):
    (weights,) = glob.glob(os.path.join(folder, "*.safetensors"))
    module = networks.ESPNet(12)
    # A file of older weights has no num_batches_tracked; everything else must be there.
    problem = module.load_state_dict(load_file(weights), strict=False)
    missing = [key for key in problem.missing_keys if not key.endswith("num_batches_tracked")]
    with torch.no_grad():
        output = module.eval()(torch.from_numpy(numpy.load(os.path.join(folder, "input.npy"))))
    difference = relative_difference(output, torch.from_numpy(numpy.load(os.path.join(folder, "output.npy"))))
    print(f"espnet: missing {missing}, surplus {problem.unexpected_keys}, difference {difference:.1e}")
    if missing or problem.unexpected_keys or not difference < 1e-5:
        raise SystemExit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--check")
    parser.add_argument("--espnet")
    given = parser.parse_args()
    if given.check:
        check(given.check)
    if given.espnet:
        check_espnet(given.espnet)
    if not given.check and not given.espnet:
        make()
