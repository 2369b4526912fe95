#!/usr/bin/env bash
# A guest starts again with a disk that came while it ran: the disk is there, and can go and come as before.
#
#   hotplug_reboot.sh [TIMES]     how often (2)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
start_live --port rp1
plug "$disk" disk0 bus=rp1
check_guest_disk
for time in $(seq "$(soak_part "${1:-2}")"); do
    heard=$(wc -l <"$console")
    printf 'reboot -f\n' >&9
    until_so 300 'the guest is ready again' said ready
    expect_equal 'restarts' "$time" "$(grep -c '^RESET {"guest": true' "$events")"
    check_guest_disk
done
unplug disk0
expect_equal 'functions in the guest' 0 "$(guest_functions)"
plug "$disk" disk1 bus=rp1
check_guest_disk

printf 'A guest that starts again while a disk is to go lets go of it by that:\n'
ctl device_del id=disk1
heard=$(wc -l <"$console")
printf 'reboot -f\n' >&9
until_so 300 'the guest is ready again' said ready
until_so 300 'the disk has gone' happened DEVICE_DELETED disk1
expect_equal 'functions in the guest' 0 "$(guest_functions)"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
