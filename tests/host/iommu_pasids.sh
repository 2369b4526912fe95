#!/usr/bin/env bash
# A guest's driver gives two PASIDs of a function a page table each: DMA by each lands in its own pages, follows what
# is mapped and unmapped, and reaches nothing by a PASID that nobody attached; where the host walks the guest's tables, one
# is of a process. The plan says so before. For each MODE once.
#
#   iommu_pasids.sh scalable|nested MODE…    the tables that the plan is to choose; strict, pt: how requests without a
#                                            PASID are translated

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
function=0000:08:00.0
declare -A chosen=(
    [scalable]='tables of PASIDs, or legacy ones, as the guest chooses: the host attaches PASIDs, and does not nest tables'
    [nested]='first-stage tables of PASIDs, which the host.s IOMMU walks, or legacy ones, as the guest chooses: the host nests tables'
)
tables=$1
shift
complaints='DMAR.*([Ff]ail|[Ee]rror|BIOS|[Bb]ug)|ACPI (BIOS )?(Error|Warning|Exception)|BUG|WARNING:|Call Trace'
reached='7: A, 9: B; 9 wrote C: A C; 11: refused; unmapped: refused, mapped: C, unmapped again: refused; '
reached+='7 detached: refused, 9 moved: A; process: '
declare -A shared=([scalable]='not shared' [nested]='S, wrote P: P, unmapped: refused')

# rows   NAME: EFFECT of each property of the machine and of the function.
rows() {
    "$TENON" plan --json "$@" 2>"$work/error" >"$work/plan" || [ $? -eq 1 ] || fail "$(cat "$work/error")"
    python3 -c 'import json, sys
plan = json.load(open(sys.argv[1]))
for row in plan["properties"] + plan["ports"][0]["functions"][0]["properties"]:
    print(row["name"] + ": " + row["effect"])' "$work/plan"
}

# run_mode MODE
run_mode() {
    local words='intel_iommu=on,sm_on iommu.strict=1 iommu.passthrough=0' before pasid
    [ "$1" = strict ] || words=${words/%0/1}
    before=$(host_state "$function") disk_before=$(host_state "$disk")
    dmesg -C
    TENON_RUN_OPTIONS='--viommu vtd' guest_extra=$words \
        run_guest "$(guest_kernel bzimage)" pasids,groups,disk,interrupts,packed-log "$function" "$disk"
    unpacked log >"$work/log"
    grep -E 'DMAR|iommu' "$work/log"
    expect_equal 'what PASIDs reached' "$reached${shared[$tables]}" "$(section pasids)"
    if grep -E "$complaints" "$work/log"; then fail 'the guest complains'; fi
    dmesg | grep DMAR | head -n 12
    # Who has walked, as the host's log tells it.
    [ "$tables" = scalable ] || dmesg | grep -q 'PASID 0x7\].*first-level paging entry' || fail "the host has not walked the guest's tables"
    for pasid in 0xb 0x7; do
        dmesg | grep -qF "PASID $pasid] Request device [$function]" || fail "the host's log has no fault of PASID $pasid"
    done
    check_disk
    expect_equal 'the device afterwards' "$before" "$(host_state "$function")"
    expect_equal 'the disk afterwards' "$disk_before" "$(host_state "$disk")"
}

needs_tenon
bind "$function" "$disk"
rows --viommu vtd "$function" >"$work/rows"
grep -E '^(viommu|pasid)' "$work/rows"
grep -qx "viommu-mode: ${chosen[$tables]}" "$work/rows" || fail "the plan does not choose $tables tables"
grep -q '^viommu-pasid: 20 bits: as many as the host attaches' "$work/rows" || fail 'the plan has no PASIDs'
grep -q "^pasid: .*usable through the guest's IOMMU" "$work/rows" || fail 'the plan does not let them be used'
rows --viommu vtd,mode=legacy "$function" >"$work/rows"
grep -q '^pasid: not shown: .*legacy tables' "$work/rows" || fail 'the plan lets legacy tables name PASIDs'
for mode in "$@"; do
    run_mode "$mode"
done
