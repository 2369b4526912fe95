#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a compile_commands.json, in parallel.

A file that was clean is not read again until something that clang-tidy reads for it has changed: the
file, the project's headers that it includes, directly or not, its command line, or .clang-tidy.

    tools/lint.py --commands build/dev/compile_commands.json --cache FOLDER
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
FINDING = re.compile(r"^(?=/\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)
NOISE = re.compile(r"^(\d+ warnings? .*generated\.|Error while processing .*)\n?", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def headers_of(source, known):
    """All project files that `source` includes, directly or not, with itself."""
    waiting, seen = [source], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path not in known:
            named = INCLUDE.findall(path.read_text(errors="replace"))
            places = [path.parent, ROOT / "src", ROOT / "include", ROOT]
            found = [place / name for name in named for place in places]
            known[path] = [candidate for candidate in found if candidate.is_file()]
        waiting.extend(known[path])
    return sorted(seen)


def key_of(entry, version, known):
    digest = hashlib.sha256()
    digest.update(version.encode())
    digest.update((ROOT / ".clang-tidy").read_bytes())
    # Without the place of the checkout, so that another clone has the same keys.
    digest.update(entry.get("command", "").replace(str(ROOT), "").encode())
    for path in headers_of(pathlib.Path(entry["file"]), known):
        digest.update(os.path.relpath(path, ROOT).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def check(entry, commands):
    result = subprocess.run(
        [TIDY, "--quiet", "-p", str(commands.parent), entry["file"]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return result.returncode, result.stdout


def new_findings(output, seen):
    """What `output` says that `seen` does not hold yet: a header's findings come with every source."""
    for finding in FINDING.split(NOISE.sub("", output)):
        text = finding.replace(f"{ROOT}/", "").rstrip()
        if text and text not in seen:
            seen.add(text)
            yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    begun = time.monotonic()
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    arguments.cache.mkdir(parents=True, exist_ok=True)
    known = {}
    waiting = []
    for entry in json.loads(arguments.commands.read_text()):
        source = pathlib.Path(entry["file"])
        # Generated files and sources since removed are not ours to check.
        if not source.is_file() or not source.is_relative_to(ROOT) or "build" in source.relative_to(ROOT).parts:
            continue
        stamp = arguments.cache / key_of(entry, version, known)
        if not stamp.exists():
            waiting.append((entry, stamp))

    failed, seen = 0, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(check, entry, arguments.commands): (entry, stamp)
                   for entry, stamp in waiting}
        for done, future in enumerate(concurrent.futures.as_completed(running), 1):
            entry, stamp = running[future]
            status, output = future.result()
            name = os.path.relpath(entry["file"], ROOT)
            print(f"  [{done}/{len(waiting)}] {name}", file=sys.stderr, flush=True)
            if status == 0:
                stamp.touch()
            else:
                failed += 1
                for finding in new_findings(output, seen):
                    print(finding, flush=True)
    print(f"clang-tidy: {len(waiting)} files read, {failed} with findings, "
          f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
