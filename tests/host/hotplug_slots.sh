#!/usr/bin/env bash
# Several functions come to one slot, in any order, and are there when function 0 is; all go together.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
disk2=0000:07:00.0 edu=0000:04:00.0
echo 1 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
virtual=$(basename "$(readlink /sys/bus/pci/devices/0000:02:00.0/virtfn0)")
bind "$disk" "$disk2" 0000:07:00.1 "$virtual" "$edu"
states() { for address in "$disk" "$disk2" "$virtual" "$edu"; do printf '%s %s\n' "$address" "$(host_state "$address")"; done; }
before=$(states)
start_live --port rp1 --port rp2

# refuses WHAT EXPECTED-TEXT COMMAND…
refuses() {
    local status=0
    "${@:3}" >"$work/out" 2>"$work/err" || status=$?
    expect_equal "status of $1" 1 "$status"
    cat "$work/err"
    tr -s '\n ' ' ' <"$work/err" | grep -qF -- "$2" || fail "the message lacks: $2"
}

# gone ID…   All of a slot, by removing the first.
gone() {
    local id
    unplug "$1"
    for id in "${@:2}"; do until_so 300 "$id has gone" happened DEVICE_DELETED "$id"; done
    expect_equal 'functions in the guest' 0 "$(guest_functions)"
    expect_equal 'the devices in between' "$before" "$(states)"
}

printf '\nTwo NVMe, function 1 first:\n'
plug "$disk2" second bus=rp1 addr=0.1
sleep 1
expect_equal 'functions in the guest' 0 "$(guest_functions)"
refuses 'a function that is taken' 'function 1' plug "$edu" none bus=rp1 addr=0.1
refuses 'a name that is taken' 'second' plug "$edu" second bus=rp1 addr=0.2
plug "$disk" first bus=rp1 multifunction=on
in_guest 'until dd if=/dev/nvme0n1 bs=512 count=1 && dd if=/dev/nvme1n1 bs=512 count=1; do usleep 100000; done >/dev/null 2>&1'
expect_equal 'both disks' "TENON-LAB-1 $TENON_DISK_CHECKSUM
TENON-LAB-2 $TENON_DISK2_CHECKSUM" "$(in_guest 'run disks' | sort)"
expect_equal 'functions in the guest' '0 1' "$(in_guest endpoints | sed 's/.*\.//' | xargs)"
refuses 'a function for an announced slot' 'announced' plug "$edu" none bus=rp1 addr=0.2
refuses 'a device that is there already' "$disk" plug "$disk" none bus=rp2
refuses 'a device that is not there' 'none' ctl device_del id=none
gone second first

printf '\nNVMe and a virtual function:\n'
plug "$virtual" network bus=rp1 addr=0.1
plug "$disk" first bus=rp1
check_guest_disk
in_guest 'until ls /sys/bus/pci/drivers/igbvf | grep -q "\.1$"; do usleep 100000; done'
printf 'ok: the guest has a driver for the virtual function\n'
gone first network

printf '\nNVMe and edu, which is no PCI Express function:\n'
plug "$edu" edu bus=rp2 addr=0.1
plug "$disk" first bus=rp2
check_guest_disk
expect_equal 'identification and liveness of edu' '0x010000ED 0xEDCBA987' "$(in_guest 'run edu_registers')"
gone edu first

printf '\nA function that waits for function 0 goes at once:\n'
plug "$edu" edu bus=rp1 addr=0.3
gone edu
shut_down
expect_equal 'the devices afterwards' "$before" "$(states)"
