#!/usr/bin/env bash
# The host takes a device back from its driver while a guest has it: the guest is asked to let go of it.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
# unbind_within SECONDS   The host's own command for it, which waits until the device is free.
unbind_within() {
    local begun=$SECONDS process
    printf '%s' "$disk" >/sys/bus/pci/drivers/vfio-pci/unbind &
    process=$!
    until_so "$1" 'the host has its device back' eval "! kill -0 $process 2>/dev/null"
    wait "$process" || fail 'the host could not unbind the device'
    printf 'ok: the host waited %s s\n' $((SECONDS - begun))
}

for when in plugged 'there from the start'; do
    printf '\nA device that was %s:\n' "$when"
    case $when in
        plugged) start_live --port rp1 && plug "$disk" disk1 bus=rp1 ;;
        *) start_live --device "$disk,id=disk1,port=rp1" ;;
    esac
    check_guest_disk
    unbind_within 600
    until_so 300 'the disk has gone' happened DEVICE_DELETED disk1
    expect_equal 'functions in the guest' 0 "$(guest_functions)"
    bind "$disk"
    plug "$disk" disk2 bus=rp1
    check_guest_disk
    shut_down
done
