#!/usr/bin/env bash
# Runs one fuzzer as a test: run.sh FUZZER SECONDS. Builds it first; skips aloud (77) without clang.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
fuzzer=$1 seconds=$2
command -v clang++-19 >/dev/null || {
    echo "SKIPPED: clang++-19 (package clang-19) is not installed"
    exit 77
}
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
# Tests run side by side; one builds at a time.
exec 9>"${TMPDIR:-/tmp}/tenon-fuzz-build-$(id -u).lock"
flock 9
CMAKE_CXX_COMPILER_LAUNCHER=$(command -v ccache || true) cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "$fuzzer" >"$corpus.log" || {
    cat "$corpus.log"
    exit 1
}
rm -f "$corpus.log"
flock -u 9
python3 fuzz/seeds.py "$fuzzer" "$corpus"
build/fuzz/fuzz/"$fuzzer" -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$fuzzer-" "$corpus" 2>&1 | grep -vE '^#[0-9]+|DICT|^"' || exit "${PIPESTATUS[0]}"
