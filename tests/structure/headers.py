# SPDX-License-Identifier: Apache-2.0
"""Every header of a folder compiles alone and twice, without a warning; bodies of kernels are no headers, and compile in theirs.

headers.py BUILD INCLUDE FOLDER    FOLDER is one of those in INCLUDE/tenon, `.` the headers beside them
headers.py BUILD --self-test
"""
import os
import subprocess
import sys
import tempfile

import database

# Beyond the build's own: what users may have on.
STRICT = ["-Wsign-conversion", "-Wswitch-enum"]


def compiles(build, include, header):
    """The compiler's output for a unit that includes `header` twice, or an empty string if it is clean."""
    command, directory = database.compile_command(build)
    source = f'#include "{header}"\n#include "{header}"\n'
    command += ["-I", include, *STRICT, "-Werror", "-O2", "-fsyntax-only", "-x", "c++", "-"]
    result = subprocess.run(command, cwd=directory, input=source, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        return ""
    return result.stdout or f"exit status {result.returncode}"


def headers_of(include, folder):
    top = os.path.join(include, "tenon")
    if folder == ".":
        return sorted("tenon/" + name for name in os.listdir(top) if name.endswith(".hpp"))
    found = []
    for parent, _, names in os.walk(os.path.join(top, folder)):
        found += [os.path.relpath(os.path.join(parent, name), include) for name in names
                  if name.endswith(".hpp") and not name.endswith("_body.hpp")]
    return sorted(found)


def check(build, include, folder):
    headers = headers_of(include, folder)
    if not headers:
        print(f"no headers in {folder}")
        return 77
    failed = 0
    for header in headers:
        output = compiles(build, include, header)
        if output:
            failed += 1
            print(f"{header} does not compile alone:")
            print("\n".join(output.splitlines()[:40]))
    print(f"{len(headers) - failed} passed, {failed} failed")
    return 1 if failed else 0


def self_test(build):
    cases = [
        ("whole", "#pragma once\n#include <string>\ninline std::string whole() { return {}; }\n", True),
        ("without its include", "#pragma once\ninline std::vector<int> lost() { return {}; }\n", False),
        ("without pragma once", "struct twice {};\n", False),
        ("a conversion", "#pragma once\ninline float narrow(double value) { return value; }\n", False),
        ("a change of sign", "#pragma once\ninline unsigned f(int value) { return value; }\n", False),
        ("a switch over some", "#pragma once\nenum class e { a, b };\ninline int f(e x) {\n  switch (x) {\n    case e::a:\n"
         "      return 1;\n    default:\n      return 2;\n  }\n}\n", False),
        ("a shadow", "#pragma once\ninline int f(int a) { { int a = 2; return a; } }\n", False),
    ]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text, good in cases:
            with open(os.path.join(folder, "case.hpp"), "w", encoding="utf-8") as file:
                file.write(text)
            if (compiles(build, folder, "case.hpp") == "") != good:
                failed += 1
                print(f"a header {name} was {'refused' if good else 'accepted'}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[2] == "--self-test":
        sys.exit(self_test(sys.argv[1]))
    sys.exit(check(*sys.argv[1:4]))
