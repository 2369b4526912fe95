#!/usr/bin/env bash
# The virtual host itself works: QEMU in it assigns the NVMe to a guest, by group or by iommufd. Tells
# a broken lab from a broken program.
#
#   lab_selftest.sh group|iommufd

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

device=vfio-pci,host=$disk,bus=port1
interface=()
if [ "$1" = iommufd ]; then
    # shellcheck disable=SC2054  # the comma is the emulator's
    interface=(-object iommufd,id=iommufd0)
    device+=,iommufd=iommufd0
fi
bind "$disk"
timeout 600 "$TENON_EMULATOR" -nodefaults -no-user-config -display none -no-reboot -M q35 \
    -accel kvm -cpu host -m 256M "${interface[@]}" \
    -device pcie-root-port,id=port1,chassis=1,slot=1 -device "$device" \
    -kernel "$(guest_kernel bzimage)" -initrd "$TENON_GUEST_INITRD" \
    -append "$(guest_words disk,interrupts)" -serial stdio </dev/null >"$console"
check_disk
