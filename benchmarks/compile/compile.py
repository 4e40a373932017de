# SPDX-License-Identifier: Apache-2.0
"""Seconds and memory that compiling takes: constants, predictor and trainer of a U-Net and of DeepLab v3+, beside an empty program and <vector>
alone; then with the library compiled in one file of the program, and that file.

    python3 benchmarks/compile/compile.py [--build build] [--compilers g++ clang++-16] [--runs 3]

One compiler at a time, -std=c++20 -O2 and no flag beyond; the include paths are those of the build folder. Programs are run in turn, the median is
printed.
"""
import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import tempfile

PROGRAMS = ["empty", "vector", "unet_constants", "unet_training_constants", "unet_predictor", "unet_trainer", "deeplab_constants",
            "deeplab_training_constants", "deeplab_predictor", "deeplab_trainer", "unet_dynamic_predictor"]
SEPARATE = ["unet_predictor", "unet_trainer", "deeplab_predictor", "deeplab_trainer", "unet_dynamic_predictor", "compiled"]


def include_arguments(build):
    """The include paths that Meson found for the benchmark's programs."""
    commands = json.loads((build / "compile_commands.json").read_text())
    for command in commands:
        if command["file"].endswith("peer_unet.cpp"):
            words = shlex.split(command["command"])
            found = []
            for i, word in enumerate(words):
                path = word[2:] if word.startswith("-I") else words[i + 1] if word == "-isystem" else None
                path = word[len("-isystem"):] if path is None and word.startswith("-isystem") and len(word) > 8 else path
                if path:
                    found += ["-isystem", os.path.join(command["directory"], path)]
            return found
    raise SystemExit("compile.py: the build folder has no benchmarks: configure with -Dbenchmarks=enabled")


def measure(compiler, source, arguments):
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, "-std=c++20", "-O2", *arguments, "-c", str(source), "-o", f"{folder}/out.o"]
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"compile.py: {source.name} does not compile")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=here.parent.parent / "build")
    parser.add_argument("--compilers", nargs="+", default=["g++", "clang++-16"])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    arguments = ["-I", str(here.parent.parent / "include"), *include_arguments(options.build)]
    for compiler in options.compilers:
        programs = {name: (here / f"{name}.cpp", arguments) for name in PROGRAMS}
        programs.update({name + ", separate": (here / f"{name}.cpp", ["-DTENON_SEPARATE_COMPILATION", *arguments]) for name in SEPARATE})
        samples = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, (source, flags) in programs.items():
                samples[name].append(measure(compiler, source, flags))
        empty = statistics.median(seconds for seconds, _ in samples["empty"])
        print(f"{compiler} -std=c++20 -O2, processor seconds, medians of {options.runs}")
        print(f"  {'':34}{'seconds':>9}{'over empty':>12}{'peak MiB':>10}")
        for name in programs:
            seconds = statistics.median(s for s, _ in samples[name])
            memory = max(m for _, m in samples[name])
            print(f"  {name:34}{seconds:9.2f}{seconds - empty:12.2f}{memory:10.0f}")


if __name__ == "__main__":
    main()
