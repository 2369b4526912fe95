#!/usr/bin/env python3
"""Lets a compiler read sources without building them, in parallel; what it found nothing in is not read again
until something that it reads has changed: the file, the project's headers that it includes, directly or not,
the command line, or .clang-tidy.

    check_sources.py CHECK --cache FOLDER [--recent COMMITS] [--seconds LIMIT]

lint     clang-tidy-19 over all sources; with --recent over those that the last COMMITS commits touched, the
         newest first
locks    -Wthread-safety of clang++-19 over the sources of base, host and vmm
headers  each header that no source of its name includes first compiles alone

--seconds: begin none after this time, and say which files were left out.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FINDING = re.compile(r"^(?=/\S+:\d+:\d+: (?:error|warning): )", re.MULTILINE)
NOISE = re.compile(r"^(\d+ warnings? .*generated\.|Error while processing .*)\n?", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
# As cmake has them; without a precompiled header, so that each file includes what it uses. Headers that cmake
# writes are in build/dev.
LANGUAGE = ["-std=gnu++23", f"-I{ROOT}/src", f"-I{ROOT}/include", f"-I{ROOT}", f"-I{ROOT}/build/dev/src/library/include",
            "-DFMT_SHARED"]
WARNINGS = ["-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror"]
SOURCES = ("src/", "tests/", "fuzz/", "bench/", "examples/", "cmake/")


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def tracked(*patterns):
    found = git("ls-files", "--", *patterns)
    if not found:
        sys.exit(f"error: git names no files to check: {patterns}")
    return found


def touched(commits):
    """Sources that the last commits touched, the newest first; of a header the source of its name."""
    known, order = set(tracked("*.cpp")), {}
    for name in git("diff", "--name-only", "HEAD") + git("log", f"-{commits}", "--name-only", "--format="):
        source = re.sub(r"\.hpp$", ".cpp", name)
        if source in known:
            order.setdefault(source)
    return list(order)


class Lint:
    tool = "clang-tidy-19"
    settings = ".clang-tidy"

    @staticmethod
    def files(arguments):
        chosen = touched(arguments.recent) if arguments.recent else tracked("*.cpp")
        return [name for name in chosen if name.startswith(SOURCES)]

    @staticmethod
    def command(name):
        return ["clang-tidy-19", "--quiet", str(ROOT / name), "--", *LANGUAGE]


class Locks:
    tool = "clang++-19"
    settings = None

    @staticmethod
    def files(_):
        return [name for name in tracked("src/base/*.cpp", "src/host/*.cpp", "src/vmm/*.cpp")
                if not name.endswith("_test.cpp")]

    @staticmethod
    def command(name):
        return ["clang++-19", "-fsyntax-only", *LANGUAGE, "-Wthread-safety", "-Wthread-safety-beta",
                "-Werror=thread-safety", "-Werror=thread-safety-beta", str(ROOT / name)]


class Headers:
    tool = "g++"
    settings = None

    @staticmethod
    def files(_):
        return [name for name in tracked("src/*.hpp", "include/*.hpp", "tests/*.hpp")
                if not (ROOT / name).with_suffix(".cpp").exists()]

    @staticmethod
    def command(name):
        return ["g++", "-fsyntax-only", *LANGUAGE, "-include", name, "-x", "c++", "/dev/null"]


def read_by(source, known):
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


def key_of(check, name, version, known):
    digest = hashlib.sha256(version.encode())
    # Without the place of the checkout, so that another one has the same keys.
    digest.update("\0".join(check.command(name)).replace(str(ROOT), "").encode())
    if check.settings:
        digest.update((ROOT / check.settings).read_bytes())
    for path in read_by(ROOT / name, known):
        digest.update(os.path.relpath(path, ROOT).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def new_findings(output, seen):
    """What `output` says that `seen` does not hold yet: a header's findings come with every source."""
    for finding in FINDING.split(NOISE.sub("", output)):
        text = finding.replace(f"{ROOT}/", "").rstrip()
        if text and text not in seen:
            seen.add(text)
            yield text


def read_all(check, waiting, limit):
    """Files with findings, and how many were left out."""
    begun = time.monotonic()
    seen, failed, left_out, done = set(), 0, 0, 0

    def read(name):
        if limit and time.monotonic() - begun > limit:
            return None
        return subprocess.run(check.command(name), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(read, name): (name, stamp) for name, stamp in waiting}
        for future in concurrent.futures.as_completed(running):
            name, stamp = running[future]
            result = future.result()
            if result is None:
                left_out += 1
                print(f"LEFT OUT {name}", flush=True)
                continue
            done += 1
            print(f"[{done}/{len(waiting)}] {name}", flush=True)
            if result.returncode == 0:
                stamp.touch()
                continue
            failed += 1
            for finding in new_findings(result.stdout, seen):
                print(finding, flush=True)
    return failed, left_out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checks = {"lint": Lint, "locks": Locks, "headers": Headers}
    parser.add_argument("check", choices=checks)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--recent", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    arguments = parser.parse_args()

    check = checks[arguments.check]
    version = subprocess.run([check.tool, "--version"], capture_output=True, text=True, check=True).stdout
    folder = arguments.cache / arguments.check
    folder.mkdir(parents=True, exist_ok=True)
    known, begun = {}, time.monotonic()
    files = check.files(arguments)
    stamps = [(name, folder / key_of(check, name, version, known)) for name in files]
    waiting = [(name, stamp) for name, stamp in stamps if not stamp.exists()]
    failed, left_out = read_all(check, waiting, arguments.seconds)
    print(f"{arguments.check}: {len(files)} files, {len(waiting) - left_out} read, "
          f"{left_out} LEFT OUT for want of time, {failed} with findings, {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
