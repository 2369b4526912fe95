#!/usr/bin/env bash
# libtenon.so shows what its headers declare, each under its version, and nothing else; and what was shown once stays.
#
#   symbols.sh LIBTENON.SO

set -euo pipefail
export LC_ALL=C
root=$(readlink -f "$(dirname "$0")/../..")
library=$1

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

expect_equal() {
    [ "$2" = "$3" ] || fail "$1: expected:"$'\n'"$2"$'\n'"found:"$'\n'"$3"
    printf 'ok: %s\n' "$1"
}

shown=$(nm -D --defined-only --with-symbol-versions "$library" | awk '{print $3}' | sort)
declared=$(grep -oE '\btenon_[a-z_]+\(' "$root/include/tenon/libtenon.h" | tr -d '(' | grep -v 'TENON' | sort -u)
expect_equal 'names of C' "$declared" \
    "$(grep '@@LIBTENON_0$' <<<"$shown" | sed 's/@.*//' | grep -v '^LIBTENON')"
# The baseline: what a released library showed is never taken away.
expect_equal 'the baseline' '' "$(comm -23 "$root/tests/library/libtenon.symbols" <(printf '%s\n' "${shown//@@/@}"))"
expect_equal 'other names' '' "$(grep -vE '@@LIBTENON_0$|^LIBTENON_' <<<"$shown" | sed 's/@@.*//' | c++filt |
    grep -vE '\btenon::' || true)"
expect_equal 'names of C++ without the version of their minor' '' \
    "$(grep -vE '@@LIBTENON_(0|CXX_[0-9]+\.[0-9]+)$|^LIBTENON_' <<<"$shown" || true)"
expect_equal 'its name' libtenon.so.0 "$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
