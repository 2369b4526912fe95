#!/usr/bin/env bash
# A client of QMP that was written for QEMU plugs a disk in, asks for it, and removes it.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
start_live --port rp1
PYTHONPATH=$TENON_QMP_CLIENT timeout 600 python3 "$here/qmp_client.py" "$socket" "$disk" rp1
expect_equal 'functions in the guest' 0 "$(guest_functions)"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
