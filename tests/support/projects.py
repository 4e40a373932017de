# SPDX-License-Identifier: Apache-2.0
"""What the tests share that build a user's project: how commands are run, and what the tests are told."""
import argparse
import subprocess


def run(command, fails=False, **options):
    """What a command prints; it must succeed, or fail if `fails`."""
    result = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if (result.returncode != 0) != fails:
        raise SystemExit(f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout[-6000:]}")
    return result.stdout


def arguments():
    """SOURCE_ROOT --cmake-prefix-path FOLDERS --compiler COMMAND"""
    parser = argparse.ArgumentParser()
    parser.add_argument("source_root")
    parser.add_argument("--cmake-prefix-path", default="")
    parser.add_argument("--compiler", required=True)
    return parser.parse_args()
