#!/usr/bin/env bash
# What a real kernel says of ATS, through both of its interfaces, and what comes of it: in plans, in a guest of
# Tenon's, and in one of QEMU's beside it.
#
#   ats.sh supported|unsupported|group [guests]
#
# The word says what the kernel reports of the virtio functions at 05:00.0 and 06:00.0; group: it has no iommufd.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
needs_tenon
verdict=$1
net=0000:05:00.0

bind "$net" 0000:06:00.0

# ats_of DEVICE…   What a plan says of ATS: assignable, the host's answer (cut at a colon), seen or not, warned.
ats_of() {
    "$TENON" plan --json "$@" >"$work/plan" 2>"$work/error" || [ $? -eq 1 ] || fail "$(cat "$work/error")"
    python3 -c '
import json, sys
plan = json.load(open(sys.argv[1]))
for port in plan["ports"]:
    for one in port["functions"]:
        host = [p["host"] for p in one["properties"] if p["name"] == "ats"][0]
        seen = any(c["id"] == "0xf" and c["list"] == "extended" and c["guest_offset"] for c in one["capabilities"])
        warned = any("ATS" in w for w in one["warnings"])
        print("yes" if one["assignable"] else "no", host.split(":")[0], "seen" if seen else "hidden",
              "warned" if warned else "silent")
' "$work/plan"
}

group='yes unknown seen silent'
case $verdict in
    supported)
        auto='yes supported seen silent' on='yes supported seen silent' lax=$on old=$on ;;
    unsupported)
        auto='yes unsupported hidden warned' on='no unsupported seen silent'
        lax='yes unsupported seen warned' old=$lax ;;
    group) auto=$group on=$group lax=$group old=$group ;;
esac
for device in "$net" 0000:06:00.0; do
    expect_equal "ats=auto of $device" "$auto" "$(ats_of "$device")"
    expect_equal "ats=on of $device" "$on" "$(ats_of "$device,ats=on")"
    expect_equal "ats=on,x-ats-strict=off of $device" "$lax" "$(ats_of "$device,ats=on,x-ats-strict=off")"
    expect_equal "--machine qemu-11.0 of $device" "$old" "$(ats_of --machine qemu-11.0 "$device")"
    expect_equal "ats=off of $device" "yes hidden silent" "$(ats_of "$device,ats=off" | cut -d' ' -f 1,3,4)"
    expect_equal "iommu=group of $device" "$group" "$(ats_of "$device,iommu=group")"
done
"$TENON" plan --json "$net,iommu=group" >"$work/plan"
grep -q 'the group interface of VFIO does not tell' "$work/plan" || fail "the plan does not say why it is unknown"
bind "$disk"
for interface in group auto; do
    expect_equal "ats=on of a disk without ATS, iommu=$interface" no \
        "$(ats_of "$disk,iommu=$interface,ats=on" | cut -d' ' -f 1)"
done
[ "${2:-}" = guests ] || exit 0

# sees   Whether the guest's lspci showed ATS.
sees() {
    section function >"$work/function"
    if grep -q 'Address Translation Service' "$work/function"; then echo seen; else echo hidden; fi
}

run_guest "$(guest_kernel bzimage)" function "$net"
expect_equal 'ATS in the guest of Tenon' "$(cut -d' ' -f 3 <<<"$auto")" "$(sees)"
if [ "$verdict" = unsupported ]; then
    ! "$TENON" run --kernel "$(guest_kernel bzimage)" --device "$net,ats=on" 2>"$work/refused" ||
        fail "ats=on started"
    grep -q 'ATS is asked for' "$work/refused" || fail "ats=on: $(cat "$work/refused")"
fi

expect_equal 'ats=on of a disk without ATS, by its group, below QEMU' starts "$(qemu_starts "$disk,iommu=group,ats=on")"
! grep 'ATS' "$work/qemu" || fail 'QEMU says something of it: docs/users/ats-pasid.md says that it does not'
if [ "$verdict" = unsupported ]; then
    # By iommufd the kernel calls the ATS of a function that has none unsupported, too.
    for device in "$net" "$disk"; do
        expect_equal "ats=on of $device below QEMU" fails "$(qemu_starts "$device,ats=on")"
        grep -q 'ATS requested but not supported by kernel' "$work/qemu" || fail "QEMU: $(cat "$work/qemu")"
    done
fi
run_guest_qemu "$(guest_kernel bzimage)" function "$net"
expect_equal 'ATS in the guest of QEMU' "$(cut -d' ' -f 3 <<<"$auto")" "$(sees)"
