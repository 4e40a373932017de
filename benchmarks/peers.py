# SPDX-License-Identifier: Apache-2.0
"""Tenon beside PyTorch: U-Net, 1 x 3 x 360 x 480, inference and training step, run in turn, medians.

    build/onednn-venv/bin/pip install torch        # PyTorch from its wheel; any Python with torch will do
    build/onednn-venv/bin/python benchmarks/peers.py [--peer build/benchmarks/peer] [--runs 7] [--threads 1 2]

Each side is a process of its own. They are asked for one run after the other, so that a change in the machine's speed meets both. The ratio is
the median over pairs; above 1 Tenon is faster. Peak memory is the whole process's, libraries included.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys

TORCH_SIDE = r'''
import resource, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F

mode, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)


def block(i, o):
    layers = []
    for a in (i, o):
        layers += [nn.Conv2d(a, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, classes=11, base=64):
        super().__init__()
        c = [base * 2 ** i for i in range(5)]
        self.inc = block(3, c[0])
        self.downs = nn.ModuleList(block(c[i], c[i + 1]) for i in range(4))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(c[i + 1], c[i], 2, 2) for i in (3, 2, 1, 0))
        self.convs = nn.ModuleList(block(c[i + 1], c[i]) for i in (3, 2, 1, 0))
        self.outc = nn.Conv2d(c[0], classes, 1)

    def forward(self, x):
        xs = [self.inc(x)]
        for d in self.downs:
            xs.append(d(F.max_pool2d(xs[-1], 2)))
        x = xs.pop()
        for up, conv in zip(self.ups, self.convs):
            skip = xs.pop()
            x = up(x)
            dy, dx = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
            if dy or dx:
                x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
            x = conv(torch.cat([skip, x], 1))
        return self.outc(x)


torch.manual_seed(1)
channels_last = len(sys.argv) > 3 and sys.argv[3] == "channels_last"
layout = dict(memory_format=torch.channels_last) if channels_last else {}
net = UNet().to(**layout)
image = torch.randn(1, 3, 360, 480).to(**layout)
labels = torch.randint(0, 12, (1, 360, 480))
if mode == "inference":
    net.eval()

    def run():
        with torch.inference_mode():
            net(image)
else:
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)

    def run():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(image), labels, ignore_index=11).backward()
        optimizer.step()

print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "memory":
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
    else:
        start = time.perf_counter()
        run()
        print(time.perf_counter() - start, flush=True)
'''


class Side:
    """One side of the comparison: a process that runs once for each line it gets."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"peers.py: this did not start: {' '.join(command[:2])}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=str(root / "build" / "benchmarks" / "peer"), help="Tenon's program")
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each side")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--modes", nargs="+", default=["inference", "training"], choices=["inference", "training"])
    parser.add_argument("--channels-last", action="store_true", help="PyTorch in its channels-last layout")
    options = parser.parse_args()
    if not pathlib.Path(options.peer).exists():
        parser.error(f"{options.peer} is not there: build with -Dbenchmarks=enabled")
    try:
        import torch
    except ImportError:
        parser.error("this Python has no torch")
    print(f"U-Net, 11 classes, 1 x 3 x 360 x 480, float32; PyTorch {torch.__version__}; "
          f"medians of {options.runs} interleaved runs")
    print(f"{'':22}{'Tenon':>11}{'PyTorch':>11}{'PyTorch/Tenon':>15}{'Tenon':>12}{'PyTorch':>12}")
    print(f"{'':22}{'seconds':>11}{'seconds':>11}{'(pairs)':>15}{'peak MiB':>12}{'peak MiB':>12}")
    for mode in options.modes:
        for threads in options.threads:
            tenon = Side([options.peer, mode, str(threads)])
            extra = ["channels_last"] if options.channels_last else []
            peer = Side([sys.executable, "-c", TORCH_SIDE, mode, str(threads), *extra])
            for _ in range(2):  # warm-up
                tenon.ask("run")
                peer.ask("run")
            pairs = [(tenon.ask("run"), peer.ask("run")) for _ in range(options.runs)]
            ours, theirs = (statistics.median(side) for side in zip(*pairs))
            ratio = statistics.median(b / a for a, b in pairs)
            memory = [side.ask("memory") / 2**20 for side in (tenon, peer)]
            label = f"{mode}, {threads} thread{'s' if threads > 1 else ''}"
            print(f"{label:22}{ours:11.4f}{theirs:11.4f}{ratio:15.2f}{memory[0]:12.0f}{memory[1]:12.0f}", flush=True)
            tenon.close()
            peer.close()


if __name__ == "__main__":
    main()
