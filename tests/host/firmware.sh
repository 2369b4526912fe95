#!/usr/bin/env bash
# Firmware boots a guest from a disk: the disk of a process, with an assigned NVMe beside it that the guest reads and
# verifies; the guest starts again, and switches itself off. An assigned NVMe is its only disk; another one comes to
# a port that firmware gave the windows that were asked for, and goes.
#
#   firmware.sh [only-disk]

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
PATH=$TENON_BACKENDS:$PATH
export PATH
cd "$work"

# start_by_firmware OPTION…   Until its kernel, from a disk, waits for commands.
start_by_firmware() {
    local begun=$SECONDS
    begin_live_by --firmware "$TENON_FIRMWARE" --memory 512M "$@"
    listen
    until_so 900 'the guest is ready' said ready
    printf 'ok: the guest was ready after %s s\n' $((SECONDS - begun))
}

# check_places   The guest's kernel took what firmware gave out, and reaches all of configuration space.
check_places() {
    expect_equal 'what its kernel says of places that it could not keep' 0 \
        "$(in_guest "dmesg | grep -c 'no compatible bridge window\\|failed to assign\\|address conflict'")"
    expect_equal 'started by UEFI' yes "$(in_guest '[ -d /sys/firmware/efi ] && echo yes')"
    expect_equal 'bytes of configuration space' 4096 \
        "$(in_guest "stat -c %s /sys/bus/pci/devices/0000:00:01.0/config")"
}

refused 2 'a kernel and firmware' '--kernel and --firmware: a guest begins with one of them' \
    --firmware "$TENON_FIRMWARE" --kernel "$(guest_kernel bzimage)"
refused 1 'too many processors' '255 processors: firmware starts 254 at most' \
    --firmware "$TENON_FIRMWARE" --cpus 255

if [ "${1:-}" = only-disk ]; then
    only=0000:07:00.0
    bind "$only" 0000:07:00.1
    start_by_firmware --port late,mem=4M,pref64=64M --device "$only"
    check_places
    expect_equal 'windows of the empty port' '4M 64M' "$(in_guest \
        "lspci -vv -s 00:01.0 | sed -n 's/.*emory behind bridge.*\\[size=\\([0-9]*M\\)\\].*/\\1/p'" | paste -sd' ')"
    plug "$disk" came bus=late
    # shellcheck disable=SC2016  # for the guest
    in_guest 'n=0; until [ -b /dev/nvme1n1 ] || [ $n -eq 240 ]; do n=$((n + 1)); sleep 0.25; done; [ -b /dev/nvme1n1 ]'
    expect_equal 'SHA-256 of the disk that came' "$TENON_DISK_CHECKSUM" \
        "$(in_guest 'sha256sum </dev/nvme1n1 | cut -d" " -f1')"
    unplug came
    shut_down
    exit
fi

cp "$TENON_BOOT_DISK" image
start_by_firmware --disk image --device "$disk" --port empty
check_places
check_guest_disk
# It starts again, by what its kernel finds in UEFI.
heard=$(wc -l <"$console")
printf 'reboot -f\n' >&9
until_so 900 'the guest is ready again' said ready
check_guest_disk
shut_down
