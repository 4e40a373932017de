# SPDX-License-Identifier: Apache-2.0
"""The compiler and flags of a build, read from its compilation database."""
import json
import os
import shlex


def compile_command(build):
    """The command line of structure/flags.cpp without its input, outputs, colours and optimisation."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = [entry for entry in json.load(file) if entry["file"].endswith("structure/flags.cpp")]
    if len(entries) != 1:
        raise SystemExit(f"{build}/compile_commands.json: expected one structure/flags.cpp, found {len(entries)}")
    entry = entries[0]
    words = shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    command, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MQ", "-MT"):
            skip = True
        elif word in ("-c", "-MD", "-MMD", "-Werror", entry["file"]) or word.startswith(("-O", "-fdiagnostics-color", "-fcolor")):
            continue
        elif word.startswith("-fsanitize") or word.startswith("-fno-sanitize"):
            continue
        else:
            command.append(word)
    return command, entry["directory"]
