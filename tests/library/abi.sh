#!/usr/bin/env bash
# The C face takes and gives what programs were compiled with: no function, type or value of the last release changed.
# What is new is no matter.
#
#   abi.sh [--new]     --new: what the library has is the baseline
#
# abidiff (2.2) does not bear what C++ has inside, so it reads a library in C that has nothing but the header's
# functions. Of those the real one has the same types, or it would not compile, and the same names (symbols.sh).

set -euo pipefail
here=$(readlink -f "$(dirname "$0")")
baseline=$here/libtenon.abi
header=$here/../../include/tenon/libtenon.h
names=$here/../../cmake/libtenon.map.in
command -v abidiff >/dev/null || {
    echo 'skipped: abidiff is not installed: tools/dev setup'
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The versions of C++ are for what is not in here.
sed 's/@[A-Z_]*@/0/g' "$names" >"$work/map"

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# build NAME HEADER   $work/NAME.so, with the header's functions.
build() {
    cp "$2" "$work/$1.h"
    {
        printf '#include "%s.h"\n' "$1"
        # Each declaration with a body.
        gcc -E -P "$work/$1.h" | tr '\n' ' ' |
            grep -oE '__attribute__\(\(visibility\("default"\)\)\)[^;{]*;' |
            sed 's/^__attribute__((visibility("default"))) *//; s/;$/ { __builtin_trap(); }/'
    } >"$work/$1.c"
    gcc -g -O0 -fPIC -shared -w -Wl,-soname,libtenon.so.0 "-Wl,--version-script=$work/map" -o "$work/$1.so" "$work/$1.c"
}

# Exit status of abidiff: 1 and 2 are errors of it, 4 any change, 8 one for which programs are not ready; 4 alone is what
# is new. Source: abidiff(1).
differs() {
    local status=0
    abidiff --no-show-locs "$baseline" "$work/$1.so" >"$work/said" 2>&1 || status=$?
    [ $((status & 3)) -eq 0 ] || fail "abidiff: $(cat "$work/said")"
    [ $((status & 8)) -ne 0 ] || grep -qE '[1-9][0-9]* (Removed|Changed)' "$work/said"
}

build now "$header"
if [ "${1:-}" = --new ]; then
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$baseline" "$work/now.so"
    sed -i "s|$work/||" "$baseline"
    exit
fi
if differs now; then
    cat "$work/said"
    fail 'programs that were compiled before do not fit'
fi
echo 'ok: the C face is that of the baseline'

# It finds what it is there for: a member that comes between, a function that wants more, one that is gone.
for change in 's/uint32_t bar; .*/uint32_t more, bar;/' 's/tenon_list(const/tenon_list(int more, const/' \
    's/tenon_plan_free(/tenon_plan_released(/'; do
    sed "$change" "$header" >"$work/changed"
    ! cmp -s "$work/changed" "$header" || fail "nothing to change by $change"
    build other "$work/changed"
    differs other || fail "abidiff does not see $change"
done
echo 'ok: a change is seen'
