#!/usr/bin/env python3
"""Checks that each layer of src/ uses only itself and the layers below it.

    base -> pci -> device -> { host | capture | model | managed } -> { library | vmm } -> cli

Those in braces do not know each other. Includes are written from src/ ("pci/msix.hpp"), never
relative; include/tenon includes only from include/tenon, and every layer may include that. The
CMake targets (tenon_LAYER) link by the same rule. A file without a layer, as in tests/, may use
anything.

Inside the large layers are rooms, folders that know only those before them; see ROOMS. What lies in the
layer's own folder knows all of them. Their unit tests may build on what comes later.

Locks are those of base/mutex.hpp, which a compiler watches over; the standard library's are used there alone.

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
    "managed": {"base", "pci", "device"},
    "library": {"base", "pci", "device", "host", "capture", "model", "managed"},
    "vmm": {"base", "pci", "device", "host", "capture", "model"},
    "cli": {"base", "pci", "device", "host", "capture", "model", "managed", "library", "vmm"},
}
# Rooms of a layer, first to last. Those of one step do not know each other.
ROOMS = {
    "model": [["chosen"], ["function", "virtio"], ["slot"], ["iommu"], ["machine", "running"]],
    "vmm": [["seal"], ["board"], ["kvm"], ["assigned", "acpi", "loader", "iommu", "rights"], ["virtio"], ["slots"], ["control"]],
    "cli": [["text"]],
    "library": [["words"]],
    "capture": [["text"], ["listing"]],
    "managed": [["said"], ["qemu", "guest"], ["proxmox", "libvirt"], ["kubevirt"], ["traps", "emit"]],
}
# What is behind include/tenon knows all of its layer.
NO_ROOMS = {"api"}
# Who may name the standard library's locks: who wraps them.
LOCK_FILES = {"src/base/mutex.hpp"}
LOCK = re.compile(r"\bstd::((?:recursive_|shared_)?(?:timed_)?mutex|condition_variable(?:_any)?)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
# Angle brackets find our files as well, because src/ is on the include path.
ANGLED = re.compile(r"^\s*#\s*include\s*<((?:" + "|".join(BELOW) + r")/[^>]+)>")
TARGET = re.compile(r"\btenon_(" + "|".join(BELOW) + r")\b")


def step_of(layer, file):
    """The step and the room of a file of src/layer; None for a file in no room."""
    room = file.split("/")[1]
    for step, rooms in enumerate(ROOMS.get(layer, [])):
        if room in rooms:
            return step, room
    return None


def may_enter(layer, file, used):
    """Whether `file` may include `used`, both of this layer, by the order of its rooms."""
    here, there = step_of(layer, file), step_of(layer, used)
    if here is None:
        return True
    if there is None:
        return False
    return here == there or here[0] > there[0]


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
        elif used == layer and not path.name.endswith("_test.cpp"):
            file = str(path.relative_to(root / "src"))
            if not may_enter(layer, file, name):
                yield f'{at}: "{name}": comes after the room of {file}'


def check_locks(path, root):
    file = str(path.relative_to(root))
    if file in LOCK_FILES:
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        for name in LOCK.findall(line.split("//")[0]):
            yield f"{file}:{number}: std::{name}: locks are those of base/mutex.hpp"


def check_links(path, layer, root):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for used in TARGET.findall(line.split("#")[0]):
            if used != layer and used not in BELOW[layer]:
                yield f"{path.relative_to(root)}:{number}: {layer} may not link {used}"


def check_rooms(root):
    """Every folder of a layer with rooms is one of them."""
    for layer, steps in ROOMS.items():
        known = {room for rooms in steps for room in rooms}
        for folder in sorted((root / "src" / layer).glob("*/")):
            if folder.name not in known and folder.name not in NO_ROOMS:
                yield f"src/{layer}/{folder.name}: not a room"


def check(root):
    """All findings in the tree at `root`, as lines."""
    findings = []
    for layer in BELOW:
        folder = root / "src" / layer
        for path in sorted(folder.rglob("*.[ch]pp")):
            findings += check_source(path, layer, root)
            findings += check_locks(path, root)
        for path in sorted(folder.rglob("CMakeLists.txt")):
            findings += check_links(path, layer, root)
    for path in sorted((root / "include").rglob("*.hpp")):
        findings += check_source(path, "include", root)
    findings += check_rooms(root)
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
        "room above": ("src/model/slot/a.cpp", '#include "model/machine/b.hpp"', "comes after the room"),
        "room beside": ("src/vmm/acpi/a.cpp", '#include "vmm/loader/b.hpp"', "comes after the room"),
        "out of a room": ("src/cli/text/a.cpp", '#include "cli/b.hpp"', "comes after the room"),
        "room below": ("src/vmm/slots/a.cpp", '#include "vmm/kvm/b.hpp"', None),
        "test above": ("src/model/slot/a_test.cpp", '#include "model/machine/b.hpp"', None),
        "stranger": ("src/extra/a.cpp", "", "not a layer"),
        "lock": ("src/host/a.hpp", "    mutable std::shared_mutex mutex_;", "src/host/a.hpp:1: std::shared_mutex"),
        "wait": ("src/vmm/board/a.hpp", "\n    std::condition_variable changed_;", "src/vmm/board/a.hpp:2"),
        "lock in words": ("src/vmm/board/a.hpp", "Mutex mutex_;  // Not a std::mutex.", None),
        "wrapped lock": ("src/base/mutex.hpp", "    std::mutex mutex_;", None),
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
