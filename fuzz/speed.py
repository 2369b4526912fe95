#!/usr/bin/env python3
"""How fast a fuzzer runs its corpus, beside the same code in a release, now on this machine.

    speed.py FUZZER… [--least RATIO]

Ends with 1 where a fuzzer has less than RATIO (0.25) of the release's executions a second. Programs are those of
build/asan and build/release (`tools/dev fuzz` builds them); the inputs its seeds and what it found, 200 at most.
"""

import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "tenon" / "corpus"
TAKEN = re.compile(r"^Executed .* in (\d+) ms$", re.MULTILINE)
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0")


def inputs_of(fuzzer, seeds):
    subprocess.run([sys.executable, ROOT / "fuzz" / "seeds.py", fuzzer, seeds], check=True)
    found = sorted(pathlib.Path(seeds).iterdir()) + sorted((CACHE / fuzzer).glob("*"))
    return [str(one) for one in random.Random(1).sample(found, min(200, len(found)))]


def watched(fuzzer, inputs):
    """Executions a second of the fuzzer: of each input as many as give times that can be told apart."""
    runs = 40
    done = subprocess.run([ROOT / "build" / "asan" / "fuzz" / fuzzer, f"-runs={runs}", *inputs],
                          capture_output=True, text=True, check=True, env=ENVIRONMENT)
    taken = sum(int(milliseconds) for milliseconds in TAKEN.findall(done.stderr))
    return runs * len(inputs) * 1000 / max(taken, 1)


def free(fuzzer, inputs):
    done = subprocess.run([ROOT / "build" / "release" / "fuzz" / f"replay_{fuzzer}", "2", *inputs],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fuzzers", nargs="+")
    parser.add_argument("--least", type=float, default=0.25)
    arguments = parser.parse_args()
    slow = 0
    for fuzzer in arguments.fuzzers:
        with tempfile.TemporaryDirectory() as seeds:
            inputs = inputs_of(fuzzer, seeds)
            fast, watching = free(fuzzer, inputs), watched(fuzzer, inputs)
        ratio = watching / fast
        slow += ratio < arguments.least
        print(f"{fuzzer:16} {watching:8.0f} of {fast:8.0f} executions a second: {ratio:.2f}"
              f"{'  TOO SLOW' if ratio < arguments.least else ''}", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
