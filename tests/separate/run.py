# SPDX-License-Identifier: Apache-2.0
"""One program of three files, compiled header-only and separately, computes the same bits.

run.py SEPARATE [HEADER_ONLY]
"""
import os
import re
import subprocess
import sys
import tempfile


def output_of(program):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([program, "weights.safetensors"], cwd=folder, text=True, stdout=subprocess.PIPE)
    if result.returncode != 0:
        raise SystemExit(f"{program}: exit status {result.returncode}\n{result.stdout}")
    return result.stdout


def main():
    separate, whole = [output_of(os.path.abspath(program)) for program in [sys.argv[1], sys.argv[-1]]]
    print(whole)
    expected = [r"(step \S+ of \d+\n){3}", r"evaluate ", r"predictor ", r"as the reference: 1\n", r"file_error: .*no such file",
                r"dynamic_predictor ", r"(dynamic_trainer \S+\n){2}", r"shape_error: .* of 1 x 3 x 0 x 20"]
    missing = [pattern for pattern in expected if not re.search("^" + pattern, whole, re.MULTILINE)]
    if missing:
        print("not printed:", missing)
    found = dict(re.findall(r"^(predictor|dynamic_predictor) ([0-9a-f]{16})", whole, re.MULTILINE))
    same_sizes = len(set(found.values())) == 1
    if not same_sizes:
        print("a constant and a dynamic size give different bits")
    if separate != whole:
        print("compiled separately it prints:\n" + separate)
    return missing or not same_sizes or separate != whole


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
