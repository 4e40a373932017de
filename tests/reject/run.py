# SPDX-License-Identifier: Apache-2.0
"""A program that must not compile, and what the compiler must say within its first lines.

run.py BUILD CASE | run.py BUILD --self-test

CASE holds lines `// expect: REGEX`; each must match within the first 15 lines that the compiler of BUILD prints. (`// expect-gcc: REGEX`
and `// expect-clang: REGEX` count for that compiler only.) A line `// errors: COUNT` says how many errors are printed at most, where
one mistake must not be buried under what follows from it, and `// options: OPTIONS` what the mistake is compiled with. With -DFIXED,
and without these options, the same file must compile without a warning, so that it is known to fail for the reason it names.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "structure"))
import database  # noqa: E402

LINES = 15
EXPECT = re.compile(r"^// expect(-gcc|-clang)?: (.+?)\s*$", re.MULTILINE)
ERRORS = re.compile(r"^// errors: (\d+)$", re.MULTILINE)
OPTIONS = re.compile(r"^// options: (.+)$", re.MULTILINE)
AN_ERROR = re.compile(r"^[^ ]*:\d+:\d+: (?:fatal )?error: ", re.MULTILINE)


def compile_case(build, case, *options):
    """(exit status, output) of the compiler."""
    command, directory = database.compile_command(build)
    # All of the compiler's work but its output: templates are instantiated as in a program. Without optimisation a function's
    # frame says nothing of it.
    command += ["-O0", "-Wno-frame-larger-than", "-c", "-o", os.devnull, *options, case]
    # The messages are looked at in English.
    result = subprocess.run(command, cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, "LC_ALL": "C"})
    return result.returncode, result.stdout


def compiler_of(build):
    command, _ = database.compile_command(build)
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout
    return "clang" if "clang" in version else "gcc"


def problems_of(build, case):
    """What is wrong with a case; nothing if it is rejected as it should be."""
    with open(case, encoding="utf-8") as file:
        text = file.read()
    compiler = compiler_of(build)
    patterns = [pattern for only, pattern in EXPECT.findall(text) if only in ("", "-" + compiler)]
    if not patterns:
        return [f"no line `// expect: REGEX` for {compiler}"]
    problems = []
    options = [option for line in OPTIONS.findall(text) for option in line.split()]
    status, output = compile_case(build, case, *options)
    first = "\n".join(output.splitlines()[:LINES])
    if status == 0:
        problems.append("it compiles")
    else:
        problems += [f"the first {LINES} lines have nothing like: {pattern}" for pattern in patterns
                     if not re.search(pattern, first, re.MULTILINE)]
    printed = len(AN_ERROR.findall(output))
    problems += [f"there are {printed} errors, at most {most} were expected" for most in ERRORS.findall(text) if printed > int(most)]
    if problems:
        problems.append("the compiler said:\n" + "\n".join(line[:400] for line in output.splitlines()[:LINES + 10]))
    status, output = compile_case(build, case, "-DFIXED", "-Werror")
    if status != 0 or output:
        problems.append("with -DFIXED it does not compile cleanly:\n" + "\n".join(output.splitlines()[:30]))
    return problems


def self_test(build):
    good = "// expect: numbers_differ<3, 4>\ntemplate <int, int> struct numbers_differ;\n"
    broken = "#ifndef FIXED\nnumbers_differ<3, 4> value;\n#endif\n"
    template = "template <class T> void late() { numbers_differ<3, sizeof(T)> value; }\n#ifndef FIXED\nvoid f() { late<float>(); }\n#endif\n"
    cases = [
        ("rejected as it should be", good + broken, True),
        ("rejected in a template's body", good + template, True),
        ("that compiles", good, False),
        ("with the wrong words", "// expect: shapes_differ\n" + good + broken, False),
        ("without words", good.replace("// expect", "// hope") + broken, False),
        ("that has no cure", good + broken.replace("#ifndef FIXED", "#if 1"), False),
        ("cured with a warning", good + broken + "float narrow(double value);\nfloat narrow(double value) { return value; }\n", False),
        ("that says it too late", good + broken.replace("#ifndef FIXED", "#ifndef FIXED\n#define N 0\n" +
         "".join(f"static_assert(N == {i + 1});\n" for i in range(LINES))), False),
        ("that an option breaks", good.replace("\n", "\n// options: -DBROKEN\n", 1) + broken.replace("#ifndef FIXED", "#ifdef BROKEN"), True),
        ("with as many errors as it says", "// errors: 1\n" + good + broken, True),
        ("with more errors than it says", "// errors: 1\n" + good + broken.replace("value;", "value; static_assert(false);"), False),
    ]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "case.cpp")
        for name, text, fine in cases:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            problems = problems_of(build, path)
            if (not problems) != fine:
                failed += 1
                print(f"a case {name} was reported as {'failing' if problems else 'passing'}", *problems, sep="\n")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    if sys.argv[2] == "--self-test":
        return self_test(sys.argv[1])
    problems = problems_of(sys.argv[1], os.path.abspath(sys.argv[2]))
    for problem in problems:
        print(f"{os.path.basename(sys.argv[2])}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
