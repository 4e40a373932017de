# SPDX-License-Identifier: Apache-2.0
"""No header but the table of operations knows which operand or result of an operation stands where: passes, plan and backends' descriptions
layers and kernels ask for a role.

operands.py ROOT | operands.py --self-test
"""
import pathlib
import re
import sys

FOLDERS = ["graph", "layers", "train", "passes", "plan", "runtime", "report", "backends"]
# The first operand, what a node works on, and the first result, what it gives, may be asked for by number.
COUNTED = re.compile(r"\b(?:operands|results)(?:\[(?:[1-9]|count\+\+)\]|\.subspan\()|\b(?:operand|operand_value|result_value)\([\w.*>-]+, [1-9]\)")
ALLOWED = {
    # The two operands of a sum are alike.
    ("passes/fuse_sum.hpp", "operand(current, 1)"),
}


def problems(path, text):
    if path in ("graph/operation_traits.hpp", "graph/operation_lookup.hpp"):
        return []
    code = re.sub(r"//.*", "", text)
    return [f"{path}: {match.group()} counts what the table of operations knows; ask for a role" for match in COUNTED.finditer(code)
            if (path, match.group()) not in ALLOWED]


def self_test():
    assert problems("passes/a.hpp", "now(graph.operand(current, 1))")
    assert problems("passes/a.hpp", "use(current.results[2]);")
    assert problems("plan/a.hpp", "operands[3]")
    assert problems("passes/a.hpp", "operands[count++] = mean;")
    assert problems("backends/reference/a.hpp", "normalize(operands.subspan(1, 4))")
    assert not problems("passes/a.hpp", "graph.operand(current, 0); current.results[0]; // operands[3]")
    assert not problems("passes/fuse_sum.hpp", "edits.operand(current, 1)")
    assert not problems("passes/a.hpp", "graph.operand(current, role::mean)")


def main(root):
    top = pathlib.Path(root) / "include" / "tenon"
    headers = sorted(path for folder in FOLDERS for path in (top / folder).rglob("*.hpp"))
    found = [line for path in headers for line in problems(str(path.relative_to(top)), path.read_text(encoding="utf-8"))]
    print("\n".join(found) if found else f"{len(headers)} headers")
    return not found and bool(headers)


if __name__ == "__main__":
    self_test()
    sys.exit(0 if sys.argv[1] == "--self-test" or main(sys.argv[1]) else 1)
