# SPDX-License-Identifier: Apache-2.0
"""Headers stay right under -ffast-math: nobody asks std::isfinite and its like, which then say that everything is finite, and who
names infinity or NaN does so where the flags do not reach: between TENON_EXACT_BEGIN and TENON_EXACT_END, or in a kernel.

finite.py ROOT    or --self-test
"""
import pathlib
import re
import sys

ASKED = re.compile(r"\b(?:std::|__builtin_)?(?:isnan|isfinite|isinf|isnormal|isunordered|fpclassify)\s*\(")
NAMED = re.compile(r"\b(?:infinity|quiet_NaN|signaling_NaN)\(\)|\b(?:HUGE_VALF?|INFINITY|NAN)\b|(?<![.>\w])(\w+) != \1\b(?![.\-(])")
KEPT = re.compile(r"^TENON_EXACT_BEGIN$.*?^TENON_EXACT_END", re.MULTILINE | re.DOTALL)


def problems(name, text):
    code = re.sub(r"//.*", "", text)
    found = [f"{name}: {match.group().rstrip('( ')} sees nothing under -ffast-math; core/finite.hpp does" for match in ASKED.finditer(code)]
    # The body of a kernel is read between the two.
    outside = "" if name.endswith("_body.hpp") else KEPT.sub("", code)
    return found + [f"{name}: {match.group()} outside of TENON_EXACT_BEGIN and TENON_EXACT_END" for match in NAMED.finditer(outside)]


def self_test():
    assert problems("a", "if (!std::isfinite(loss)) throw 1;\n")
    assert problems("a", "if (__builtin_isnan(x)) y();\n")
    assert problems("a", "float a = -std::numeric_limits<float>::infinity();\n")
    assert problems("a", "return x != x;\n")
    assert not problems("a", "// std::isnan(x)\nif (!is_finite(loss)) throw 1;\n return a.x != b.x && n != next;\n")
    assert not problems("a", "TENON_EXACT_BEGIN\nreturn x != x ? 0 : std::numeric_limits<T>::infinity();\nTENON_EXACT_END\n")
    assert problems("a", "TENON_EXACT_BEGIN\nTENON_EXACT_END\nreturn x != x;\n")
    assert not problems("a_body.hpp", "return value != value;\n")
    assert problems("a_body.hpp", "return std::isnan(value);\n")


def main(root):
    headers = sorted((pathlib.Path(root) / "include").rglob("*.hpp"))
    found = [line for path in headers for line in problems(str(path.relative_to(root)), path.read_text(encoding="utf-8"))]
    print("\n".join(found) if found else f"{len(headers)} headers")
    return not found


if __name__ == "__main__":
    self_test()
    sys.exit(0 if sys.argv[1] == "--self-test" or main(sys.argv[1]) else 1)
