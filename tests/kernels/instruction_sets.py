# SPDX-License-Identifier: Apache-2.0
"""Kernels are compiled for the instruction set they are named after, in a program built without -march.

instruction_sets.py PROGRAM    any program that executes kernels; needs objdump, and is skipped (77) without it
"""
import re
import shutil
import subprocess
import sys

# Parts that copy and clear by the C library or leave that to another function, and so may have no vectors of their own.
WITHOUT_VECTORS = {"copy_part", "clear_part", "pad_part", "concat_part", "activate_part", "activate_and_clear_part",
                   "activation_gradient_part", "row_convolution_part"}
NAME = re.compile(r"kernels::(baseline|avx2|avx512)::(\w+_part|\w+_instance<.*?>::run)\(")


def functions(text):
    """The machine code of each kernel part in a disassembly: {(set, name): lines}."""
    found, current = {}, None
    for line in text.splitlines():
        if line.endswith(">:"):
            match = NAME.search(line)
            current = found.setdefault(match.groups(), []) if match and "lambda" not in line else None
        elif current is not None and "\t" in line:
            current.append(line.split("\t", 1)[1])
    return found


def problems(found):
    wrong = []
    for (name_of_set, name), lines in sorted(found.items()):
        code = "\n".join(lines)
        encoded = any(re.match(r"v[a-z]", line) for line in lines)
        if name_of_set == "baseline" and encoded:
            wrong.append(f"baseline {name} has AVX instructions")
        if name_of_set == "avx2" and re.search(r"%zmm|%k[0-7]", code):
            wrong.append(f"avx2 {name} has AVX-512 instructions")
        register = {"baseline": "%xmm", "avx2": "%ymm", "avx512": "%zmm"}[name_of_set]
        if name not in WITHOUT_VECTORS and register not in code:
            wrong.append(f"{name_of_set} {name} has no {register[1:]}")
    for name in {name for _, name in found}:
        missing = {"baseline", "avx2", "avx512"} - {name_of_set for name_of_set, other in found if other == name}
        wrong += [f"{missing_set} {name} is missing" for missing_set in sorted(missing)]
    return wrong


def main(program):
    if shutil.which("objdump") is None:
        print("SKIPPED: objdump is not installed")
        return 77
    text = subprocess.run(["objdump", "--disassemble", "--demangle", "--no-show-raw-insn", program],
                          check=True, capture_output=True, text=True).stdout
    found = functions(text)
    wrong = problems(found)
    if len(found) < 30:
        wrong.append(f"only {len(found)} kernel parts in {program}")
    print(f"{len(found)} kernel parts")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
