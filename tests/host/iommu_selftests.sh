#!/usr/bin/env bash
# Linux's own tests of VFIO pass in a guest that assigns a device itself: the igb that it has from us, behind its IOMMU. They
# map and unmap, move memory by the device's DMA, and wait for its messages.
#
#   iommu_selftests.sh short|all   short: by iommufd alone, and one each of moving memory and of moving what is not mapped

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
function=0000:02:00.0
words=
if [ "$1" = short ]; then
    words=-T,init_remove,-T,memcpy_success,-T,memcpy_to_unmapped_iova,-T,send_msi,-T,memcpy_storm
    words+=,-f,vfio_pci_irq_test,-f,vfio_pci_device_test,-v,iommufd
fi

needs_tenon
bind "$function"
before=$(host_state "$function")
dmesg -C
guest_limit=1500
TENON_RUN_OPTIONS='--viommu vtd' guest_memory=2G \
    guest_extra="intel_iommu=on iommu.strict=1 iommu.passthrough=0 tenon.selftests=$words" \
    run_guest "$(guest_kernel bzimage)" selftests,packed-log "$function"
section selftests
unpacked log | grep -E 'DMAR|vfio' || true
dmesg | tail -n 20
! section selftests | grep -q 'not ok' || fail 'a test did not pass'
expect_equal 'programs that ended well' 3 "$(section selftests | grep -c ': status 0,')"
expect_equal 'the device afterwards' "$before" "$(host_state "$function")"
