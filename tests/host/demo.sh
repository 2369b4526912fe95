#!/usr/bin/env bash
# What `tools/dev demo` shows in the virtual host: a plan of the NVMe that is really there, then a
# guest with it, then whether everything was as planned.
#
#   demo.sh [readme]     readme: also whether README.md shows the same

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

title() { printf '\n== %s\n' "$*"; }

needs_tenon
bind "$disk"
title "tenon plan -v $disk (the device of the virtual host, bound to vfio-pci)"
"$TENON" plan -v "$disk" | tee "$work/shown"
"$TENON" plan --json "$disk" >"$work/plan.json"
"$TENON" plan --emit lspci "$disk" >"$work/planned"

title "tenon run --device $disk …"
run_guest "$(guest_kernel bzimage)" tree,function,config,disk,interrupts "$disk"
title 'the guest sees these PCI functions'
section tree | tee -a "$work/shown"
title 'the guest lists these capabilities of the assigned function'
section function >"$work/function"
grep -E '^[0-9a-f]|Capabilities:|Kernel driver' "$work/function" | tee -a "$work/shown"
title 'the guest read the disk'
section disk
section interrupts

title 'as planned?'
section config >"$work/seen"
matched=yes
python3 "$here/compare_capabilities.py" "$work/plan.json" "$work/function" || matched=''
python3 "$here/compare_config.py" "$work/planned" "$work/seen" || matched=''
if [ "$(section disk)" = "$TENON_DISK_CHECKSUM" ]; then
    echo 'ok: the SHA-256 is that of the disk image'
else
    echo "the SHA-256 differs from the disk image's: $TENON_DISK_CHECKSUM"
    matched=''
fi
if [ -z "$matched" ]; then
    printf '\nNot everything matched what the plan had promised.\n'
    exit 1
fi
printf '\nEverything matched what the plan had promised: capabilities, configuration space, disk.\n' |
    tee -a "$work/shown"
[ "${1:-}" = readme ] || exit 0

bind 0000:07:00.1
"$TENON" plan -v 0000:07:00.1 >>"$work/shown" || true
python3 "$here/readme_session.py" "$TENON_ROOT/README.md" "$work/shown"
