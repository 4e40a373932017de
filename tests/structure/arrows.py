# SPDX-License-Identifier: Apache-2.0
"""Includes between the folders of include/tenon go one way.

arrows.py ROOT | arrows.py --self-test

ALLOWED says, for each part of the library, which other parts its headers may include; within a part everything may include
everything. The table must have no cycle. A part is the longest name here that a header's path begins with; the backends' descriptions of
themselves are a part of their own, because plans depend on them. Parts in PLAIN include the standard library only, beside Tenon.
Every header includes core/language.hpp or a header that does, so that each says when the language is too old.
"""
import os
import re
import sys

EVERYTHING = "everything"
ALLOWED = {
    "core": [],
    "graph": ["core"],
    "layers": ["core", "graph"],
    "capabilities": ["core", "graph"],
    "passes": ["core", "graph", "layers", "capabilities"],
    "train": ["core", "graph", "layers", "passes"],  # losses and optimizers are described as layers are, and planned
    "plan": ["core", "graph", "layers", "capabilities", "passes", "train"],
    "io": ["core"],
    "backends": ["core", "graph", "capabilities", "passes", "plan"],
    "backends/kernels": ["core", "graph", "capabilities", "plan", "backends"],
    "backends/reference": ["core", "graph", "capabilities", "passes", "plan", "backends"],
    "backends/onednn": ["core", "graph", "capabilities", "passes", "plan", "backends", "backends/kernels"],
    "runtime": ["core", "graph", "layers", "capabilities", "passes", "train", "plan", "io", "backends", "backends/kernels",
                "backends/reference", "backends/onednn"],
    "data": ["core", "io"],
    "report": ["core", "graph", "layers", "capabilities", "passes", "train", "plan", "io", "backends", "runtime"],
    "models": ["core", "graph", "layers"],
    "top": [EVERYTHING],  # tenon.hpp
}
# The headers in which backends name and describe themselves.
CAPABILITIES = r"backends/(backend|\w+/(alignment|capabilities|convolution_geometry|contiguous_channels|selector)|kernels/convolution/packed_sizes)\.hpp"
PLAIN = ["core", "graph", "layers", "capabilities", "passes", "train", "plan", "models"]

# Headers that may include nothing of Tenon: they say what the language must be, or are included by others alone.
ROOTS = ["core/language.hpp", "backends/kernels/dispatch/each_isa.hpp"]

# What single headers of plain parts may include besides.
BESIDES = {"layers/rewrite.hpp": "boost/hana/"}

STANDARD = set("""algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib
    cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers
    numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream
    stack stdexcept stop_token streambuf string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version""".split())
# Of the C library and the system: they are always there.
SYSTEM = {"fcntl.h", "pthread.h", "sys", "unistd.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def part_of(path):
    """The part that a header, given relative to include/tenon, belongs to; None if the table has none."""
    if "/" not in path:
        return "top"
    if re.fullmatch(CAPABILITIES, path):
        return "capabilities"
    folders = path.split("/")[:-1]
    while folders:
        if "/".join(folders) in ALLOWED:
            return "/".join(folders)
        folders.pop()
    return None


def problems_of_table(allowed, plain):
    problems = []
    for part, others in allowed.items():
        problems += [f"the table names {other}, which is no part" for other in others if other != EVERYTHING and other not in allowed]
        if part in plain:
            problems += [f"{part} is to be plain, but may include {other}" for other in others if other not in plain]
    # A part is ready when all it may include is ready; what never gets ready lies on a cycle or above one.
    ready = set()
    waiting = {part: set(others) - {EVERYTHING} for part, others in allowed.items()}
    while True:
        now = [part for part, others in waiting.items() if others <= ready]
        if not now:
            break
        ready.update(now)
        waiting = {part: others for part, others in waiting.items() if part not in now}
    if waiting:
        problems.append("the table goes in a circle through " + ", ".join(sorted(waiting)))
    return problems


def problems_of(path, text):
    """What is wrong with the includes of one header; `path` is relative to include/tenon."""
    part = part_of(path)
    if part is None:
        return [f"{path}: its folder is not in the table"]
    problems = []
    # An umbrella header, backends/backends.hpp, may gather the parts below its own folder.
    folder, name = os.path.split(path)
    umbrella = folder != "" and name == os.path.basename(folder) + ".hpp"
    for bracket, included in INCLUDE.findall(text):
        if included.startswith("tenon/"):
            other = part_of(included[len("tenon/"):])
            if bracket == "<":
                problems.append(f'{path}: <{included}> should be written "{included}"')
            below = umbrella and included.startswith(f"tenon/{folder}/")
            if other != part and not below and other not in ALLOWED[part] and EVERYTHING not in ALLOWED[part]:
                problems.append(f"{path}: {part} must not include {other} ({included})")
            if other == "top":
                problems.append(f"{path}: nothing includes {included}")
        elif bracket == '"':
            problems.append(f'{path}: "{included}" should be written in full, "tenon/..."')
        elif path in BESIDES and included.startswith(BESIDES[path]):
            continue
        elif part in PLAIN and included not in STANDARD:
            problems.append(f"{path}: {part} includes the standard library alone, not <{included}>")
    return problems


def lacks_language(path, text):
    return path not in ROOTS and not path.endswith("_body.hpp") and not any(included.startswith("tenon/") for _, included in INCLUDE.findall(text))


def unguarded(path, text):
    """The other libraries that a header includes without asking first whether they are there."""
    included = {name.split("/")[0] for bracket, name in INCLUDE.findall(text) if bracket == "<" and name not in STANDARD}
    asked = {name.split("/")[0] for name in re.findall(r"__has_include\(<([^>]+)>\)", text) if "TENON_STOP" in text}
    return sorted(name for name in included - asked if name not in SYSTEM)


def check(root):
    top = os.path.join(root, "include", "tenon")
    problems = problems_of_table(ALLOWED, PLAIN)
    headers = []
    for parent, _, names in os.walk(top):
        headers += [os.path.relpath(os.path.join(parent, name), top) for name in names]
    for header in sorted(headers):
        if not header.endswith(".hpp"):
            problems.append(f"{header}: no header")
            continue
        with open(os.path.join(top, header), encoding="utf-8") as file:
            text = file.read()
        problems += problems_of(header, text)
        problems += [f"{header}: <{name}> has no #error that says how to get it, behind __has_include" for name in unguarded(header, text)]
        if lacks_language(header, text):
            problems.append(f'{header}: it has to include "tenon/core/language.hpp", or another header of Tenon')
    print("\n".join(problems) if problems else f"{len(headers)} headers")
    return not problems and bool(headers)


def self_test():
    wrong = []

    def expect(found, what):
        if bool(found) != what:
            wrong.append(f"expected {'a problem' if what else 'none'}, found {found}")

    expect(problems_of_table(ALLOWED, PLAIN), False)
    expect(problems_of_table({"a": ["b"], "b": ["c"], "c": ["a"]}, []), True)
    expect(problems_of_table({"a": ["b"]}, []), True)
    expect(problems_of_table({"a": ["b"], "b": []}, ["a"]), True)
    expect(problems_of("graph/node.hpp", '#include <array>\n#include "tenon/core/shape.hpp"\n'), False)
    expect(problems_of("graph/node.hpp", '#include "tenon/plan/order.hpp"\n'), True)
    expect(problems_of("graph/node.hpp", "#include <dnnl.h>\n"), True)
    expect(problems_of("layers/rewrite.hpp", "#include <boost/hana/tuple.hpp>\n"), False)
    expect(problems_of("layers/rewrite.hpp", "#include <boost/mp11.hpp>\n"), True)
    expect(problems_of("layers/layer.hpp", "#include <boost/hana/tuple.hpp>\n"), True)
    expect(problems_of("graph/node.hpp", "#  include <tenon/core/shape.hpp>\n"), True)
    expect(problems_of("graph/node.hpp", '#include "shape.hpp"\n'), True)
    expect(problems_of("plan/plan.hpp", '#include "tenon/backends/onednn/capabilities.hpp"\n'), False)
    expect(problems_of("plan/plan.hpp", '#include "tenon/backends/onednn/step.hpp"\n'), True)
    expect(problems_of("backends/reference/step.hpp", '#include "tenon/backends/onednn/step.hpp"\n'), True)
    expect(problems_of("backends/backends.hpp", '#include "tenon/backends/onednn/step.hpp"\n'), False)
    expect(problems_of("backends/step.hpp", '#include "tenon/backends/onednn/step.hpp"\n'), True)
    expect(problems_of("backends/onednn/step.hpp", "#include <dnnl.h>\n"), False)
    expect(problems_of("cellar/wine.hpp", ""), True)
    expect(problems_of("core/core.hpp", '#include "tenon/tenon.hpp"\n'), True)
    expect(problems_of("tenon.hpp", '#include "tenon/runtime/runtime.hpp"\n'), False)
    expect(lacks_language("graph/node.hpp", "#include <array>\n"), True)
    expect(lacks_language("graph/node.hpp", '#include "tenon/core/shape.hpp"\n'), False)
    expect(lacks_language("core/language.hpp", ""), False)
    expect(unguarded("io/eigen.hpp", "#include <Eigen/Core>\n"), True)
    expect(unguarded("io/eigen.hpp", "#if !__has_include(<Eigen/Core>)\n#include TENON_STOP\n#endif\n#include <Eigen/Core>\n#include <array>\n"), False)
    print("\n".join(wrong) if wrong else "as expected")
    return not wrong


if __name__ == "__main__":
    sys.exit(0 if (self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])) else 1)
