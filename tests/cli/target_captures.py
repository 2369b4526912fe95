#!/usr/bin/env python3
"""Runs `tenon plan --target qemu` on every function of every capture, in each place that QEMU has.

    target_captures.py PROGRAM

The plan ends with 0 or 1 and follows docs/plan.schema.json; `lspci -F` of the guest's view lists exactly
the capabilities that the plan does; and a plan without a target is the one for tenon. Ends with 77 if there is nothing to judge by.
"""

import json
import os
import shutil
import subprocess
import sys

from captures import LISTED, ROW, SOURCE, Failures, capture_folders, functions, skip
from program import Program

PLACES = ["port", "root-bus", "conventional", "pc"]


def lspci_lists(lspci, dump):
    """Offsets of the capabilities that lspci finds in a dump of one function."""
    judged = subprocess.run([lspci, "-F", "/dev/stdin", "-n", "-vvv", "-s", "01:00.0"], input=dump,
                            capture_output=True, text=True, check=False)
    return [int(offset, 16) for offset in LISTED.findall(judged.stdout)]


def own_bytes(dump):
    """The rows of the function itself: the last one of the dump, behind its port."""
    return bytes.fromhex("".join(ROW.findall(dump[dump.index("01:00.0 "):])))


def offsets(function):
    return [int(entry["guest_offset"], 16) for entry in function["capabilities"]
            if entry["guest_offset"] is not None]


def main(program_file):
    try:
        import jsonschema
    except ImportError:
        skip("python3-jsonschema is not installed")
    lspci = shutil.which("lspci", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin")
    if lspci is None:
        skip("lspci (package pciutils) is not installed")
    validator = jsonschema.Draft202012Validator(
        json.loads((SOURCE / "docs" / "plan.schema.json").read_text()))
    program, failures, count = Program(program_file), Failures(), 0
    for file, slot in functions(capture_folders()):
        device = f"{file}#{slot}"
        failures.check(program.plan("--json", device).stdout ==
                       program.plan("--json", "--target", "tenon", device).stdout, device,
                       "--target tenon changes the plan")
        for place in PLACES:
            target = ["--target", f"qemu,place={place}"]
            where = f"{file.name}#{slot} {place}"
            done = program.plan("--json", *target, device)
            if not failures.check(done.returncode in (0, 1), where,
                                  f"ends with {done.returncode}: {done.stderr}"):
                continue
            found = json.loads(done.stdout)
            for error in validator.iter_errors(found):
                failures.check(False, where, f"{error.json_path}: {error.message}")
            function = found["ports"][0]["functions"][0]
            if function["guest"] is None:
                continue
            dump = program.plan("--emit", "lspci", *target, device).stdout
            config = own_bytes(dump)
            listed = lspci_lists(lspci, dump)
            expected = [at for at in offsets(function) if at < len(config)]
            failures.check(listed == expected, where,
                           f"lspci lists {[hex(at) for at in listed]}, "
                           f"the plan {[hex(at) for at in expected]}")
            count += 1
    print(f"{count} views of QEMU's judged")
    return 1 if failures.count or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
