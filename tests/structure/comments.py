# SPDX-License-Identifier: Apache-2.0
"""Every layer's comment has its shapes, parameters, MACs, what it saves for the backward pass, its problems or errors, and an
example; every example in a comment below layers/ stands in tests/static/vocabulary.cpp, where it is compiled.

comments.py ROOT | comments.py --self-test
"""
import os
import re
import sys

COMMENT = re.compile(r"(?:^///.*\n)+", re.MULTILINE)
LINES = {"shapes": "^shapes: ", "parameters": "^parameters: ", "MACs": "MACs: ", "what is saved": "^saved for the backward pass: ",
         "problems or errors": "^(problems|errors): ", "an example": "^example: "}


def problems_of(text, compiled):
    """(what is wrong with the comments of a header, how many are of layers)."""
    problems, layers = [], 0
    compiled = " ".join(compiled.split())
    for match in COMMENT.finditer(text):
        comment = re.sub("^/// ?", "", match.group(), flags=re.MULTILINE)
        where = f"line {text.count(chr(10), 0, match.start()) + 1}"
        example = re.search(r"^example: (.*)\Z", comment, re.MULTILINE | re.DOTALL)
        if example and " ".join(example.group(1).split()) not in compiled:
            problems.append(f"{where}: its example is not compiled")
        if re.search("^(shapes|parameters|saved for the backward pass): ", comment, re.MULTILINE):
            layers += 1
            problems += [f"{where}: it lacks {what}" for what, line in LINES.items() if not re.search(line, comment, re.MULTILINE)]
    return problems, layers


def check(root):
    with open(os.path.join(root, "tests", "static", "vocabulary.cpp"), encoding="utf-8") as file:
        compiled = file.read()
    folder = os.path.join(root, "include", "tenon", "layers")
    problems, layers = [], 0
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            found, count = problems_of(file.read(), compiled)
        problems += [f"{name}: {problem}" for problem in found]
        layers += count
    print("\n".join(problems) if problems else f"{layers} layers")
    return not problems and layers >= 25


def self_test():
    whole = ("/// A layer.\n/// shapes: x -> the same\n/// parameters: none; MACs: none\n/// saved for the backward pass: nothing\n"
             "/// problems: none\n/// example: a >>\n/// b\nstruct layer {};\n")
    cases = [(whole, "auto x = a >> b;", 0), (whole, "auto x = a >> c;", 1), (whole.replace("; MACs: none", ""), "a >> b", 1),
             (whole.replace("/// problems: none\n", ""), "a >> b", 1), (whole.replace("/// saved", "/// kept"), "a >> b", 1),
             ("/// A helper.\nint f();\n", "", 0), ("/// A part.\n/// example: f(a)\n", "", 1)]
    wrong = [text for text, compiled, count in cases if len(problems_of(text, compiled)[0]) != count]
    print("\n".join(wrong) if wrong else "as expected")
    return not wrong


if __name__ == "__main__":
    sys.exit(0 if (self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])) else 1)
