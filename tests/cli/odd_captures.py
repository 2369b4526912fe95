#!/usr/bin/env python3
"""What `tenon plan` says of the odd devices among the shared captures, each a named case.

    odd_captures.py PROGRAM CASE

Ends with 77 where the captures are not there: they are not part of the project.
"""

import json
import os
import pathlib
import re
import sys
import tempfile

from program import Program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SLOT = re.compile(r"^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s", re.MULTILINE)
FOLDER = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))


def plan(program, device):
    done = program.plan("--json", str(device))
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["ports"][0]["functions"][0]


def every_function():
    for file in sorted(FOLDER.glob("*.lspci")):
        for slot in SLOT.findall(file.read_text()):
            yield f"{file}#{slot}"


def one(pattern):
    return next(device for device in every_function() if pattern in device)


def warnings_of(program, pattern):
    return " / ".join(plan(program, one(pattern))["warnings"])


def looping_chain_without_express(program):
    assert "no capability list" in warnings_of(program, "looping") or \
        "no PCI Express capability" in warnings_of(program, "looping")


def pseudo_chain_is_no_chain(program):
    function = plan(program, one("pseudoext"))
    assert not [c for c in function["capabilities"] if c["list"] == "extended"]
    assert "no PCI Express capability" in " ".join(function["warnings"])


def sixty_four_bytes_leave_capabilities_unknown(program):
    function = plan(program, one("nec_vector-engine"))
    assert "64 bytes" in json.dumps(function)


def backward_links_are_no_finding(program):
    assert not plan(program, one("nvidia_10de-1d10"))["warnings"]


def changed(device, change):
    """A copy of a capture whose rows `change` has changed."""
    file, slot = device.split("#")
    block = next(b for b in re.split(r"\n\n+", pathlib.Path(file).read_text()) if b.startswith(slot))
    with tempfile.NamedTemporaryFile("w", suffix=".lspci", delete=False) as copy:
        copy.write(change(block) + "\n")
    return copy.name


def dead_device_is_found(program):
    file = changed(one("samsung_144d-a808"), lambda text: re.sub(r"(?<=[: ])[0-9a-f]{2}(?=[ \n]|$)",
                                                                 "ff", text[text.index("\n"):]))
    path = pathlib.Path(file)
    path.write_text("01:00.0 0108: dead\n" + path.read_text().lstrip("\n"))
    assert "reads as ones" in json.dumps(plan(program, file))


def missing_row_is_an_error_with_its_line(program):
    file = changed(one("samsung_144d-a808"), lambda text: re.sub(r"\n20: [^\n]*", "", text))
    done = program.plan(file)
    assert done.returncode == 2 and "line 4:" in done.stderr, done.stderr


def extents_never_overlap(program):
    count = 0
    for device in every_function():
        found = sorted((int(c["host_offset"], 16), c["size"]) for c in
                       plan(program, device)["capabilities"] if c["host_offset"])
        for (at, size), (after, _) in zip(found, found[1:]):
            assert at + size <= after, f"{device}: {at:#x}+{size} reaches {after:#x}"
        count += 1
    print(f"{count} functions")


def sane_devices_are_not_odd(program):
    odd = [(pathlib.Path(device).name, warning) for device in every_function()
           for warning in plan(program, device)["warnings"] if warning.startswith("odd")]
    for device, warning in odd:
        print(f"{device}: {warning}")
    assert not odd


def main():
    cases = {name: case for name, case in globals().items()
             if callable(case) and getattr(case, "__code__", None) and
             case.__code__.co_varnames[:case.__code__.co_argcount] == ("program",)}
    if len(sys.argv) != 3 or sys.argv[2] not in cases:
        sys.exit(f"{__doc__}\nCases: {' '.join(sorted(cases))}")
    if not FOLDER.is_dir():
        print(f"SKIPPED: {FOLDER} is not there (set TENON_CAPTURES)")
        sys.exit(77)
    cases[sys.argv[2]](Program(sys.argv[1]))


if __name__ == "__main__":
    main()
