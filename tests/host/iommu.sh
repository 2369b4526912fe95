#!/usr/bin/env bash
# A guest with an IOMMU of its own reads the whole NVMe disk by DMA that goes through its tables, or past them;
# its kernel takes the IOMMU without a complaint, and afterwards the device is as it was.
#
#   iommu.sh strict|pt

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

case $1 in
    strict) words='iommu.passthrough=0 iommu.strict=1' type=DMA ;;
    pt) words='iommu.passthrough=1' type=identity ;;
esac
complaints='DMAR.*([Ff]ault|[Ff]ail|[Ee]rror|BIOS|[Bb]ug)|ACPI (BIOS )?(Error|Warning|Exception)'
complaints+='|BUG|WARNING:|Call Trace|nvme.*(timeout|reset|abort)'

needs_tenon
bind "$disk"
before=$(host_state "$disk")
faults() { dmesg | grep -cE 'DMAR:.*\[DMA' || true; }
faults_before=$(faults)
TENON_RUN_OPTIONS='--viommu vtd' guest_extra="intel_iommu=on,sm_off $words" \
    run_guest "$(guest_kernel bzimage)" disk,interrupts,groups,packed-log "$disk"
unpacked log >"$work/log"
grep -E 'DMAR|iommu' "$work/log"
check_disk
expect_equal 'messages' 0 "$(grep -c '^tenon: ' "$work/messages" || true)"
expect_equal 'the IOMMU of the guest' 1 "$(grep -c 'DMAR: IOMMU enabled' "$work/log")"
if grep -E "$complaints" "$work/log"; then fail 'the guest complains'; fi
section groups
expect_equal 'how the disk is translated' "$type" \
    "$(section groups | awk '$1 ~ /^0000:01:/ {print $2}' | sort -u)"
expect_equal 'faults that the host saw' "$faults_before" "$(faults)"
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
