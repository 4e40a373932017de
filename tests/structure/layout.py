# SPDX-License-Identifier: Apache-2.0
"""Every C++ file is laid out as clang-format 14 does it after .clang-format; skipped where that version is not installed.

layout.py ROOT
"""
import os
import re
import shutil
import subprocess
import sys


def formatter():
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and re.search(r"version 14\.", subprocess.run([path, "--version"], capture_output=True, text=True).stdout):
            return path
    return None


def main(root):
    tool = formatter()
    if not tool:
        print("SKIPPED: clang-format 14 is not installed (Debian package clang-format-14)")
        return 77
    files = []
    for folder in ("include", "tests", "examples", "benchmarks"):
        for parent, _, names in os.walk(os.path.join(root, folder)):
            files += [os.path.join(parent, name) for name in names if name.endswith((".hpp", ".cpp"))]
    result = subprocess.run([tool, "--dry-run", "--Werror", *sorted(files)], cwd=root, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(.+?):\d+:\d+: error:", result.stderr, re.MULTILINE)))
    for path in wrong:
        print(f"{os.path.relpath(path, root)}: clang-format -i would change it")
    if result.returncode and not wrong:
        print(result.stderr)
    print(f"{len(files)} files, {len(wrong)} to be laid out")
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
