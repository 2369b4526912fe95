#!/usr/bin/env bash
# A guest below a root port reads the whole NVMe disk by DMA, counts its interrupts and resets the machine;
# afterwards the device is as it was.
#
#   nvme.sh iommufd|group|auto vmlinux|bzimage

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
# With --no-reboot, as there, a reset ends it with status 3.
guest_status=3 run_guest "$(guest_kernel "$2")" disk,interrupts,reboot "$disk,iommu=$1"
check_disk
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
