#!/usr/bin/env bash
# A disk goes while the guest reads it, by the guest's leave and pulled out: reading ends with an error and does
# not hang, and the disk works when it comes back.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
start_live --port rp1

# remove_in_use ID [force=true]
remove_in_use() {
    local begun
    in_guest 'while dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct 2>/tmp/dd; do date >/tmp/read; done & reader=$!'
    in_guest 'rm -f /tmp/read; until [ -e /tmp/read ]; do usleep 100000; done'
    begun=$SECONDS
    unplug "$@"
    printf 'ok: %s went in %s s\n' "$*" $((SECONDS - begun))
    # shellcheck disable=SC2016  # for the guest
    in_guest 'wait $reader; echo "reading ended: $(grep "^dd" /tmp/dd)"'
    expect_equal 'functions in the guest' 0 "$(guest_functions)"
    expect_equal 'the device in between' "$before" "$(host_state "$disk")"
}

plug "$disk" asked bus=rp1
check_guest_disk
remove_in_use asked
plug "$disk" pulled bus=rp1
check_guest_disk
remove_in_use pulled force=true
plug "$disk" last bus=rp1
check_guest_disk
# A virtual host that did not get its processor is no complaint of the device.
expect_equal "complaints in the guest's log" '' \
    "$(in_guest "dmesg | grep -E 'hung|blocked for|BUG:|WARNING:' | grep -v 'soft lockup'" || true)"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
