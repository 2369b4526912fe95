#!/usr/bin/env bash
# Rewrites the kept outputs with what the program prints now. Look at `git diff tests/golden` after it.
#
#   update.sh [PROGRAM]   PROGRAM: the newest `tenon` of the build folders if not given

set -euo pipefail
here=$(dirname "$(realpath "$0")")
program=${1:-}
if [ -z "$program" ]; then
    program=$(find "$here/../../build" -path '*/src/cli/tenon' -type f -perm -u+x -printf '%T@ %p\n' |
        sort -n | tail -n 1 | cut -d' ' -f2-)
fi
[ -n "$program" ] || {
    printf 'Nothing is built yet: tools/dev build\n' >&2
    exit 2
}
"$here/golden.sh" --update "$program"
# Of the shared captures, which may not be there.
for test in atomics slot; do
    "$here/../cli/${test}_captures.py" "$program" --update || [ $? -eq 77 ]
done
