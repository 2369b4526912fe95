#!/usr/bin/env python3
"""What a guest sees never changes for an old machine version.

    versions.py PROGRAM

    versions.py --update VERSION --why REASON PROGRAM

For each version, each capture is planned in several situations: as it is; where the host's kernel says that
ATS is not supported; where host and guest can do PASID; where AtomicOps complete on the host; two functions
in one slot. Kept is what the guest sees: of each function its capabilities and their places, the properties
and who chose them; of each port its properties, link and AtomicOps; of the machine its properties; and a
SHA-256 of all bytes. Of our own captures that is text (versions/VERSION.txt), of the shared ones a SHA-256 of
such text a file (versions/VERSION.sha256); those are compared where they are there.

A difference is a guest that changes under its owner: mend the program. What is kept of a version is frozen:
versions/frozen.tsv has its SHA-256, and whoever changes it has to say why there, with --update.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from program import Program  # noqa: E402

OWN = HERE.parent / "captures"
SHARED = pathlib.Path(os.environ.get("TENON_CAPTURES", HERE.parents[2] / "shared" / "captures"))
KEPT = HERE / "versions"
FROZEN = KEPT / "frozen.tsv"
VERSIONS = ["tenon-1", "qemu-11.1", "qemu-11.0"]
SITUATIONS = {
    "as it is": ([], ""),
    "ATS unsupported": ([], ",host-ats=unsupported"),
    "PASID on both sides": (["--viommu", "pasid"], ",host-pasid=20+exec+priv"),
    "AtomicOps complete": ([], ",host-atomics=32+64"),
}
# Two functions in one slot: one for which AtomicOps complete beside one for which none do.
TOGETHER = ("port=both,function=0,host-atomics=32+64", "port=both,function=1,host-atomics=none")
SLOT = re.compile(r"^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s", re.MULTILINE)


def run(program, *words):
    done = program.plan(*words)
    if done.returncode not in (0, 1):
        sys.exit(f"FAILED: {' '.join(words)}: {done.stderr}")
    return done.stdout


def chosen(properties):
    return "; ".join(f"{one['name']}={one['value']} ({one['origin']})" for one in properties)


def lines_of(program, words):
    """What a guest sees of the machine that these words ask for."""
    plan = json.loads(run(program, "--json", *words))
    lines = [f"    machine {chosen(plan['properties'])}"]
    for port in plan["ports"]:
        atomics = "+".join(map(str, port["atomic_completer"])) or "none"
        link = port["link"]
        lines.append(f"    port {port['guest']} {chosen(port['properties'])}; completes {atomics}; "
                     f"{link['speed']} x{link['width']}, {link['max_payload']} bytes")
        for function in port["functions"]:
            seen = [f"{one['guest_offset']}={one['id']}" for one in function["capabilities"]
                    if one["guest_offset"]]
            lines += [f"    {function['guest']} {chosen(function['properties'])}; "
                      f"requester enable {function['atomics']['requester_enable']}",
                      f"      sees {' '.join(seen) or 'nothing'}"]
    dump = run(program, "--emit", "lspci", *words)
    return [*lines, f"    bytes {hashlib.sha256(dump.encode()).hexdigest()}"]


def text_of(program, version, file):
    lines = []
    slots = SLOT.findall(file.read_text())
    for slot in slots:
        lines.append(f"{file.name}#{slot}")
        for name, (options, stated) in SITUATIONS.items():
            words = ["--machine", version, *options, f"{file}#{slot}{stated}"]
            lines += [f"  {name}", *lines_of(program, words)]
    if slots:
        words = ["--machine", version, "--port", "both"]
        words += [f"{file}#{slots[min(at, len(slots) - 1)]},{keys}" for at, keys in enumerate(TOGETHER)]
        lines += [f"{file.name}, two functions in one slot", *lines_of(program, words)]
    return "\n".join(lines) + "\n"


def compare(kept, now, what):
    if kept == now:
        return 0
    print(f"FAILED: {what}: what a guest sees has changed")
    return 1


def views_now(program, version):
    """What is kept of a version: our own captures as text, the shared ones as "digest  name"."""
    own = "".join(text_of(program, version, one) for one in sorted(OWN.glob("*.lspci")))
    shared = {one.name: hashlib.sha256(text_of(program, version, one).encode()).hexdigest()
              for one in sorted(SHARED.glob("*.lspci"))}
    return own, shared


def files_of(version):
    return KEPT / f"{version}.txt", KEPT / f"{version}.sha256"


def digest_of(version):
    """Of all that is kept of a version."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files_of(version))).hexdigest()


def check_frozen():
    """The newest row of each version is what is kept of it; returns the versions of which it is not."""
    rows = [line.split("\t") for line in FROZEN.read_text().splitlines()]
    if any(len(row) != 3 or not row[2].strip() for row in rows):
        sys.exit(f"FAILED: {FROZEN.name}: a row is version, SHA-256, reason")
    newest = {version: digest for version, digest, _ in rows}
    changed = [version for version in VERSIONS if newest.get(version) != digest_of(version)]
    for version in changed:
        print(f"FAILED: {version}: what was kept of it has changed, and no row of {FROZEN.name} says why")
    return changed


def check(program):
    different, compared = len(check_frozen()), 0
    if not SHARED.is_dir():
        print(f"only our own captures: {SHARED} is not there (set TENON_CAPTURES)")
    for version in VERSIONS:
        own, shared = views_now(program, version)
        text, sums = files_of(version)
        kept = text.read_text()
        different += compare(kept, own, version)
        for old, new in zip(kept.splitlines(), own.splitlines()):
            if old != new:
                print(f"  kept: {old}\n  now:  {new}")
        known = {line[66:]: line[:64] for line in sums.read_text().splitlines()}
        for name, digest in shared.items():
            if name in known:
                different += compare(known[name], digest, f"{version} {name}")
                compared += 1
        compared += 1
    print(f"{compared} compared, {different} differ")
    return 1 if different else 0


def update(program, version, why):
    own, shared = views_now(program, version)
    if not shared:
        sys.exit(f"the shared captures are needed: {SHARED} (set TENON_CAPTURES)")
    text, sums = files_of(version)
    text.write_text(own)
    sums.write_text("".join(f"{digest}  {name}\n" for name, digest in shared.items()))
    with FROZEN.open("a") as rows:
        rows.write(f"{version}\t{digest_of(version)}\t{why}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", metavar="VERSION", choices=VERSIONS)
    parser.add_argument("--why", metavar="REASON")
    parser.add_argument("program")
    arguments = parser.parse_args()
    program = Program(arguments.program)
    if not arguments.update:
        sys.exit(check(program))
    if not (arguments.why or "").strip():
        parser.error("--update needs --why: what was kept is frozen")
    update(program, arguments.update, arguments.why)


if __name__ == "__main__":
    main()
