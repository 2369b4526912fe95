#!/usr/bin/env bash
# Our rules are kept by compilers: FILE compiles, and with -DWRONG it does not, for the reason that is expected.
#
#   refused.sh FILE REASON COMPILER OPTION…

set -euo pipefail
file=$1 reason=$2
shift 2
command -v "$1" >/dev/null || {
    echo "SKIPPED: $1 is not installed"
    exit 77
}
"$@" -std=c++23 -fsyntax-only -Werror "$file"
if found=$("$@" -std=c++23 -fsyntax-only -Werror -DWRONG "$file" 2>&1); then
    echo "FAILED: the wrong code of $file compiles"
    exit 1
fi
case $found in
    *"$reason"*) echo "ok: refused: $reason" ;;
    *)
        printf 'FAILED: refused, but not for "%s":\n%s\n' "$reason" "$found"
        exit 1
        ;;
esac
