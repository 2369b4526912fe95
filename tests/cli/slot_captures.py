#!/usr/bin/env python3
"""What `tenon plan` proposes for whole slots of the shared captures, with facts of their hosts stated, compared
with tests/golden/slots.json; and that the words of each proposal give the same plan.

    slot_captures.py PROGRAM [--update]

Ends with 77 where the captures are not there: they are not part of the project.
"""

import json
import os
import pathlib
import sys

from program import Program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))
GOLDEN = SOURCE / "tests" / "golden" / "slots.json"

NVIDIA = "nvidia_10de-2204-rtx3090-multifn_laniusc.lspci#0a:00."
AMD = "amd_1022-1486-psp-multifn_laniusc.lspci#0000:0c:00."
FIJI = "amd_1002-7300-fiji_pciutils.lspci#09:00."
FPGA = "intel_8086-bcce-n6000-fpga-vfs_opae.lspci#0000:b1:00."
PORTS = "amd_1022-1483-rootports_laniusc.lspci#00:03."

# As their registers, and what Linux knows of them, let a host say: the USB controller has PM reset alone, HD Audio
# none, since their function level reset is not used.
AMD_GROUPS = [f"{AMD}{function},host-group={group},host-reset={reset},host-atomics={atomics}"
              for function, group, reset, atomics in
              [(0, 30, "flr", "none"), (1, 31, "flr", "none"), (3, 32, "pm", "none"), (4, 33, "none", "none")]]

# Name, and the devices: the slot, and functions of it with facts of their own.
CASES = [
    ("NVIDIA GPU and sound, nothing stated", [f"{NVIDIA}*"]),
    ("NVIDIA GPU and sound, with facts of a host",
     [f"{NVIDIA}0,host-atomics=32+64,host-group=24,host-reset=flr",
      f"{NVIDIA}1,host-atomics=none,host-group=24,host-reset=none", f"{NVIDIA}*"]),
    ("NVIDIA GPU and sound with a group each",
     [f"{NVIDIA}0,host-group=24,host-reset=flr", f"{NVIDIA}1,host-group=25,host-reset=flr", f"{NVIDIA}*"]),
    ("NVIDIA GPU and sound without a reset of their own",
     [f"{NVIDIA}*,host-atomics=none,host-group=24,host-reset=none"]),
    ("AMD, nothing stated", [f"{AMD}*"]),
    ("AMD, with facts of a host", [*AMD_GROUPS, f"{AMD}*"]),
    ("AMD, groups of their own, each with a reset",
     [*[word.replace("host-reset=none", "host-reset=pm") for word in AMD_GROUPS], f"{AMD}*"]),
    ("AMD, groups of their own, a kernel that takes every function level reset",
     [*[word.replace("host-reset=none", "host-reset=flr").replace("host-reset=pm", "host-reset=flr")
        for word in AMD_GROUPS], f"{AMD}*"]),
    ("AMD, widths that have nothing in common",
     [f"{AMD}0,host-group=30,host-reset=flr,host-atomics=32", f"{AMD}1,host-group=30,host-reset=flr,host-atomics=64",
      f"{AMD}*,host-group=30,host-reset=pm,host-atomics=none"]),
    ("AMD, one group", [f"{AMD}*,host-group=30,host-reset=pm,host-atomics=none"]),
    ("an AMD GPU alone in its slot", [f"{FIJI}*,host-group=9,host-reset=bus,host-atomics=32+64"]),
    ("an FPGA and three virtual functions", [f"{FPGA}*"]),
    ("root ports", [f"{PORTS}*"]),
]


def plan(program, words):
    done = program.plan("--json", *words)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def proposed(program, name, words):
    first = plan(program, words)
    assert len(first["proposals"]) == 1, name
    proposal = first["proposals"][0]
    if proposal["arguments"]:
        again = plan(program, proposal["arguments"])
        assert again["ports"] == first["ports"], f"{name}: another plan by its own words"
        assert again["proposals"] == [], name
    resets = {function["host"]: function["reset"] for port in first["ports"]
              for function in port["functions"]}
    warnings = {function["host"]: [w for w in function["warnings"] if "reset" in w]
                for port in first["ports"] for function in port["functions"]}
    return {"proposal": proposal, "resets": resets, "warnings": warnings}


def main():
    if not FOLDER.is_dir():
        print(f"SKIPPED: {FOLDER} is not there (set TENON_CAPTURES)")
        sys.exit(77)
    program = Program(sys.argv[1], FOLDER)
    found = {name: proposed(program, name, words) for name, words in CASES}
    if "--update" in sys.argv:
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
        return
    if not GOLDEN.is_file():
        print(f"FAILED: {GOLDEN} is not there yet: tests/golden/update.sh writes it")
        sys.exit(1)
    kept = json.loads(GOLDEN.read_text())
    wrong = [name for name in found if found[name] != kept.get(name)]
    for name in wrong:
        print(f"FAILED: {name}\nkept: {json.dumps(kept.get(name), indent=1)}\n"
              f"now: {json.dumps(found[name], indent=1)}")
    print(f"{len(found)} slots compared, {len(wrong)} differ")
    assert set(kept) == set(found), "other cases are kept"
    sys.exit(1 if wrong else 0)


main()
