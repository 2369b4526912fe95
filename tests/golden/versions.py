#!/usr/bin/env python3
"""What a guest sees never changes for an old machine version.

    versions.py [--update] PROGRAM

For each version, each capture is planned in three situations: as it is; where the host's kernel says that
ATS is not supported; where host and guest can do PASID. Kept for each function is what the guest sees: its
capabilities and their places, the properties and who chose them, and a SHA-256 of all its bytes. Of our own
captures that is text (versions/VERSION.txt), of the shared ones a SHA-256 of such text a file
(versions/shared.sha256); those are compared where they are there.

A difference is a guest that changes under its owner: mend the program. --update is for a version that is
new, or not released yet.
"""

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
VERSIONS = ["tenon-1", "qemu-11.1", "qemu-11.0"]
SITUATIONS = {
    "as it is": ([], ""),
    "ATS unsupported": ([], ",host-ats=unsupported"),
    "PASID on both sides": (["--viommu", "pasid"], ",host-pasid=20+exec+priv"),
}
SLOT = re.compile(r"^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s", re.MULTILINE)


def run(program, *words):
    done = program.plan(*words)
    if done.returncode not in (0, 1):
        sys.exit(f"FAILED: {' '.join(words)}: {done.stderr}")
    return done.stdout


def view(program, version, file, slot):
    """What a guest of this version sees of one function, as lines."""
    lines = []
    for name, (options, stated) in SITUATIONS.items():
        words = ["--machine", version, *options, f"{file}#{slot}{stated}"]
        function = json.loads(run(program, "--json", *words))["ports"][0]["functions"][0]
        dump = hashlib.sha256(run(program, "--emit", "lspci", *words).encode()).hexdigest()
        chosen = [f"{one['name']}={one['value']} ({one['origin']})" for one in function["properties"]]
        seen = [f"{one['guest_offset']}={one['id']}" for one in function["capabilities"]
                if one["guest_offset"]]
        lines += [f"  {name}: {'; '.join(chosen)}",
                  f"    sees {' '.join(seen) or 'nothing'}",
                  f"    bytes {dump}"]
    return lines


def text_of(program, version, file):
    lines = []
    for slot in SLOT.findall(file.read_text()):
        lines += [f"{file.name}#{slot}", *view(program, version, file, slot)]
    return "\n".join(lines) + "\n"


def compare(kept, now, what):
    if kept == now:
        return 0
    print(f"FAILED: {what}: what a guest sees has changed")
    return 1


def main():
    words = sys.argv[1:]
    update = words[:1] == ["--update"]
    if len(words) != 1 + update:
        sys.exit(__doc__)
    program = Program(words[-1])
    KEPT.mkdir(exist_ok=True)
    different = compared = 0
    for version in VERSIONS:
        file = KEPT / f"{version}.txt"
        now = "".join(text_of(program, version, one) for one in sorted(OWN.glob("*.lspci")))
        if update:
            file.write_text(now)
        else:
            kept = file.read_text()
            different += compare(kept, now, version)
            for old, new in zip(kept.splitlines(), now.splitlines()):
                if old != new:
                    print(f"  kept: {old}\n  now:  {new}")
        compared += 1
    sums = KEPT / "shared.sha256"
    if not SHARED.is_dir():
        print(f"only our own captures: {SHARED} is not there (set TENON_CAPTURES)")
    else:
        now = {}
        for version in VERSIONS:
            for one in sorted(SHARED.glob("*.lspci")):
                digest = hashlib.sha256(text_of(program, version, one).encode()).hexdigest()
                now[f"{version} {one.name}"] = digest
        if update:
            sums.write_text("".join(f"{digest}  {name}\n" for name, digest in now.items()))
        else:
            kept = {line[66:]: line[:64] for line in sums.read_text().splitlines()}
            for name, digest in now.items():
                if name in kept:
                    different += compare(kept[name], digest, name)
                    compared += 1
    print(f"{compared} {'written' if update else f'compared, {different} differ'}")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
