# SPDX-License-Identifier: Apache-2.0
"""Builds user/, a project that takes Tenon as a Meson subproject, in a temporary folder, runs it and checks what it prints. Then a
small project with pictures (../install/picture), by Meson's subproject and by CMake's add_subdirectory and FetchContent.

run.py SOURCE_ROOT --cmake-prefix-path FOLDERS --compiler COMMAND
"""
import math
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import projects  # noqa: E402
from projects import run  # noqa: E402


def parameter_count():
    """Of small_unet<11>: convolutions without bias, each with batch norm's two vectors, and the last convolution with its bias."""
    convolutions = [(3, 32), (32, 64), (64, 64), (96, 32)]
    return sum(9 * inputs * outputs + 2 * outputs for inputs, outputs in convolutions) + 32 * 11 + 11


def problems_of(output):
    problems = []
    match = re.search(r"^parameters (\d+)$", output, re.MULTILINE)
    if not match or int(match.group(1)) != parameter_count():
        problems.append(f"expected {parameter_count()} parameters")
    match = re.search(r"^losses (\S+) (\S+)$", output, re.MULTILINE)
    if not match:
        problems.append("no losses")
    else:
        first, second = float(match.group(1)), float(match.group(2))
        # An untrained network guesses: its loss is near log 11, and a step on the same batch makes it smaller.
        if not abs(first - math.log(11)) < 1.5:
            problems.append(f"a first loss of {first}, not near {math.log(11):.3f}")
        if not second < first:
            problems.append(f"a second loss of {second}, not below {first}")
    match = re.search(r"^logits (\d+) finite (\d+) same (\d+) difference (\S+) of (\S+)$", output, re.MULTILINE)
    if not match:
        problems.append("no logits")
    else:
        count, finite, same = (int(group) for group in match.groups()[:3])
        difference, greatest = float(match.group(4)), float(match.group(5))
        if not count == finite == 11 * 360 * 480:
            problems.append(f"{count} logits, {finite} finite, not {11 * 360 * 480}")
        if same != count:
            problems.append(f"only {same} of {count} logits are the same after saving and loading")
        # One thread count differs, so bits may.
        if not 0 < greatest or not difference <= 1e-4 * greatest:
            problems.append(f"two threads differ by {difference} of {greatest}")
    return problems


def build_pictures(arguments, folder):
    """What the program with pictures prints: by each way how Tenon's folder is part of another project."""
    environment = {**os.environ, "CXX": arguments.compiler}
    source, tenon = os.path.join(folder, "picture"), os.path.abspath(arguments.source_root)
    shutil.copytree(os.path.join(HERE, "..", "install", "picture"), source)
    os.mkdir(os.path.join(source, "subprojects"))
    os.symlink(tenon, os.path.join(source, "subprojects", "tenon"))
    printed = {}
    for how in ("meson", "folder", "fetch"):
        build = os.path.join(folder, how)
        if how == "meson":
            prefixes = [f"--cmake-prefix-path={arguments.cmake_prefix_path}"] if arguments.cmake_prefix_path else []
            run(["meson", "setup", build, *prefixes], cwd=source, env=environment)
            run(["ninja", "-C", build, "-j", "1"])
        else:
            run(["cmake", "-S", source, "-B", build, "-DHOW=" + how, "-DTENON=" + tenon, "-DCMAKE_BUILD_TYPE=Release",
                 "-DCMAKE_PREFIX_PATH=" + arguments.cmake_prefix_path.replace(",", ";")], env=environment)
            run(["cmake", "--build", build])
        printed[how] = run([os.path.join(build, "picture")], cwd=build)
    return printed


def main():
    arguments = projects.arguments()
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "user")
        shutil.copytree(os.path.join(HERE, "user"), project)
        os.mkdir(os.path.join(project, "subprojects"))
        os.symlink(os.path.abspath(arguments.source_root), os.path.join(project, "subprojects", "tenon"))
        setup = ["meson", "setup", "build"]
        if arguments.cmake_prefix_path:
            setup.append("--cmake-prefix-path=" + arguments.cmake_prefix_path)
        configured = run(setup, cwd=project, env={**os.environ, "CXX": arguments.compiler})
        if "Catch2" in configured:
            raise SystemExit("as a subproject Tenon looks for the libraries of its tests:\n" + configured)
        run(["ninja", "-C", "build", "-j", "1"], cwd=project)
        output = run([os.path.join(project, "build", "segment")], cwd=project)
        pictures = build_pictures(arguments, folder)
    print(output)
    problems = problems_of(output)
    problems += [f"by {how} a picture comes to be {printed}" for how, printed in pictures.items() if printed != "picture 1 x 2, last 6\n"]
    print("\n".join(problems))
    return not problems


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
