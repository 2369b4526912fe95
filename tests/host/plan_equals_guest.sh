#!/usr/bin/env bash
# The guest's own view of the assigned function equals what `tenon plan` said before:
# the capability list of --json, and every byte of --emit lspci.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
bind "$disk"
"$TENON" plan --emit lspci "$disk" >"$work/planned"
"$TENON" plan --json "$disk" >"$work/plan.json"
run_guest "$(guest_kernel vmlinux)" function,config "$disk"
section function >"$work/function"
section config >"$work/seen"
python3 "$here/compare_capabilities.py" "$work/plan.json" "$work/function"
python3 "$here/compare_config.py" "$work/planned" "$work/seen"
