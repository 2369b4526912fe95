#!/usr/bin/env bash
# The same functions in one guest below QEMU's vfio-pci and in one below Tenon: what `lspci -vvv` says there
# is the same, but for the differences that docs/differences-from-qemu.md lists and explains.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
# shellcheck disable=SC2054  # the commas are of the keys
devices=(0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:05:00.0 0000:06:00.0
    0000:07:00.0,port=pair 0000:07:00.1,port=pair)
bind "${devices[@]%%,*}"
for vmm in qemu tenon; do
    mkdir "$work/$vmm"
    case $vmm in
        qemu) run_guest_qemu "$(guest_kernel vmlinux)" places,packed-function "${devices[@]}" ;;
        tenon) run_guest "$(guest_kernel vmlinux)" places,packed-function "${devices[@]}" ;;
    esac
    section places >"$work/$vmm/places"
    unpacked function >"$work/$vmm/function"
done
python3 "$here/compare_lspci.py" "$work/qemu" "$work/tenon" "$TENON_ROOT/docs/differences-from-qemu.md" \
    nvme=1.0 igb=2.0 e1000e=3.0 edu=4.0 virtio-net=5.0 virtio-blk=6.0 nvme-of-two=7.0 edu-of-two=7.1 || {
    cat "$work/qemu/function"
    printf '\n---- below Tenon\n\n'
    cat "$work/tenon/function"
    fail 'the differences are not those on the list'
}
