#!/usr/bin/env python3
"""What `tenon plan` decides about AtomicOps of the multi-function devices among the shared captures, with what
their host completes stated for each function, compared with tests/golden/atomics.json.

    atomics_captures.py PROGRAM [--update]

Ends with 77 where the captures are not there: they are not part of the project.
"""

import json
import os
import pathlib
import sys

from program import Program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))
GOLDEN = SOURCE / "tests" / "golden" / "atomics.json"

NVIDIA = "nvidia_10de-2204-rtx3090-multifn_laniusc.lspci#0000:0a:00."
AMD = "amd_1022-1486-psp-multifn_laniusc.lspci#0000:0c:00."
FIJI = "amd_1002-7300-fiji_pciutils.lspci#09:00."

# Name, port keys, and for each device: file, function, what its host completes.
CASES = [
    ("GPU and audio, the GPU has a path", "", [(NVIDIA, 0, "32+64"), (NVIDIA, 1, "none")]),
    ("GPU and audio, nobody stated anything", "", [(NVIDIA, 0, ""), (NVIDIA, 1, "")]),
    ("GPU and audio, the strict reading", "atomics=all-functions",
     [(NVIDIA, 0, "32+64"), (NVIDIA, 1, "none")]),
    ("GPU and audio, both have a path", "", [(NVIDIA, 0, "32+64+128"), (NVIDIA, 1, "32+64")]),
    ("GPU and audio, as asked", "atomics=32+64+128", [(NVIDIA, 0, "32+64"), (NVIDIA, 1, "none")]),
    ("GPU and audio, switched off", "atomics=off", [(NVIDIA, 0, "32+64"), (NVIDIA, 1, "none")]),
    ("four functions, one has a path", "",
     [(AMD, 0, "none"), (AMD, 1, "none"), (AMD, 3, "32+64"), (AMD, 4, "none")]),
    ("four functions, two with nothing in common", "",
     [(AMD, 0, "32"), (AMD, 1, "64"), (AMD, 3, "none"), (AMD, 4, "none")]),
    ("an AMD GPU with what amdgpu asks for", "", [(FIJI, 0, "32+64")]),
    ("an AMD GPU with half of it", "", [(FIJI, 0, "64")]),
]


def decided(program, keys, devices):
    arguments = ["--port", f"slot,{keys}"] if keys else []
    for file, function, widths in devices:
        stated = f",host-atomics={widths}" if widths else ""
        arguments.append(f"{file}{function},port=slot,function={function}{stated}")
    done = program.plan("--json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    port = json.loads(done.stdout)["ports"][0]
    return {"atomic_completer": port["atomic_completer"],
            "reasons": port["reasons"],
            "warnings": port["warnings"],
            "functions": [{"host": one["host"], "atomics": one["atomics"],
                           "warnings": [w for w in one["warnings"] if "AtomicOps" in w]}
                          for one in port["functions"]]}


def main():
    if not FOLDER.is_dir():
        print(f"SKIPPED: {FOLDER} is not there (set TENON_CAPTURES)")
        sys.exit(77)
    program = Program(sys.argv[1], FOLDER)
    found = {name: decided(program, keys, devices) for name, keys, devices in CASES}
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
