#!/usr/bin/env bash
# A guest with an IOMMU of its own reads the whole NVMe disk by DMA that goes through its tables, or past them;
# its kernel takes the IOMMU without a complaint, remaps interrupts by it, and afterwards the device is as it was.
# For each MODE once.
#
#   iommu.sh MODE…    strict, pt (legacy tables), scalable (strict, by tables of PASIDs, two processors); of
#                     interrupts, with pt: xapic (8 bits of destination, two processors), intx (no message: by
#                     our IOAPIC), plain (the same, not remapped by the guest), unmapped (intremap=off: by KVM), wide
#                     (32 bits of destination, two processors of APIC ids 0 and 300)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

complaints='DMAR.*([Ff]ault|[Ff]ail|[Ee]rror|BIOS|[Bb]ug)|ACPI (BIOS )?(Error|Warning|Exception)'
complaints+='|BUG|WARNING:|Call Trace|nvme.*(timeout|reset|abort)'
faults() { dmesg | grep -cE 'DMAR:.*\[DMA' || true; }

# check_remapping MODE KIND   The guest remaps interrupts in this mode of its processors, or not at all (''), and the
# disk's are of this kind.
check_remapping() {
    local kinds
    expect_equal 'the mode in which interrupts are remapped' "$1" \
        "$(sed -nE 's/.*Enabled IRQ remapping in (x2apic|xapic) mode.*/\1/p' "$work/log")"
    kinds=$(section interrupts | grep -oE '(IR-)?(PCI-MSI|IO-APIC)' | sort -u)
    expect_equal "the disk's interrupts" "$2" "$kinds"
}

# check_wide   The second processor, whose APIC id has more than 8 bits, got interrupts of a disk's queue.
check_wide() {
    local counted
    section apics
    expect_equal 'APIC ids' '0 300' "$(section apics | awk '/^apicid/ {print $NF}' | xargs)"
    expect_equal 'SHA-256 of what the second processor read' "$TENON_DISK_CHECKSUM" "$(section apics | tail -n 1)"
    counted=$(section interrupts | awk '{sum += $3} END {print sum + 0}')
    [ "$counted" -gt 0 ] || fail 'the second processor got no interrupt'
    printf 'ok: interrupts of the second processor: %s\n' "$counted"
}

# run_mode MODE
run_mode() {
    local options='--viommu vtd' words='intel_iommu=on,sm_off iommu.passthrough=0 iommu.strict=1' type=DMA scalable=0
    local remapping=x2apic kind=IR-PCI-MSI tests=disk,interrupts,groups,packed-log
    local before faults_before
    case $1 in
        strict) ;;
        pt | xapic | intx | plain | unmapped | wide) words='intel_iommu=on,sm_off iommu.passthrough=1' type=identity ;;
        scalable)
            options='--viommu vtd,mode=scalable --cpus 2'
            words=${words/sm_off/sm_on}
            scalable=1
            ;;
    esac
    case $1 in
        xapic) options+=' --cpus 2' words+=' nox2apic' remapping=xapic ;;
        intx) words+=' pci=nomsi' kind=IR-IO-APIC ;;
        plain) words+=' pci=nomsi intremap=off' remapping='' kind=IO-APIC ;;
        unmapped) options+=,intremap=off remapping='' kind=PCI-MSI ;;
        wide) options+=' --cpus 2,x-apic-step=300' tests=apics,$tests ;;
    esac
    before=$(host_state "$disk")
    faults_before=$(faults)
    TENON_RUN_OPTIONS=$options guest_extra=$words \
        run_guest "$(guest_kernel bzimage)" "$tests" "$disk"
    unpacked log >"$work/log"
    grep -E 'DMAR|iommu' "$work/log"
    check_disk
    if [ "$1" = wide ]; then check_wide; fi
    expect_equal 'messages' 0 "$(grep -c '^tenon: ' "$work/messages" || true)"
    expect_equal 'the IOMMU of the guest' 1 "$(grep -c 'DMAR: IOMMU enabled' "$work/log")"
    if grep -E "$complaints" "$work/log"; then fail 'the guest complains'; fi
    section groups
    section interrupts
    check_remapping "$remapping" "$kind"
    expect_equal 'how the disk is translated' "$type" \
        "$(section groups | awk '$1 ~ /^0000:01:/ {print $2}' | sort -u)"
    expect_equal 'the page of its registers, reserved' 1 \
        "$(grep -cE 'e820: \[mem 0x0*fed90000-0x0*fed90fff\].*reserved' "$work/log")"
    # Scalable mode is a bit of what it says that it can. Source: Intel VT-d specification 4.1, 11.4.3 (SMTS).
    expect_equal 'scalable tables' "$scalable" "$((0x$(sed -nE 's/.*dmar0: .* ecap ([0-9a-f]+).*/\1/p' "$work/log") >> 43 & 1))"
    expect_equal 'faults that the host saw' "$faults_before" "$(faults)"
    expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
}

needs_tenon
bind "$disk"
for mode in "$@"; do
    run_mode "$mode"
done
