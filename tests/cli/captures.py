#!/usr/bin/env python3
"""Runs `tenon plan` on every function of every capture, and lets others judge what it prints.

    captures.py plans|schema|lspci|json PROGRAM

plans   the plan ends with 0 or 1, as text and as JSON, and lists the chains that an independent walk
        of the same bytes found (index.tsv beside the captures, where there is one)
schema  the JSON follows docs/plan.schema.json, that of Virtio devices too
lspci   `lspci -F` of the guest's view lists exactly the capabilities that the JSON does not hide

json    a function written as JSON (tenon capture) follows docs/capture.schema.json and is planned as the
        text it was made from; tenon diff finds the two the same

Captures are in tests/captures, and in $TENON_CAPTURES or ../shared/captures beside the sources; those
are not part of the project. Ends with 77 if there is nothing to judge by.
"""

import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from program import Program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SLOT = re.compile(r"^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s", re.MULTILINE)
LISTED = re.compile(r"^\s*Capabilities: \[([0-9a-f]+)(?: v\d+)?\]", re.MULTILINE)
ROW = re.compile(r"^[0-9a-f]{2,3}: ((?:[0-9a-f]{2} ?){16})$", re.MULTILINE)


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def capture_folders():
    """The folders with captures: our own, and the shared ones if they are there."""
    shared = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))
    folders = [SOURCE / "tests" / "captures"]
    if shared.is_dir():
        folders.append(shared)
    else:
        print(f"only our own captures: {shared} is not there (set TENON_CAPTURES)")
    return folders


def functions(folders):
    """(file, slot) of every function in the captures."""
    for folder in folders:
        for file in sorted(folder.glob("*.lspci")):
            for slot in SLOT.findall(file.read_text()):
                yield file, slot


class Failures:
    """Counts what is wrong and says it."""

    def __init__(self):
        self.count = 0

    def check(self, good, where, what):
        if not good:
            self.count += 1
            print(f"FAILED: {where}: {what}")
        return good


def json_of(program, device, failures):
    """The one function of the plan of `device`, and the exit status; none if it has none."""
    done = program.plan("--json", device)
    if not failures.check(done.returncode in (0, 1), device,
                          f"--json ends with {done.returncode}: {done.stderr}"):
        return None
    found = json.loads(done.stdout)
    function = found["ports"][0]["functions"][0]
    failures.check(found["assignable"] == (done.returncode == 0), device,
                   f"exit status {done.returncode}, but assignable is {found['assignable']}")
    return function


def walked(folder):
    """What the index knows: {(file, slot): (standard offsets, extended offsets)}."""
    index = folder / "index.tsv"
    if not index.exists():
        return {}
    chains = {}
    with index.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["walker notes"]:  # What is odd, tools read in different ways.
                continue
            offsets = [[int(entry.split("@")[1], 16) for entry in row[column].split()]
                       for column in ("std caps (name@offset)", "ext caps (id@offset)")]
            chains[row["file"], row["slot"]] = tuple(offsets)
    return chains


def offsets(function, list_name, key):
    return [int(entry[key], 16) for entry in function["capabilities"]
            if entry["list"] == list_name and entry[key] is not None]


def check_plans(program, folders, failures):
    chains = {(folder / file, slot): found for folder in folders
              for (file, slot), found in walked(folder).items()}
    count = compared = 0
    for file, slot in functions(folders):
        device = f"{file}#{slot}"
        function = json_of(program, device, failures)
        if function is None:
            continue
        text = program.plan(device)
        failures.check(text.returncode == (0 if function["assignable"] else 1), device,
                       f"text ends with {text.returncode}: {text.stderr}")
        failures.check(text.stderr == "" and "Verdict" in text.stdout, device, "text has no verdict")
        failures.check(function["assignable"] != bool(function["reasons"]), device,
                       "a reason if and only if it is not assignable")
        count += 1
        if (file, slot) in chains:
            found = (offsets(function, "standard", "host_offset"),
                     offsets(function, "extended", "host_offset"))
            failures.check(found == chains[file, slot], device,
                           f"chains {found} differ from the index: {chains[file, slot]}")
            compared += 1
    print(f"{count} functions planned, {compared} compared with the index")


def check_schema(program, folders, failures):
    try:
        import jsonschema
    except ImportError:
        skip("python3-jsonschema is not installed")
    schema = json.loads((SOURCE / "docs" / "plan.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    for file, slot in functions(folders):
        done = program.plan("--json", f"{file}#{slot}")
        for error in validator.iter_errors(json.loads(done.stdout)):
            failures.check(False, f"{file.name}#{slot}", f"{error.json_path}: {error.message}")
        count += 1
    for option, words in (("vhost-user", "/nowhere,type=blk"), ("disk", "/nowhere,readonly"),
                          ("share", "/nowhere,tag=work"),
                          ("net", "user,forward=tcp:2222:22+udp:0.0.0.0:53:5353"),
                          ("vhost-user", "fd=7,type=30,queues=255,config-size=256")):
        done = program.plan("--json", "-v", f"--{option}", words)
        for error in validator.iter_errors(json.loads(done.stdout)):
            failures.check(False, words, f"{error.json_path}: {error.message}")
        count += 1
    print(f"{count} plans follow the schema")


def check_lspci(program, folders, failures):
    lspci = shutil.which("lspci", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin")
    if lspci is None:
        skip("lspci (package pciutils) is not installed")
    count = 0
    for file, slot in functions(folders):
        device = f"{file}#{slot}"
        function = json_of(program, device, failures)
        if function is None or function["guest"] is None:
            continue
        emitted = program.plan("--emit", "lspci", device)
        judged = subprocess.run([lspci, "-F", "/dev/stdin", "-n", "-vvv"], input=emitted.stdout,
                                capture_output=True, text=True, check=False)
        # Where no kernel modules are installed lspci says so each time.
        complaints = [line for line in judged.stderr.splitlines() if line and "libkmod" not in line]
        failures.check(judged.returncode == 0 and not complaints, device, f"lspci: {complaints}")
        config = bytes.fromhex("".join(ROW.findall(emitted.stdout)))
        listed = [int(offset, 16) for offset in LISTED.findall(judged.stdout)]
        shown = [entry for entry in function["capabilities"] if entry["action"] != "hide"]
        expected = [int(entry["guest_offset"], 16) for entry in shown]
        failures.check(listed == expected, device,
                       f"lspci lists {[hex(at) for at in listed]}, the plan {[hex(at) for at in expected]}")
        for entry in shown:
            at, size = int(entry["guest_offset"], 16), 1 if entry["list"] == "standard" else 2
            found = int.from_bytes(config[at:at + size], "little")
            failures.check(found == int(entry["id"], 16), device,
                           f"the id at {at:#x} is {found:#x}, the plan has {entry['id']}")
        count += 1
    print(f"lspci agrees about {count} guest views")


def without_source(text):
    """A plan but for the name of what it was read from."""
    found = json.loads(text)
    for port in found["ports"]:
        for function in port["functions"]:
            del function["source"]
    return found


def check_json(program, folders, failures):
    try:
        import jsonschema
    except ImportError:
        skip("python3-jsonschema is not installed")
    schema = json.loads((SOURCE / "docs" / "capture.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        document = f"{folder}/capture.json"
        for file, slot in functions(folders):
            device = f"{file}#{slot}"
            done = program.run("capture", "-o", document, device)
            if not failures.check(done.returncode == 0, device, done.stderr):
                continue
            for error in validator.iter_errors(json.loads(pathlib.Path(document).read_text())):
                failures.check(False, device, f"{error.json_path}: {error.message}")
            text, written = (program.plan("--json", one) for one in (device, document))
            failures.check(text.returncode == written.returncode, device, "another exit status")
            failures.check(without_source(text.stdout) == without_source(written.stdout), device,
                           "the plan of the JSON is another one")
            same = program.run("diff", device, document)
            failures.check(same.returncode == 0, device, f"tenon diff: {same.stdout}{same.stderr}")
            count += 1
    print(f"{count} functions planned the same as JSON")


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("plans", "schema", "lspci", "json"):
        sys.exit(__doc__)
    failures = Failures()
    check = {"plans": check_plans, "schema": check_schema, "lspci": check_lspci,
             "json": check_json}[sys.argv[1]]
    check(Program(sys.argv[2]), capture_folders(), failures)
    print(f"{failures.count} failures")
    sys.exit(1 if failures.count else 0)


if __name__ == "__main__":
    main()
