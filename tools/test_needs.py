#!/usr/bin/env python3
"""What chosen tests need before they run, read from `ctest --show-only=json-v1` on standard input.

    test_needs.py build     "PRESET TARGET…", one build tree a line
    test_needs.py kernels   "HOST GUEST [--modules]", one combination of the virtual host a line

A test needs the programs of build trees that its command names, `all` of a tree that it names itself; one in
the virtual host needs the program of the release, and a fuzzer's is called as its test.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMED = re.compile(rf"{re.escape(str(ROOT))}/build/([\w-]+)(?:/([^\s|'\"]+))?")

ADDED = re.compile(r"^add_test\(\[=\[(.*?)\]=\] (.*)\)$", re.MULTILINE)


def properties(test):
    return {one["name"]: one["value"] for one in test.get("properties", [])}


def written_commands(folder):
    """Commands of all tests as cmake wrote them: ctest tells none of a program that is not there yet."""
    found = {}
    for file in folder.rglob("CTestTestfile.cmake"):
        for name, words in ADDED.findall(file.read_text()):
            found[name] = re.findall(r'"([^"]*)"', words)
    return found


def build(tests):
    needs, written = {}, written_commands(ROOT / "build" / "asan")
    for test in tests:
        for word in written.get(test["name"], []):
            for preset, target in NAMED.findall(word):
                # A folder of headers is there once cmake was.
                if not target or not (ROOT / "build" / preset / target).is_dir():
                    needs.setdefault(preset, set()).add(target or "all")
        labels = properties(test).get("LABELS", [])
        if "host" in labels:
            needs.setdefault("release", set()).add("src/cli/tenon")
        if re.fullmatch(r"(soak\.)?fuzz\..*", test["name"]):
            needs.setdefault("asan", set()).add("fuzz/" + test["name"].split(".")[-1])
    for preset, targets in sorted(needs.items()):
        print(preset, *sorted(targets))


def kernels(tests):
    needs = set()
    for test in tests:
        named = dict(line.split("=", 1) for line in properties(test).get("ENVIRONMENT", []))
        if "TENON_LAB_KERNEL" in named:
            modules = {"--modules"} & set(named.get("TENON_LAB_OPTIONS", "").split())
            needs.add((named["TENON_LAB_KERNEL"], named["TENON_LAB_GUEST_KERNEL"], *modules))
    for need in sorted(needs):
        print(*need)


def main():
    if sys.argv[1:] not in (["build"], ["kernels"]):
        sys.exit(__doc__)
    {"build": build, "kernels": kernels}[sys.argv[1]](json.load(sys.stdin)["tests"])


if __name__ == "__main__":
    main()
