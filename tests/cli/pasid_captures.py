#!/usr/bin/env python3
"""PASID for every function of every capture, as if its host and its guest could.

    pasid_captures.py PROGRAM

Each function is planned without and with `--viommu pasid` and host-pasid=20+exec+priv stated. The place is
the one of the device's own capability, or a hole: 8 bytes that are zero and that no capability reaches
into, by the plan's own extents of the host's chains. `lspci -F` decodes PASID there, and every other
capability as before. Planned twice, the place is the same.

Captures are those of captures.py. Ends with 77, aloud, if lspci is not installed or, after all of our own
were judged, if the shared captures are not there.
"""

import re
import shutil
import subprocess
import sys

from captures import (Failures, ROW, SOURCE, capture_folders, functions, json, os, skip)
from program import Program

STATED = "host-pasid=20+exec+priv"
OURS = re.compile(r"^\tCapabilities: \[([0-9a-f]+) v1\] Process Address Space ID \(PASID\)\n"
                  r"\t\tPASIDCap: Exec\+ Priv\+, Max PASID Width: 14\n"
                  r"\t\tPASIDCtl: Enable- Exec- Priv-$", re.MULTILINE)
PASID, SIZE = 0x1b, 8


def decoded(lspci, dump):
    """What lspci says of each capability: {offset: its lines}, and all of its text."""
    done = subprocess.run([lspci, "-F", "/dev/stdin", "-n", "-vvv"], input=dump, capture_output=True,
                          text=True, check=True)
    blocks, at = {}, None
    for line in done.stdout.splitlines():
        found = re.match(r"\tCapabilities: \[([0-9a-f]+)( v\d+)?\]", line)
        if found:
            at = int(found[1], 16)
        elif not line.startswith("\t\t"):
            at = None
        if at is not None:
            blocks.setdefault(at, []).append(line)
    return blocks, done.stdout


def image_of(file, slot):
    """The bytes of the hardware, as the capture has them."""
    text = file.read_text()
    block = text[re.search(rf"^{re.escape(slot)}\s", text, re.MULTILINE).start():].split("\n\n")[0]
    return bytes.fromhex("".join(ROW.findall(block)))


def judge(program, lspci, file, slot, failures):
    device = f"{file}#{slot}"
    with_pasid = ["--viommu", "pasid", f"{device},{STATED}"]
    plain, pasid, again = (program.plan("--json", *words)
                           for words in ([device], with_pasid, with_pasid))
    failures.check(pasid.stdout == again.stdout, device, "the plan differs from run to run")
    before, after = (json.loads(one.stdout)["ports"][0]["functions"][0] for one in (plain, pasid))
    if after["guest"] is None:
        return "no guest"
    ours = [entry for entry in after["capabilities"] if entry["action"] == "synthesize"]
    if not ours:
        report = [one for one in after["properties"] if one["name"] == "pasid"][0]
        failures.check("not shown" in report["effect"], device, f"no reason: {report}")
        return "without: " + report["effect"].removeprefix("not shown: ").split(":")[0]
    at = int(ours[0]["guest_offset"], 16)
    others = [entry for entry in after["capabilities"] if entry is not ours[0]]
    moved = [(entry["id"], entry["guest_offset"]) for entry in others if entry["id"] != "0x0"]
    failures.check(moved == [(entry["id"], entry["guest_offset"]) for entry in before["capabilities"]
                             if entry["id"] != "0x0" and not (int(entry["id"], 16) == PASID and
                                                              entry["host_offset"] == hex(at))],
                   device, "another capability moved")
    own = ours[0]["host_offset"] == hex(at)
    for entry in others:
        offset = entry["host_offset"] or entry["guest_offset"]
        start = int(offset, 16)
        end = start + entry["size"]
        failures.check(end <= at or start >= at + SIZE, device,
                       f"{at:#x} reaches into {entry['name']} at {start:#x}-{end - 1:#x}")
    failures.check(own or not any(image_of(file, slot)[at:at + SIZE]), device,
                   f"bytes at {at:#x} are not zero")
    lspci_before, _ = decoded(lspci, program.plan("--emit", "lspci", device).stdout)
    lspci_after, text = decoded(lspci, program.plan("--emit", "lspci", *with_pasid).stdout)
    failures.check([int(one, 16) for one in OURS.findall(text)] == [at], device,
                   f"lspci does not decode PASID at {at:#x}")
    # A null header that keeps the pointer at 0x100 is there only as long as it has to.
    for offset in {*lspci_before, *lspci_after} - {at, 0x100}:
        failures.check(lspci_before.get(offset) == lspci_after.get(offset), device,
                       f"lspci reads {offset:#x} in another way")
    if 0x100 in lspci_before and at != 0x100:
        failures.check(lspci_before[0x100] == lspci_after[0x100], device, "lspci reads 0x100 differently")
    return "in its own place" if own else "in a hole"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lspci = shutil.which("lspci", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if lspci is None:
        skip("lspci (package pciutils) is not installed")
    program, failures, outcomes = Program(sys.argv[1]), Failures(), {}
    folders = capture_folders()
    for file, slot in functions(folders):
        outcome = judge(program, lspci, file, slot, failures)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5} {outcome}")
    print(f"{failures.count} failures")
    if failures.count:
        sys.exit(1)
    if len(folders) == 1:
        skip(f"our own captures are good; the shared ones are not beside {SOURCE.name}")


if __name__ == "__main__":
    main()
