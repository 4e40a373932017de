# SPDX-License-Identifier: Apache-2.0
"""Every source file below tests/ stands in a list of Meson's, so that no test is forgotten.

listed.py ROOT
"""
import os
import re
import sys


def main(root):
    tests = os.path.join(root, "tests")
    sources, lists = [], {}
    for parent, _, names in os.walk(tests):
        for name in names:
            path = os.path.relpath(os.path.join(parent, name), tests)
            if name.endswith(".cpp"):
                sources.append(path)
            if name == "meson.build":
                with open(os.path.join(tests, path), encoding="utf-8") as file:
                    # What stands behind a comment sign is not listed.
                    text = re.sub(r"#.*", "", file.read())
                lists[os.path.dirname(path)] = re.findall(r"'([^'\n]+\.cpp)'", text)
    listed = {os.path.normpath(os.path.join(folder, name)) for folder, names in lists.items() for name in names}
    # The users' projects are projects of their own.
    users = ("subproject/user/main.cpp", "install/user/main.cpp")
    missing = sorted(path for path in sources if path not in listed and path not in users)
    for path in missing:
        print(f"tests/{path} is in no list; add it to tests/meson.build")
    print(f"{len(sources) - len(missing)} of {len(sources)} sources are listed")
    return not missing


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
