#!/usr/bin/env bash
# Every kind of interrupt reaches the guest: INTx of three functions, alone and with a shared pin, delivered by
# KVM, by ourselves with the BARs trapped, and by an IOAPIC of ours where the guest remaps interrupts, and held back by
# Interrupt Disable; MSI; MSI-X.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

nic=0000:03:00.0
edu=0000:04:00.0
kernel=$(guest_kernel vmlinux)

# expect_vectors KIND NAME…   Each NAME has counted interrupts, by a line of this KIND.
expect_vectors() {
    local kind=$1 name lines
    lines=$(section vectors)
    for name in "${@:2}"; do
        grep -Eq "^${name} ${kind}[^ ]* [1-9]" <<<"$lines" ||
            fail "no interrupt of $name by $kind: $lines"
        printf 'ok: %s\n' "$(grep -E "^${name} ${kind}" <<<"$lines" | tr '\n' ';')"
    done
}

needs_tenon
bind "$disk" "$nic" "$edu"
before=$(host_state "$disk"; host_state "$nic"; host_state "$edu")

printf '\nINTx, by KVM; two functions behind one pin\n'
"$TENON" plan -v "$edu" | grep -A3 '^  Interrupts'
guest_extra=pci=nomsi
run_guest "$kernel" nics,edu-intx,disk,vectors "$disk,port=a,function=0" "$nic,port=a,function=1" "$edu"
expect_equal 'network' 'e1000e has an address' "$(section nics)"
expect_equal 'edu' 'intx: 16 of 16, held back: 1' "$(section edu-intx)"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
expect_vectors IO-APIC nvme0q1 eth0 edu_probe
expect_equal 'counts of the shared pin' "$(section vectors | sed -n 's/^nvme0q1 //p')" \
    "$(section vectors | sed -n 's/^eth0 //p')"

printf '\nINTx, by ourselves; all behind one pin\n'
"$TENON" plan -v "$edu,intx=trapped" | grep -A3 '^  Interrupts'
run_guest "$kernel" nics,edu-intx,disk,vectors "$disk,intx=trapped,port=a,function=0" \
    "$nic,intx=trapped,port=a,function=1" "$edu,intx=trapped,port=a,function=2"
expect_equal 'network' 'e1000e has an address' "$(section nics)"
expect_equal 'edu' 'intx: 16 of 16, held back: 1' "$(section edu-intx)"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
expect_vectors IO-APIC nvme0q1 eth0 edu_probe

printf '\nINTx, remapped, by an IOAPIC of ours; two functions and one with trapped BARs behind one pin\n'
TENON_RUN_OPTIONS='--viommu vtd' run_guest "$kernel" nics,edu-intx,disk,vectors "$disk,port=a,function=0" \
    "$nic,port=a,function=1" "$edu,intx=trapped,port=a,function=2"
expect_equal 'network' 'e1000e has an address' "$(section nics)"
expect_equal 'edu' 'intx: 16 of 16, held back: 1' "$(section edu-intx)"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
expect_vectors IR-IO-APIC nvme0q1 eth0 edu_probe

# The emulated e1000e fails its driver's own test of MSI, below QEMU as well.
printf '\nMSI, and MSI-X\n'
guest_extra=''
run_guest "$kernel" nics,edu-msi,disk,vectors "$disk" "$nic" "$edu"
expect_equal 'network' 'e1000e has an address' "$(section nics)"
expect_equal 'edu' 'msi: 16 of 16, held back: 0' "$(section edu-msi)"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
expect_vectors PCI-MSI edu_probe
expect_vectors PCI-MSIX eth0-rx-0 nvme0q1

expect_equal 'the devices afterwards' "$before" "$(host_state "$disk"; host_state "$nic"; host_state "$edu")"
