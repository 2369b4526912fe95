#!/usr/bin/env python3
"""Checks that each layer of src/ uses only itself and the layers below it.

    base -> pci -> device -> { host | capture | model } -> { library | vmm } -> cli

Those in braces do not know each other. Includes are written from src/ ("pci/msix.hpp"), never
relative; include/tenon includes only from include/tenon, and every layer may include that. The
CMake targets (tenon_LAYER) link by the same rule. A file without a layer, as in tests/, may use
anything.

    tools/check_layering.py [--self-test]
"""

import pathlib
import re
import sys
import tempfile

BELOW = {
    "base": set(),
    "pci": {"base"},
    "device": {"base", "pci"},
    "host": {"base", "pci", "device"},
    "capture": {"base", "pci", "device"},
    "model": {"base", "pci", "device"},
    "library": {"base", "pci", "device", "host", "capture", "model"},
    "vmm": {"base", "pci", "device", "host", "capture", "model"},
    "cli": {"base", "pci", "device", "host", "capture", "model", "library", "vmm"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
# Angle brackets find our files as well, because src/ is on the include path.
ANGLED = re.compile(r"^\s*#\s*include\s*<((?:" + "|".join(BELOW) + r")/[^>]+)>")
TARGET = re.compile(r"\btenon_(" + "|".join(BELOW) + r")\b")


def check_source(path, layer, root):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line) or ANGLED.match(line)
        if not match:
            continue
        name = match.group(1)
        used = name.split("/")[0]
        at = f"{path.relative_to(root)}:{number}"
        if ".." in name.split("/"):
            yield f'{at}: relative include "{name}": write it from src/'
        elif used == "tests" and path.name.endswith("_test.cpp"):
            continue
        elif layer == "include":
            if used != "tenon":
                yield f'{at}: "{name}": public headers include only public headers'
        elif used != "tenon" and used != layer and used not in BELOW[layer]:
            what = f"{layer} may not use {used}" if used in BELOW else "not a file of a layer"
            yield f'{at}: "{name}": {what}'


def check_links(path, layer, root):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for used in TARGET.findall(line.split("#")[0]):
            if used != layer and used not in BELOW[layer]:
                yield f"{path.relative_to(root)}:{number}: {layer} may not link {used}"


def check(root):
    """All findings in the tree at `root`, as lines."""
    findings = []
    for layer in BELOW:
        folder = root / "src" / layer
        for path in sorted(folder.rglob("*.[ch]pp")):
            findings += check_source(path, layer, root)
        for path in sorted(folder.rglob("CMakeLists.txt")):
            findings += check_links(path, layer, root)
    for path in sorted((root / "include").rglob("*.hpp")):
        findings += check_source(path, "include", root)
    for folder in sorted((root / "src").glob("*/")):
        if folder.name not in BELOW:
            findings.append(f"src/{folder.name}: not a layer")
    return findings


def self_test():
    """Each bad tree has one finding, the good one none."""
    trees = {
        "upward": ("src/base/a.hpp", '#include "pci/b.hpp"', "src/base/a.hpp:1"),
        "sideways": ("src/host/a.cpp", '\n#include "model/b.hpp"', "src/host/a.cpp:2"),
        "beside": ("src/library/a.cpp", '#include "vmm/b.hpp"', "library may not use vmm"),
        "relative": ("src/vmm/a.cpp", '#include "../pci/b.hpp"', "relative include"),
        "angled": ("src/base/a.cpp", "#include <pci/b.hpp>", "base may not use pci"),
        "bare": ("src/pci/a.cpp", '#include "b.hpp"', "not a file of a layer"),
        "public": ("include/tenon/a.hpp", '#include "pci/b.hpp"', "public headers"),
        "link": ("src/capture/CMakeLists.txt", "tenon_layer(capture LINKS tenon_host)", "may not link host"),
        "stranger": ("src/extra/a.cpp", "", "not a layer"),
        "": ("src/vmm/a.cpp", '#include "model/b.hpp"\n#include "vmm/c.hpp"\n#include <vector>', None),
    }
    wrong = 0
    for name, (file, text, expected) in trees.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / file
            path.parent.mkdir(parents=True)
            path.write_text(text)
            findings = check(pathlib.Path(folder))
        if (expected is None and findings) or (
                expected and (len(findings) != 1 or expected not in findings[0])):
            print(f"self-test '{name}': {findings}")
            wrong += 1
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    findings = check(pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(findings) if findings else "layers are in order")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
