#!/usr/bin/env bash
# The lab's own tools work: what is laid over configuration space is seen by lspci, by the IOMMU's driver and
# by VFIO, takes writes as a register would, and is reset with the function; a guest (below QEMU) asks for
# AtomicOps and takes MSI-X vectors. Tells a broken lab from a broken program.
#
#   lab_overlay.sh [no-guest]

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317  # called by follow_steps
seen_from_the_host() {
    echo "$1, vectors on the host: $(grep -c vfio-msix /proc/interrupts)"
}

function=${disk#0000:}
! lspci -vvv -s "$disk" 2>/dev/null | grep -q 'Process Address Space' || fail "the NVMe has PASID before"
overlay_config "00:02.0@exp+24=3c0/3c0/0,$function@exp+24=380/380/0" \
    "$function@100=pasid,$function@110=ats,$function@120=pri"
lspci -vvv -s "$disk" 2>/dev/null >"$work/lspci"
for shown in 'Process Address Space ID (PASID)' 'Address Translation Service (ATS)' \
    'Page Request Interface (PRI)' 'AtomicOpsCap: 32bit+ 64bit+ 128bitCAS+'; do
    grep -qF "$shown" "$work/lspci" || {
        cat "$work/lspci"
        fail "lspci does not show $shown"
    }
done
expect_equal 'PASID Enable, set by the driver of the IOMMU' 1 \
    $((0x$(setpci -s "$disk" ECAP_PASID+6.w) & 1))
[ "$(overlay_value "$function@104" writes)" -gt 0 ] || fail "no write to PASID was counted"

setpci -s "$disk" 100.l=ffffffff 12c.l=12345678
expect_equal 'a register that is read-only' "$(overlay_value "$function@100" reset)" \
    "$(setpci -s "$disk" 100.l)"
expect_equal 'the write to it, as recorded' ffffffff "$(overlay_value "$function@100" last)"
expect_equal 'a register that is writable' 12345678 "$(setpci -s "$disk" 12c.l)"
echo 1 >"/sys/bus/pci/devices/$disk/reset"
expect_equal 'the same after a reset of the function' 00000000 "$(setpci -s "$disk" 12c.l)"

bind "$disk"
"$TENON" capture "$disk" -o "$work/capture.json" 2>/dev/null
python3 -c '
import json, sys
function = json.load(open(sys.argv[1]))["functions"][0]
assert function["vfio"]["atomic_completer"] == "0x7", function["vfio"]["atomic_completer"]
pasid = function["iommu"]["pasid"]
if sys.argv[2] == "iommufd":
    assert pasid == {"width": 20, "execute": True, "privileged": True}, pasid
    assert function["iommu"]["ats"] is True, function["iommu"]["ats"]
' "$work/capture.json" "$([ -e /dev/iommu ] && echo iommufd || echo group)" ||
    fail "what VFIO and the IOMMU say"
[ "${1:-}" != no-guest ] || exit 0

bind 07:00.0 07:00.1
follow_steps msix: seen_from_the_host
run_guest_qemu "$(guest_kernel bzimage)" places,atomics,msix,interrupts "$disk,port=port1" \
    0000:07:00.1,port=port2,function=3 0000:07:00.0,port=port2,function=0 -- -smbios type=0
end_steps
expect_equal 'vectors on the host that three requests take' 3 $((
    $(sed -n 's/^msix: requested 2, .*: //p' "$work/steps") - $(sed -n 's/^msix: open, .*: //p' "$work/steps")))
section places >"$work/places"
[ "$(wc -l <"$work/places")" = 3 ] || fail "the guest does not see three functions: $(cat "$work/places")"
expect_equal 'the port of functions 0 and 3' "$(printf '0 0000:00:02.0\n3 0000:00:02.0')" \
    "$(sed -n 's/^.*:00\.\([03]\) 0000:00:02/\1 0000:00:02/p' "$work/places" | sort)"
section atomics
expect_equal 'questions about AtomicOps' 12 "$(section atomics | grep -c ', DEVCTL2 ')"
section msix
expect_equal 'steps with MSI-X' 'msix: begin msix: open msix: requested 0 msix: requested 1 msix: requested 2 msix: freed 1 msix: requested 1 again msix: closed' \
    "$(section msix | grep '^msix:' | xargs)"
