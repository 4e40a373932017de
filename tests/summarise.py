# SPDX-License-Identifier: Apache-2.0
"""Sums Meson's logs into the line `N passed, N failed`; exit status 1 if anything failed or nothing passed.

summarise.py [--broken N] LOG...    LOG is a testlog.json; N builds that failed count as N failed tests.

A test whose last line is `N passed, N failed[, N skipped]` counts as that many cases, any other as one.
"""
import argparse
import json
import re
import sys

LINE = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def count(entry):
    """(passed, failed, skipped) of one test of Meson's log."""
    good = entry["result"] in ("OK", "EXPECTEDFAIL")
    if entry["result"] == "SKIP":
        return 0, 0, 1
    lines = (entry.get("stdout") or "").strip().splitlines()
    match = LINE.fullmatch(lines[-1].strip()) if lines else None
    if not match:
        return (1, 0, 0) if good else (0, 1, 0)
    passed, failed, skipped = (int(group or 0) for group in match.groups())
    # The exit status has the last word: a leak found at exit comes after the line.
    if not good and failed == 0:
        failed = 1
    if good and passed + failed + skipped == 0:
        failed = 1
    return passed, failed, skipped


def summarise(entries, broken):
    """The last line, and whether all is well."""
    passed, failed, skipped = 0, broken, 0
    for entry in entries:
        counts = count(entry)
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    line = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
    return line, failed == 0 and passed > 0


def self_test():
    def entry(result, stdout=""):
        return {"result": result, "stdout": stdout}

    expected = [
        ([], 0, ("0 passed, 0 failed", False)),
        ([], 1, ("0 passed, 1 failed", False)),
        ([entry("OK")], 0, ("1 passed, 0 failed", True)),
        ([entry("OK", "x\n12 passed, 0 failed\n")], 0, ("12 passed, 0 failed", True)),
        ([entry("OK", "2 passed, 0 failed, 1 skipped\n"), entry("SKIP")], 0, ("2 passed, 0 failed, 2 skipped", True)),
        ([entry("FAIL", "3 passed, 2 failed\n"), entry("OK")], 0, ("4 passed, 2 failed", False)),
        ([entry("FAIL", "3 passed, 0 failed\n")], 0, ("3 passed, 1 failed", False)),
        ([entry("TIMEOUT", "half a")], 0, ("0 passed, 1 failed", False)),
        ([entry("ERROR")], 0, ("0 passed, 1 failed", False)),
        ([entry("UNEXPECTEDPASS")], 0, ("0 passed, 1 failed", False)),
        ([entry("OK", "1 passed, 0 failed")], 2, ("1 passed, 2 failed", False)),
    ]
    wrong = 0
    for entries, broken, result in expected:
        if summarise(entries, broken) != result:
            print(f"{entries}, {broken} broken: expected {result}, found {summarise(entries, broken)}")
            wrong += 1
    print(f"{len(expected) - wrong} passed, {wrong} failed")
    return wrong == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    entries = []
    for log in arguments.logs:
        with open(log, encoding="utf-8") as file:
            entries += [json.loads(line) for line in file if line.strip()]
    line, well = summarise(entries, arguments.broken)
    for entry in entries:
        if count(entry)[1]:
            print(f"failed: {entry['name']} ({entry['result']})")
    print(line)
    return well


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
