#!/usr/bin/env bash
# The guest's own view of the assigned function equals what `tenon plan --emit lspci` said before.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
bind "$disk"
"$TENON" plan --emit lspci "$disk" >"$work/planned"
run_guest "$(guest_kernel vmlinux)" config "$disk"
section config >"$work/seen"
python3 "$here/compare_config.py" "$work/planned" "$work/seen"
