# SPDX-License-Identifier: Apache-2.0
"""How much the compiler works for the constants of each model, held against what limits.json has on record.

limits.py BUILD            every model compiles under a quarter more than its recorded limit, and lies within 2 % of its lower bound (one: 7.5)
limits.py BUILD --record   finds the smallest limits by bisection and writes them down
limits.py BUILD --self-test

The limit is that of one constant: -fconstexpr-ops-limit of g++, 33,554,432 by default, or -fconstexpr-steps of clang, 1,048,576 by default. It does
not depend on the machine, as seconds do.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "structure"))
import database  # noqa: E402

RECORD = HERE / "limits.json"
TRAINING = ", tenon::cross_entropy<>, tenon::sgd<tenon::momentum<0.9>>"
GROUP_NORM = "tenon::layers::group_norm<tenon::layers::nearest<32>>{}"
STREET, PICTURE, SCAN = "tenon::image<1, 3, 1024, 2048>", "tenon::image<1, 3, 360, 480>", "tenon::volume<1, 1, 32, 128, 128>"
MODELS = {
    "unet": ("unet", "unet<11>", PICTURE),
    "deeplab_v3_plus": ("deeplab_v3_plus", f"deeplab_v3_plus<19, {GROUP_NORM}>", STREET),
    "fast_scnn": ("fast_scnn", "fast_scnn<19>", STREET),
    "espnet": ("espnet", "espnet<12>", PICTURE),
    "vb_net standard": ("vb_net", "vb_net<2, tenon::models::vb_block::standard>", SCAN),
    "vb_net bottleneck": ("vb_net", "vb_net<2, tenon::models::vb_block::bottleneck>", SCAN),
    "vb_net separable": ("vb_net", "vb_net<2, tenon::models::vb_block::separable>", SCAN),
}
CASES = [f"{model}, {purpose}" for model in MODELS for purpose in ("inference", "training")]
SLACK = 1.25
# How many thousandths of its lower bound an arena may take: of one model four groups take a seventh of it each.
MOST, KNOWN = 1020, {"vb_net separable, training": 1075}


def source_of(case):
    model, purpose = case.split(", ")
    header, net, shape = MODELS[model]
    return f"""
#include "tenon/models/{header}.hpp"
#include "tenon/plan/plan_of.hpp"
using plan = tenon::plan_of<tenon::models::{net}, {shape}{TRAINING if purpose == "training" else ""}>;
static_assert(plan::parameter_count > 0 && plan::macs > 0 && plan::saved_bytes >= 0);
static_assert(plan::lower_bound_bytes <= plan::arena_bytes && plan::arena_bytes * 1000 <= plan::lower_bound_bytes * {KNOWN.get(case, MOST)});
static_assert(plan::arena_bytes < plan::total_bytes);
"""


class Compiler:
    """The compiler of a build, and its limit."""

    def __init__(self, build):
        self.command, self.directory = database.compile_command(build)
        version = subprocess.run([self.command[0], "--version"], capture_output=True, text=True, check=True).stdout
        self.name = "clang" if "clang" in version else "g++"
        self.option, self.default = ("-fconstexpr-steps", 1048576) if self.name == "clang" else ("-fconstexpr-ops-limit", 33554432)

    def errors(self, source, limit):
        """What the compiler says under a limit, or an empty string if it is content."""
        command = self.command + ["-fsyntax-only", f"{self.option}={limit}", "-x", "c++", "-"]
        result = subprocess.run(command, cwd=self.directory, input=source, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return (result.stdout or f"exit status {result.returncode}") if result.returncode != 0 else ""

    def smallest(self, source):
        """The smallest limit under which a program compiles, within 1 %."""
        low, high = 0, self.default
        if self.errors(source, high):
            raise SystemExit(self.errors(source, high)[:2000])
        while high - low > high // 100:
            middle = (low + high) // 2
            if self.errors(source, middle):
                low = middle
            else:
                high = middle
        return high


def record(compiler):
    table = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for case in CASES:
        table.setdefault(case, {})[compiler.name] = compiler.smallest(source_of(case))
        print(f"{case:30}{table[case][compiler.name]:>12,}", flush=True)
        RECORD.write_text(json.dumps(table, indent=2) + "\n")


def check(compiler):
    table = json.loads(RECORD.read_text())
    failed = 0
    for case in CASES:
        limit = min(int(table[case][compiler.name] * SLACK), compiler.default)
        errors = compiler.errors(source_of(case), limit)
        if errors:
            failed += 1
            print(f"{case}: not under {compiler.option}={limit}\n" + "\n".join(errors.splitlines()[:12]))
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


def self_test(compiler):
    loop = "constexpr int f(int n) { int sum = 0; for (int i = 0; i < n; ++i) sum += i; return sum; } static_assert(f(%d) >= 0);"
    small, large = compiler.smallest(loop % 1000), compiler.smallest(loop % 10000)
    good = 5 * small < large < 20 * small and compiler.errors(loop % 10000, small) != "" and compiler.errors(loop % 1000, large) == ""
    print("1 passed, 0 failed" if good else f"0 passed, 1 failed: {small} and {large}")
    return 0 if good else 1


if __name__ == "__main__":
    chosen = Compiler(os.path.abspath(sys.argv[1]))
    if sys.argv[2:] == ["--record"]:
        record(chosen)
    else:
        sys.exit(self_test(chosen) if sys.argv[2:] == ["--self-test"] else check(chosen))
