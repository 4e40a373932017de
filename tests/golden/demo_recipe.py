# SPDX-License-Identifier: Apache-2.0
"""Trains the demo's U-Net by the demo's recipe in PyTorch, for comparison; prints the mean IoU over held-out scenes.

Scenes come from tests/data/dump_scenes.cpp, as PREFIX-pictures.npy and PREFIX-labels.npy:

    dump_scenes GARMENTS train    1 0 6400 96 96 scenes/train
    dump_scenes GARMENTS held_out 2 0  400 96 96 scenes/test
    python3 demo_recipe.py scenes/train scenes/test
"""

import argparse
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def double_convolution(inputs, outputs):
    """Twice: 3x3 convolution without bias, batch norm, ReLU."""
    layers = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Four levels down and up; `width` channels at the finest. Sides of the picture are multiples of 16."""

    def __init__(self, classes, width):
        super().__init__()
        widths = [width << level for level in range(5)]
        self.down = nn.ModuleList(double_convolution(i, o) for i, o in zip([3] + widths, widths))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:4]))
        self.up = nn.ModuleList(double_convolution(2 * w, w) for w in reversed(widths[:4]))
        self.classify = nn.Conv2d(width, classes, 1)

    def forward(self, value):
        skips = []
        for block in self.down:
            value = block(F.max_pool2d(value, 2) if skips else value)
            skips.append(value)
        skips.pop()
        for enlarge, block in zip(self.enlarge, self.up):
            value = block(torch.cat([skips.pop(), enlarge(value)], 1))
        return self.classify(value)


def initialise(network):
    """He: normal, deviation sqrt(2 / fan_in); biases 0; batch norm 1 and 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def learning_rate(step, steps, peak, warm_up):
    """Linear warm-up, then half a cosine down to 0."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def confusion(network, pictures, labels, classes, batch):
    """(truth, prediction) pixel counts."""
    matrix = np.zeros((classes, classes), np.int64)
    network.eval()
    with torch.no_grad():
        for first in range(0, len(pictures), batch):
            guess = network(as_input(pictures[first : first + batch])).argmax(1).numpy()
            pairs = labels[first : first + batch].astype(np.int64) * classes + guess
            matrix += np.bincount(pairs.ravel(), minlength=classes * classes).reshape(classes, classes)
    network.train()
    return matrix


def iou(matrix):
    together = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.diag(matrix) / np.maximum(together, 1)


def as_input(colours):
    return (torch.from_numpy(np.array(colours)).float() - 128) / 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--optimizer", choices=("sgd", "adam"), default="sgd")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--report", type=int, default=200, help="steps between lines")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    classes = 11
    pictures, labels = (np.load(f"{options.train}-{kind}.npy", mmap_mode="r") for kind in ("pictures", "labels"))
    test_pictures, test_labels = (np.load(f"{options.test}-{kind}.npy") for kind in ("pictures", "labels"))
    network = UNet(classes, options.width)
    initialise(network)
    memory = torch.channels_last if options.channels_last else torch.contiguous_format
    network.to(memory_format=memory)
    if options.optimizer == "sgd":
        optimizer = torch.optim.SGD(network.parameters(), 0.0, options.momentum, nesterov=True,
                                    weight_decay=options.weight_decay)
    else:
        optimizer = torch.optim.Adam(network.parameters(), 0.0)

    start = time.time()
    mean_loss = 0.0
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options.steps, options.rate, options.warm_up)
        at = step * options.batch % (len(pictures) - options.batch + 1)  # each scene once while they last
        value = as_input(pictures[at : at + options.batch]).contiguous(memory_format=memory)
        truth = torch.from_numpy(labels[at : at + options.batch].astype(np.int64))
        loss = F.cross_entropy(network(value), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean_loss += (loss.item() - mean_loss) / (step % options.report + 1)
        if (step + 1) % options.report == 0 or step + 1 == options.steps:
            seconds = time.time() - start
            print(f"step {step + 1}  loss {mean_loss:.4f}  {(step + 1) * options.batch / seconds:.1f} images/s  "
                  f"{seconds:.0f} s", flush=True)
            mean_loss = 0.0

    scores = iou(confusion(network, test_pictures, test_labels, classes, options.batch))
    print("IoU by class", " ".join(f"{score:.3f}" for score in scores))
    print(f"mean IoU {scores.mean():.4f}  training {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
