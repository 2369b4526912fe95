#!/usr/bin/env bash
# Tenon is killed at a random moment: the device has been reset, the host's own driver takes it at once and reads
# it, and nothing is left over.
#
#   killed.sh [TIMES]     how often (3)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# The block device of the disk: controllers have their numbers in the order in which they came.
node_of_disk() {
    local node
    for node in "/sys/bus/pci/devices/$disk"/nvme/nvme*/nvme*n1; do
        [ ! -e "$node" ] || printf '/dev/%s' "$(basename "$node")"
    done
}
has_node() { [ -b "$(node_of_disk)" ]; }

needs_tenon
own=$(host_state "$disk")
begun=$SECONDS
for time in $(seq "$(soak_part "${1:-3}")"); do
    bind "$disk"
    before=$(host_state "$disk")
    start_live --port rp1
    # What is going on when the end comes.
    case $((time % 3)) in
        0)
            activity='idle, or while it comes'
            plug "$disk" disk1 bus=rp1 &
            moment=$(random_of 1500)
            ;;
        1)
            activity='under load'
            plug "$disk" disk1 bus=rp1
            check_guest_disk
            in_guest 'while dd if=/dev/nvme0n1 of=/dev/null bs=256k iflag=direct 2>/dev/null; do :; done &'
            moment=$(random_of 2000)
            ;;
        2)
            activity='while it goes'
            plug "$disk" disk1 bus=rp1
            check_guest_disk
            ctl device_del id=disk1
            moment=$(random_of 6500)
            ;;
    esac
    sleep "$moment"
    kill -KILL "$guest"
    wait "$guest" || true
    end_live
    wait
    printf '\nKilled %s, after %s s:\n' "$activity" "$moment"
    expect_equal 'the device' "$before" "$(host_state "$disk")"
    expect_equal 'processes' '' "$(pgrep -x tenon || true)"
    expect_equal 'interrupts for a guest' '' "$(grep vfio /proc/interrupts || true)"
    bind --back "$disk"
    until_so 300 'the host has its disk' has_node
    expect_equal 'SHA-256 on the host' "$TENON_DISK_CHECKSUM" "$(sha256sum <"$(node_of_disk)" | cut -d' ' -f1)"
    expect_equal 'the device afterwards' "$own" "$(host_state "$disk")"
done
printf '%s times in %s s\n' "${1:-3}" $((SECONDS - begun))
