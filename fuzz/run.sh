#!/usr/bin/env bash
# Runs one fuzzer as a test: run.sh FUZZER SECONDS, of which TENON_SOAK_PERCENT (100) are taken. What it finds of new ways through the code is kept in the
# cache, for the next run.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=lab/lib.sh
. lab/lib.sh
fuzzer=$1 seconds=$(($2 * ${TENON_SOAK_PERCENT:-100} / 100)) program=build/asan/fuzz/$1
[ -x "$program" ] || die "$program is not built: tools/dev test builds it"
corpus=$tenon_cache/corpus/$fuzzer
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
mkdir -p "$corpus"
python3 fuzz/seeds.py "$fuzzer" "$seeds"
# A stack for every allocation costs more than the code does, and so does memory that comes back from far away: what
# one input frees is a megabyte at most. A finding run again without this tells both in full.
export ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0
# What a year has found is made smaller now and then: loading it must not take a run's time.
if [ "$(find "$corpus" -type f | wc -l)" -gt 5000 ]; then
    mkdir "$seeds/merged"
    "$program" -merge=1 "$seeds/merged" "$corpus" >/dev/null 2>&1
    rm -rf "$corpus"
    mv "$seeds/merged" "$corpus"
fi
# A fuzzer ends with 77 by itself where it found something: for a test that is one that was skipped.
"$program" -error_exitcode=1 -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="$tenon_cache/corpus/found-$fuzzer-" "$corpus" "$seeds" 2>&1 |
    grep -vE '^#[0-9]+|DICT|^"' || exit "${PIPESTATUS[0]}"
