# SPDX-License-Identifier: Apache-2.0
"""Golden U-Nets, five training steps each; makes models.safetensors, unet_steps.safetensors, and the weights with which
those begin, unet.safetensors."""

import functools
import os

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from recorder import Recorder, randomize


def convolution(inputs, outputs, stride=1):
    """Convolution 3 x 3, batch norm, ReLU."""
    return [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def block(inputs, outputs):
    return nn.Sequential(nn.Sequential(*convolution(inputs, outputs)), nn.Sequential(*convolution(outputs, outputs)))


class Up(nn.Module):
    """Doubles the size, and joins what the way down had at that size."""

    def __init__(self, channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, 2)
        self.conv = block(2 * channels, channels)

    def forward(self, x, skip):
        x = self.up(x)
        height, width = (skip.shape[d] - x.shape[d] for d in (2, 3))
        x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return self.conv(torch.cat([skip, x], 1))


class UNet(nn.Module):
    def __init__(self, classes, width):
        super().__init__()
        widths = [width << level for level in range(5)]
        self.inc = block(3, width)
        self.downs = nn.ModuleList(block(*pair) for pair in zip(widths, widths[1:]))
        self.ups = nn.ModuleList(Up(channels) for channels in reversed(widths[:4]))
        self.outc = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        levels = [self.inc(x)]
        for down in self.downs:
            levels.append(down(F.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for up in self.ups:
            x = up(x, levels.pop())
        return self.outc(x)


class SmallUNet(nn.Module):
    """The network with which the documentation begins."""

    def __init__(self, classes):
        super().__init__()
        self.encoder = nn.ModuleDict({
            "fine": nn.Sequential(*convolution(3, 32)),
            "coarse": nn.Sequential(*convolution(32, 64, 2), *convolution(64, 64))})
        self.decoder = nn.Sequential(*convolution(96, 32), nn.Conv2d(32, classes, 1))

    def forward(self, image):
        fine = self.encoder["fine"](image)
        coarse = self.encoder["coarse"](fine)
        coarse = F.interpolate(coarse, fine.shape[2:], mode="bilinear", align_corners=False)
        return self.decoder(torch.cat([coarse, fine], 1))


def labels(outputs):
    """Classes in patches, and some labels, of a class there is not, that do not count."""
    count, classes, height, width = outputs[0].shape
    patches = torch.randint(0, classes + 1, (count, 1, height // 5 + 1, width // 5 + 1)).float()
    return [F.interpolate(patches, (height, width), mode="nearest")[:, 0].long()]


def loss(outputs, wanted):
    return F.cross_entropy(outputs[0], wanted[0], ignore_index=outputs[0].shape[1])


def prepare(module):
    """Random norms whose shifts keep most values away from the kink of the ReLU behind, on either side of it.

    Five steps of a network this deep are chaotic: one of some million values so near a kink that rounding decides on
    which side it lies changes gradients by a thousandth.
    """
    randomize(module)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.uniform_(each.weight, 0.4, 1.0)
            side = torch.rand(each.bias.shape).sub(0.4).sign()
            with torch.no_grad():
                each.bias.copy_(side * torch.empty(each.bias.shape).uniform_(0.8, 1.6))


def main():
    rule = functools.partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-3)
    common = dict(loss=loss, targets=labels, optimizer=rule, steps=5, condition=3e-5, nudges=20, prepare=prepare)
    recorder = Recorder("models")
    recorder.case("small_unet", lambda: SmallUNet(11), [(2, 3, 13, 17)], **common)
    recorder.save()

    recorder = Recorder("unet_steps")
    recorder.case("unet", lambda: UNet(5, 4), [(2, 3, 45, 61)], **common)
    # The first weights as a state dict by itself, as users have it.
    start = "unet/weight/"
    state = {key[len(start):]: recorder.tensors.pop(key) for key in list(recorder.tensors) if key.startswith(start)}
    for key in [key for key in state if key.endswith("running_mean")]:
        state[key.replace("running_mean", "num_batches_tracked")] = torch.tensor(0)
    path = os.path.join(os.path.dirname(recorder.path), "unet.safetensors")
    save_file(state, path)
    print(f"unet.safetensors: {os.path.getsize(path)} bytes")
    recorder.save()


if __name__ == "__main__":
    main()
