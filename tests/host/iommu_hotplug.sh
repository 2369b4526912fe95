#!/usr/bin/env bash
# A disk comes to a running guest that has an IOMMU, goes, comes back to another slot, and is there when the guest
# starts again; each time its DMA goes through the guest's tables, and so do interrupts, its own and the port's.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

translated() { in_guest 'run groups' | awk '$1 !~ /^0000:00:/ {print $2}' | sort -u; }

# check_translated   The disk's DMA and its interrupts go through the guest's tables.
check_translated() {
    expect_equal 'how the disk is translated' DMA "$(translated)"
    expect_equal "the disk's interrupts" IR-PCI-MSI \
        "$(in_guest 'run interrupts' | grep -oE '(IR-)?(PCI-MSI|IO-APIC)' | sort -u)"
}

needs_tenon
bind "$disk"
before=$(host_state "$disk")
guest_extra='intel_iommu=on,sm_off iommu.passthrough=0 iommu.strict=1'
start_live --viommu vtd --port rp1 --port rp2
for port in rp1 rp2; do
    plug "$disk" "disk-$port" "bus=$port"
    check_guest_disk
    check_translated
    unplug "disk-$port"
    expect_equal 'the device in between' "$before" "$(host_state "$disk")"
done
plug "$disk" disk0 bus=rp1
check_guest_disk
heard=$(wc -l <"$console")
printf 'reboot -f\n' >&9
until_so 300 'the guest is ready again' said ready
check_guest_disk
check_translated
shut_down
expect_equal 'messages' 0 "$(grep -c '^tenon: ' "$work/messages" || true)"
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
