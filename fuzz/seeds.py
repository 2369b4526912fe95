#!/usr/bin/env python3
"""Writes seeds for the fuzzers: seeds.py FUZZER FOLDER

Captures are in tests/captures, and in $TENON_CAPTURES or ../shared/captures beside the sources. The
fuzzer of guest accesses makes its devices itself and takes no seeds but some lengths of noise.
"""

import os
import pathlib
import random
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[1]
ROW = re.compile(r"^[0-9a-f]{2,3}: ((?:[0-9a-f]{2} ?){16})$", re.MULTILINE)


def captures(pattern):
    shared = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))
    for folder in (SOURCE / "tests" / "captures", shared):
        if folder.is_dir():
            yield from sorted(folder.glob(pattern))


def texts():
    for file in captures("*.lspci"):
        yield file.read_bytes()


def blobs():
    for file in captures("*.lspci"):
        for function in re.split(r"\n\n+", file.read_text()):
            content = bytes.fromhex("".join(ROW.findall(function)))
            if len(content) in (64, 256, 4096):
                yield content


def documents():
    for file in captures("*.json"):
        yield file.read_bytes()


def noise():
    source = random.Random(1)
    for size in (100, 400, 1600, 2400):
        yield source.randbytes(size)


def main():
    kinds = {"capture_text": texts, "capture_blob": blobs, "capture_json": documents,
             "guest_access": noise}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(kinds[sys.argv[1]]()):
        (folder / f"seed-{number:03}").write_bytes(content)


if __name__ == "__main__":
    main()
