# SPDX-License-Identifier: Apache-2.0
"""Installs Tenon into a temporary folder, and has user/ and picture/ find it there: by pkg-config and by CMake, with the oneDNN it
was installed with, with another, and with none; in the versions it has, and with OpenCV at several places.

run.py SOURCE_ROOT --cmake-prefix-path FOLDERS --compiler COMMAND
"""
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import projects  # noqa: E402
from projects import run  # noqa: E402

ADVICE = "pip install onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0"


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(parent, name), folder) for parent, _, names in os.walk(folder) for name in names)


class place:
    """Where the test works; problems are gathered, so that one does not hide another."""

    def __init__(self, folder, arguments):
        self.folder, self.compiler, self.source = folder, arguments.compiler, os.path.abspath(arguments.source_root)
        # A link, so that the oneDNN which Tenon remembers can be taken away.
        self.remembered = os.path.join(folder, "onednn")
        self.onednn = next(prefix for prefix in arguments.cmake_prefix_path.split(",")
                           if os.path.exists(os.path.join(prefix, "include", "oneapi", "dnnl", "dnnl.h")))
        self.prefix = os.path.join(folder, "installed")
        # Nothing of this machine's environment may help.
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = {**kept, "CXX": self.compiler}
        self.problems = []

    def expect(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def install(self):
        os.symlink(self.onednn, self.remembered)
        build = os.path.join(self.folder, "build")
        run(["meson", "setup", build, self.source, "--prefix=" + self.prefix, "--cmake-prefix-path=" + self.remembered,
             "-Dtests=disabled", "-Dexamples=disabled", "-Dbenchmarks=disabled"], env=self.environment)
        run(["meson", "install", "-C", build], env=self.environment)
        stage = os.path.join(self.folder, "stage")
        run(["meson", "install", "-C", build], env={**self.environment, "DESTDIR": stage})
        staged = stage + self.prefix
        self.expect(files_below(staged) == files_below(self.prefix), "with DESTDIR other files are installed")
        headers = files_below(os.path.join(self.source, "include", "tenon"))
        self.expect(files_below(os.path.join(self.prefix, "include", "tenon")) == headers, "other headers are installed")
        self.expect(len(files_below(self.prefix)) == len(headers) + 5, "beside headers and five files something is installed")
        return staged

    def project(self, name):
        folder = os.path.join(self.folder, name)
        shutil.copytree(os.path.join(HERE, "user"), folder)
        return folder

    def pkg_config(self, prefix, *arguments, package="tenon"):
        found = {**self.environment, "PKG_CONFIG_PATH": os.path.join(prefix, "share", "pkgconfig")}
        return run(["pkg-config", *arguments, package], env=found).strip()

    def cmake(self, prefix, *arguments, fails=False):
        folder = tempfile.mkdtemp(dir=self.folder)
        output = run(["cmake", "-S", os.path.join(HERE, "user"), "-B", folder, "-Dtenon_DIR=" + os.path.join(prefix, "share/cmake/tenon"),
                      *arguments], fails, env=self.environment)
        return folder, output

    def check_program(self, command, what):
        output = run(command, env=self.environment)
        self.expect("first 0.25 last -4 of 240\n" in output, f"{what} gives another output: {output}")
        match = re.search(r"^arena_bytes (\d+)$", output, re.MULTILINE)
        self.expect(match and 240 * 4 <= int(match.group(1)) < 1 << 20, f"{what} has another arena: {output}")

    def check_pkg_config(self):
        version = self.pkg_config(self.prefix, "--modversion")
        self.expect(re.fullmatch(r"\d+\.\d+\.\d+", version), f"pkg-config gives the version {version}")
        folder = self.project("by_pkg_config")
        found = {**self.environment, "PKG_CONFIG_PATH": os.path.join(self.prefix, "share", "pkgconfig")}
        run(["make", "-C", folder, "CXX=" + self.compiler], env=found)
        self.check_program([os.path.join(folder, "program")], "the program made by pkg-config")

    def check_cmake(self):
        folder, _ = self.cmake(self.prefix, "-DCMAKE_INSTALL_PREFIX=" + os.path.join(self.folder, "user_installed"))
        run(["cmake", "--build", folder], env=self.environment)
        self.check_program([os.path.join(folder, "program")], "the program made by CMake")
        run(["cmake", "--install", folder], env=self.environment)
        self.check_program([os.path.join(self.folder, "user_installed", "bin", "program")], "the program installed by CMake")
        output = run(["cmake", "-S", os.path.join(HERE, "user"), "-B", tempfile.mkdtemp(dir=self.folder),
                      "-DCMAKE_PREFIX_PATH=" + self.prefix], env=self.environment)
        self.expect("Configuring done" in output, "CMake does not find Tenon by CMAKE_PREFIX_PATH")

    def check_pictures(self):
        """tenon-image: OpenCV where it lies, by its own CMake package, by its pkg-config file, and missing."""
        folder = os.path.join(self.folder, "picture_by_pkg_config")
        shutil.copytree(os.path.join(HERE, "picture"), folder)
        found = {**self.environment, "PKG_CONFIG_PATH": os.path.join(self.prefix, "share", "pkgconfig")}
        run(["make", "-C", folder, "CXX=" + self.compiler], env=found)
        output = run([os.path.join(folder, "picture")], cwd=folder, env=self.environment)
        self.expect(output == "picture 1 x 2, last 6\n", "by pkg-config a picture comes to be " + output)
        folder, output = self.cmake_pictures("-DCMAKE_BUILD_TYPE=Release")
        self.expect("CMAKE_BUILD_TYPE" not in output, "CMake warns of a build type that is set:\n" + output)
        run(["cmake", "--build", folder], env=self.environment)
        output = run([os.path.join(folder, "picture")], cwd=folder, env=self.environment)
        self.expect(output == "picture 1 x 2, last 6\n", "by CMake a picture comes to be " + output)
        _, output = self.cmake_pictures()
        self.expect(output.count("CMAKE_BUILD_TYPE is not set") == 1, "CMake warns not once of a missing build type:\n" + output)
        _, output = self.cmake_pictures("-GNinja Multi-Config")
        self.expect("CMAKE_BUILD_TYPE" not in output, "CMake warns of a build type where there are several:\n" + output)

        package = os.path.join(self.folder, "opencv")
        os.mkdir(package)
        headers = os.path.join(package, "headers")
        os.symlink("/usr/include/opencv4" if os.path.exists("/usr/include/opencv4") else "/usr/local/include/opencv4", headers)
        with open(os.path.join(package, "opencv4.pc"), "w", encoding="utf-8") as file:
            file.write(f"includedir={headers}\nlibdir={package}\nName: OpenCV\nDescription: OpenCV\nVersion: 4\nCflags: -I${{includedir}}\n")
        folder, _ = self.cmake_pictures(environment={"PKG_CONFIG_PATH": package})
        self.expect("-isystem " + headers in self.flags(folder, "picture"), "CMake takes no OpenCV that pkg-config names")
        build = os.path.join(self.folder, "build")
        run(["meson", "setup", "--wipe", build, self.source], env={**self.environment, "PKG_CONFIG_PATH": package})
        with open(os.path.join(build, "meson-private", "tenon-image.pc"), encoding="utf-8") as file:
            self.expect(f"opencv_includedir={headers}\n" in file.read(), "Meson takes no OpenCV that pkg-config names")
        with open(os.path.join(package, "OpenCVConfig.cmake"), "w", encoding="utf-8") as file:
            file.write("set(OpenCV_FOUND TRUE)\nset(OpenCV_INCLUDE_DIRS \"${CMAKE_CURRENT_LIST_DIR}/headers\")\n"
                       "foreach(name core imgproc imgcodecs)\nadd_library(opencv_${name} INTERFACE IMPORTED)\nendforeach()\n")
        folder, _ = self.cmake_pictures("-DOpenCV_DIR=" + package)
        self.expect("-isystem " + headers in self.flags(folder, "picture"), "CMake takes no OpenCV by its own package")
        _, output = self.cmake_pictures("-DCMAKE_DISABLE_FIND_PACKAGE_OpenCV=ON", "-Dtenon_opencv_include=", fails=True)
        self.expect("libopencv-imgcodecs-dev" in output, "CMake does not say that OpenCV is missing:\n" + output)

    def check_separate(self):
        """The program of three files finds what tells its files that the library is compiled in one of them."""
        flags = self.pkg_config(self.prefix, "--cflags", package="tenon-separate").split()
        folders = [os.path.realpath(flag[2:]) for flag in flags if flag.startswith("-I")]
        self.expect("-DTENON_SEPARATE_COMPILATION" in flags and os.path.realpath(self.prefix + "/include") in folders,
                    f"pkg-config gives for tenon-separate {flags}")
        folder = os.path.join(self.folder, "separate")
        shutil.copytree(os.path.join(HERE, "..", "separate"), os.path.join(folder, "separate"))
        with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("cmake_minimum_required(VERSION 3.16)\nproject(three CXX)\nfind_package(tenon 0.1 CONFIG REQUIRED)\n"
                       "add_executable(three separate/constant_sizes.cpp separate/dynamic_sizes.cpp separate/compiled.cpp)\n"
                       "target_include_directories(three PRIVATE .)\ntarget_link_libraries(three PRIVATE tenon::separate)\n")
        build = os.path.join(folder, "build")
        run(["cmake", "-S", folder, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_PREFIX_PATH=" + self.prefix], env=self.environment)
        self.expect("-DTENON_SEPARATE_COMPILATION" in self.flags(build, "three"), "tenon::separate does not define the macro")
        run(["cmake", "--build", build, "--target", "separate/constant_sizes.o", "separate/dynamic_sizes.o"], env=self.environment)

    def cmake_pictures(self, *arguments, fails=False, environment=None):
        folder = tempfile.mkdtemp(dir=self.folder)
        output = run(["cmake", "-S", os.path.join(HERE, "picture"), "-B", folder, "-Dtenon_DIR=" + os.path.join(self.prefix, "share/cmake/tenon"),
                      *arguments], fails, env={**self.environment, **(environment or {})})
        return folder, output

    def flags(self, folder, target):
        with open(os.path.join(folder, "CMakeFiles", target + ".dir", "flags.make"), encoding="utf-8") as file:
            return file.read()

    def check_versions(self):
        """Of 0.1.0, or whatever version it is: itself, older ones of the same minor number, ranges."""
        version = self.pkg_config(self.prefix, "--modversion")
        major, minor, _ = (int(number) for number in version.split("."))
        this, next_minor = f"{major}.{minor}", f"{major}.{minor + 1}"
        expected = {this: True, version: True, version + " EXACT": True, f"{this}...<{major + 1}": True, f"{version}...{version}": True,
                    f"{this}...<{next_minor}": True, next_minor: False, f"{major + 1}": False, next_minor + " EXACT": False,
                    f"{next_minor}...<{major + 1}": False, f"0...<{version}": False, f"0...{next_minor}": True}
        output = run(["cmake", "-S", os.path.join(HERE, "versions"), "-B", tempfile.mkdtemp(dir=self.folder),
                      "-DTENON=" + os.path.join(self.prefix, "share/cmake/tenon"), "-DASKED=" + ";".join(expected)], env=self.environment)
        for asked, found in expected.items():
            self.expect(f"-- {asked}: {int(found)}\n" in output, f"find_package(tenon {asked}) is not {found}:\n{output}")

    def nowhere_else(self):
        """What CMake reads so that it does not look where a system has its packages; its compiler it finds there before."""
        path = os.path.join(self.folder, "nowhere_else.cmake")
        with open(path, "w", encoding="utf-8") as file:
            file.write("set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)\nset(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)\n")
        return path

    def check_moved(self, staged):
        """What was installed below DESTDIR names its own headers."""
        self.expect(os.path.realpath(self.pkg_config(staged, "--variable=includedir")) == os.path.realpath(staged + "/include"),
                    "a moved tenon.pc names other headers")
        folder, _ = self.cmake(staged)
        self.expect(staged + "/include" in self.flags(folder, "program"), "a moved CMake package names other headers")

    def check_without_onednn(self):
        os.remove(self.remembered)
        nowhere_else = "-DCMAKE_PROJECT_user_INCLUDE=" + self.nowhere_else()
        _, output = self.cmake(self.prefix, nowhere_else, fails=True)
        self.expect("oneDNN 3.2 or newer was not found" in output and ADVICE in output and "CMAKE_PREFIX_PATH" in output,
                    "CMake does not say how to get oneDNN:\n" + output)
        older = os.path.join(self.folder, "older")
        os.mkdir(older)
        with open(os.path.join(older, "dnnl-config-version.cmake"), "w", encoding="utf-8") as file:
            file.write('set(PACKAGE_VERSION "2.7.0")\nset(PACKAGE_VERSION_COMPATIBLE FALSE)\n')
        with open(os.path.join(older, "dnnl-config.cmake"), "w", encoding="utf-8") as file:
            file.write("add_library(DNNL::dnnl INTERFACE IMPORTED)\n")
        _, output = self.cmake(self.prefix, nowhere_else, "-DDNNL_DIR=" + older, fails=True)
        self.expect(ADVICE in output and "2.7.0" in output, "CMake does not say that oneDNN is too old:\n" + output)
        check = [self.compiler, "-std=c++20", "-fsyntax-only", os.path.join(HERE, "user", "main.cpp")]
        output = run(check + self.pkg_config(self.prefix, "--cflags").split(), True, env=self.environment)
        self.expect("oneDNN 3.2 or newer" in output and ADVICE in output, "the compiler does not say how to get oneDNN:\n" + output)

    def check_named_onednn(self):
        """oneDNN at another place than Tenon remembers."""
        another = os.path.join(self.folder, "another")
        os.symlink(self.onednn, another)
        self.cmake(self.prefix, "-DCMAKE_PREFIX_PATH=" + another)
        library = next(name for name in ("lib", "lib64") if os.path.exists(os.path.join(another, name, "cmake", "dnnl")))
        self.cmake(self.prefix, "-DDNNL_DIR=" + os.path.join(another, library, "cmake", "dnnl"))
        flags = self.pkg_config(self.prefix, "--define-variable=onednn_prefix=" + another, "--cflags", "--libs").split()
        self.expect(f"-I{another}/include" in flags and f"-Wl,-rpath,{another}/{library}" in flags,
                    f"pkg-config does not take another oneDNN: {flags}")


def main():
    arguments = projects.arguments()
    if not any(os.path.exists(os.path.join(prefix, "include", "oneapi")) for prefix in arguments.cmake_prefix_path.split(",")):
        print("SKIPPED: oneDNN lies where every compiler looks, it cannot be taken away")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        test = place(os.path.realpath(folder), arguments)
        staged = test.install()
        test.check_pkg_config()
        test.check_cmake()
        test.check_separate()
        test.check_pictures()
        test.check_versions()
        test.check_moved(staged)
        test.check_without_onednn()
        test.check_named_onednn()
    print("\n".join(test.problems) if test.problems else "installed, found, and missed where it is to be missed")
    return 1 if test.problems else 0


if __name__ == "__main__":
    sys.exit(main())
