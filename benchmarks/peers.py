# SPDX-License-Identifier: Apache-2.0
"""Tenon beside PyTorch: networks of one picture or volume, inference and training step, run in turn, medians.

    build/onednn-venv/bin/pip install torch        # PyTorch from its wheel; any Python with torch will do
    build/onednn-venv/bin/python benchmarks/peers.py [--networks unet deeplab] [--runs 7] [--threads 1 2]

Each side is a process of its own. They are asked for one run after the other, so that a change in the machine's speed meets both. The ratio is
the median over pairs; above 1 Tenon is faster. Peak memory is the whole process's, libraries included. PyTorch's networks are those that golden
data is made with.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
NETWORKS = {
    "unet": "U-Net, 11 classes, 1 x 3 x 360 x 480",
    "deeplab": "DeepLab v3+ Xception-65, 19 classes, 1 x 3 x 513 x 513",
    "fast_scnn": "Fast-SCNN, 19 classes, 1 x 3 x 1024 x 2048",
    "vb_net": "VB-Net, standard blocks, 1 x 1 x 32 x 128 x 128",
    "vb_net_bottleneck": "VB-Net, bottleneck blocks, 1 x 1 x 32 x 128 x 128",
}


def serve(name, mode, threads, channels_last):
    """PyTorch's side: answers each line with the seconds that one run took."""
    import resource
    import time

    import torch
    from torch.nn import functional as F

    sys.path.insert(0, str(GOLDEN))
    import models
    import zoo_networks as zoo

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net, size, classes = {
        "unet": lambda: (models.UNet(11, 64), (1, 3, 360, 480), 11),
        "deeplab": lambda: (zoo.DeepLab(19), (1, 3, 513, 513), 19),
        "fast_scnn": lambda: (zoo.FastSCNN(19), (1, 3, 1024, 2048), 19),
        "vb_net": lambda: (zoo.VBNet("standard"), (1, 1, 32, 128, 128), 1),
        "vb_net_bottleneck": lambda: (zoo.VBNet("bottleneck"), (1, 1, 32, 128, 128), 1),
    }[name]()
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    layout = dict(memory_format=formats[len(size)]) if channels_last else {}
    net, image = net.to(**layout), torch.randn(size).to(**layout)
    if classes == 1:
        target, loss = torch.randint(0, 2, size).float(), F.binary_cross_entropy_with_logits
    else:
        target = torch.randint(0, classes + 1, (size[0], *size[2:]))

        def loss(output, labels):
            return F.cross_entropy(output, labels, ignore_index=classes)
    net.train(mode == "training")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)

    def run():
        if mode == "inference":
            with torch.inference_mode():
                return net(image)
        optimizer.zero_grad(set_to_none=True)
        loss(net(image), target).backward()
        return optimizer.step()

    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
        else:
            start = time.perf_counter()
            run()
            print(time.perf_counter() - start, flush=True)


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
    parser.add_argument("--build", default=str(root / "build"), help="where Meson built Tenon's programs")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each side")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--modes", nargs="+", default=["inference", "training"], choices=["inference", "training"])
    parser.add_argument("--channels-last", action="store_true", help="PyTorch in its channels-last layout")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.modes[0], options.threads[0], options.channels_last)
        return
    try:
        import torch
    except ImportError:
        parser.error("this Python has no torch")
    print(f"float32; PyTorch {torch.__version__}; medians of {options.runs} interleaved runs")
    print(f"{'':22}{'Tenon':>11}{'PyTorch':>11}{'PyTorch/Tenon':>15}{'Tenon':>12}{'PyTorch':>12}")
    print(f"{'':22}{'seconds':>11}{'seconds':>11}{'(pairs)':>15}{'peak MiB':>12}{'peak MiB':>12}")
    for network in options.networks:
        program = pathlib.Path(options.build) / "benchmarks" / f"peer_{network}"
        if not program.exists():
            parser.error(f"{program} is not there: build with -Dbenchmarks=enabled")
        print(NETWORKS[network])
        for mode in options.modes:
            for threads in options.threads:
                extra = ["--channels-last"] if options.channels_last else []
                tenon = Side([str(program), mode, str(threads)])
                peer = Side([sys.executable, __file__, "--serve", network, "--modes", mode, "--threads", str(threads),
                             *extra])
                for _ in range(2):  # warm-up
                    tenon.ask("run")
                    peer.ask("run")
                pairs = [(tenon.ask("run"), peer.ask("run")) for _ in range(options.runs)]
                ours, theirs = (statistics.median(side) for side in zip(*pairs))
                ratio = statistics.median(b / a for a, b in pairs)
                memory = [side.ask("memory") / 2**20 for side in (tenon, peer)]
                label = f"{mode}, {threads} thread{'s' if threads > 1 else ''}"
                print(f"{label:22}{ours:11.4f}{theirs:11.4f}{ratio:15.2f}{memory[0]:12.0f}{memory[1]:12.0f}",
                      flush=True)
                tenon.close()
                peer.close()


if __name__ == "__main__":
    main()
