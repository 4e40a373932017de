# SPDX-License-Identifier: Apache-2.0
"""No header has more than 400 lines, but those that EXCEPTIONS names, and half of them have fewer than 200; each begins with its
licence and its purpose.

lengths.py ROOT
"""
import os
import re
import statistics
import sys

GREATEST = 400
MEDIAN = 200
# What may be longer: a header's path, and how long it may be.
EXCEPTIONS = {}
# The licence, then what the file is for; bodies of kernels and what reads them have no #pragma once.
OPENING = r"// SPDX-License-Identifier: Apache-2\.0\n// .+\n(//.*\n)*"
READ_OFTEN = re.compile(r"_body\.hpp$|/each_isa\.hpp$")


def main(root):
    lengths, problems = {}, []
    for parent, _, names in os.walk(os.path.join(root, "include", "tenon")):
        for name in names:
            path = os.path.relpath(os.path.join(parent, name), root)
            with open(os.path.join(root, path), encoding="utf-8") as file:
                text = file.read()
            lengths[path] = len(text.splitlines())
            if not re.match(OPENING if READ_OFTEN.search(path) else OPENING + "#pragma once\n", text):
                problems.append(f"{path}: does not begin with licence, purpose and #pragma once")
    problems += [f"{path}: {length} lines, at most {EXCEPTIONS.get(path, GREATEST)}"
                 for path, length in lengths.items() if length > EXCEPTIONS.get(path, GREATEST)]
    problems += [f"{path} is an exception but has {lengths.get(path, 0)} lines"
                 for path in EXCEPTIONS if lengths.get(path, 0) <= GREATEST]
    median = statistics.median(lengths.values())
    if median >= MEDIAN:
        problems.append(f"the median header has {median} lines, which should be under {MEDIAN}")
    longest = sorted(lengths, key=lengths.get, reverse=True)[:5]
    print(f"{len(lengths)} headers, {sum(lengths.values())} lines, median {median}; the longest: "
          + ", ".join(f"{path} {lengths[path]}" for path in longest))
    print("\n".join(problems))
    return not problems


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
