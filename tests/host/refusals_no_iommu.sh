#!/usr/bin/env bash
# A host whose IOMMU is off: nothing can be assigned, and the message says what to switch on.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
before=$(host_state "$disk")
refused 1 'without an IOMMU' 'no IOMMU translates its DMA' \
    --kernel "$(guest_kernel bzimage)" --device "$disk"
grep -q 'intel_iommu=on' "$work/flat" || fail 'what to switch on is not said'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
