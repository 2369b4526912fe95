#!/usr/bin/env bash
# PASID of a function whose IOMMU takes it: width and permissions as the kernel tells, the capability in the guest
# where the plan puts it, and a guest's write that does not reach the device. The same below QEMU beside it.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
needs_tenon
function=${disk#0000:}

# ATS, then PASID at 110; at the end of the space registers that no capability owns.
overlay_config "$function@exp+24=200000/200000/0,$function@ff8=0/ffffffff/ffffffff,$function@ffc=0/ffffffff/ffffffff" \
    "$function@100=ats,$function@110=pasid"
bind "$disk"

# plan_field EXPRESSION PLAN-ARGUMENT…   Of the one function of a plan, as Python sees it: `f`.
plan_field() {
    "$TENON" plan --json "${@:2}" 2>"$work/error" >"$work/plan" || [ $? -eq 1 ] || fail "$(cat "$work/error")"
    python3 -c 'import json, sys
f = json.load(open(sys.argv[1]))["ports"][0]["functions"][0]
print(eval(sys.argv[2]))' "$work/plan" "$1"
}
pasid='" ".join(str(v) for v in f["pasid"].values()) if f["pasid"] else "none"'

expect_equal 'PASID as the kernel tells' "20 True True" \
    "$(plan_field '" ".join(str(v) for v in f["host_facts"]["pasid"].values())' "$disk")"
expect_equal 'PASID without an IOMMU of the guest' none "$(plan_field "$pasid" "$disk")"
expect_equal 'PASID, as wide as the guest takes it' '0x110 16 True True' \
    "$(plan_field "$pasid" --viommu pasid=16 "$disk")"
expect_equal 'PASID where the user puts it' '0x200 20 True True' \
    "$(plan_field "$pasid" --viommu pasid "$disk,pasid-offset=0x200")"
expect_equal 'PASID through the group interface' none "$(plan_field "$pasid" --viommu pasid "$disk,iommu=group")"
expect_equal 'PASID that is asked for there' False \
    "$(plan_field 'f["assignable"]' --viommu pasid "$disk,iommu=group,pasid=on")"
expect_equal 'PASID inside ATS' False "$(plan_field 'f["assignable"]' --viommu pasid "$disk,pasid-offset=0x104")"
grep -q 'Address Translation' "$work/plan" || fail 'the plan does not name the capability in the way'
"$TENON" capture -o "$work/capture.json" "$disk" 2>/dev/null
expect_equal 'the place in a capture' '0x110' \
    "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["functions"][0]["pasid_offset"])' "$work/capture.json")"
expect_equal 'the plan of the capture' '0x110 16 True True' \
    "$(plan_field "$pasid" --viommu pasid=16 "$work/capture.json")"

# seen_from_the_host LINE   The physical bytes while the guest waits.
# shellcheck disable=SC2317  # called by follow_steps
seen_from_the_host() {
    echo "$1: own $(setpci -s "$disk" 116.w), end $(setpci -s "$disk" ffe.w)"
}

# physical LINE   Own PASID Control and the bytes at the end of the space, as the host saw them then.
physical() { sed -n "s/^$1.*: own \(.*\), end \(.*\)/\1 \2/p" "$work/steps"; }

# A guest writes what a PASID Control at the end of the space would take, and the hidden own one.
raw='pasid,writes tenon.writes=116.w=0000,ffe.w=0001'
expect_equal 'physical bytes before' '0007 0000' "$(setpci -s "$disk" 116.w ffe.w | xargs)"
follow_steps '\(pasid: enabled\|writes: done\)' seen_from_the_host
# Until the guest has ended.
(listen && wait "$listener") &
listening=$!
TENON_RUN_OPTIONS="--viommu pasid=16 --control $socket" run_guest "$(guest_kernel bzimage)" "$raw" "$disk"
end_steps
wait "$listening" || fail "the listener: $(cat "$events")"
section pasid | tee "$work/guest"
grep -q 'Capabilities: \[110 v1\] Process Address Space ID' "$work/guest" || fail 'not where it was planned'
grep -q 'PASIDCap: Exec+ Priv+, Max PASID Width: 10' "$work/guest" || fail 'not as wide as planned'
grep -q '^pasid: enabled 00071006$' "$work/guest" || fail 'the guest did not enable it'
grep -q '^after a reset 00001006$' "$work/guest" || fail 'a reset did not clear it'
# The host's own kernel has set 0007; the guest had written 0001, then 0000.
expect_equal 'physical bytes while the guest has PASID enabled' '0007 0000' "$(physical 'pasid: enabled')"
expect_equal 'physical bytes after writes past it, below Tenon' '0007 0000' "$(physical 'writes: done')"
grep -q 'the guest switched PASID on' "$work/messages" || fail 'the warning did not come'
switches=$(sed -n 's/^TENON_DEVICE_TRANSLATION //p' "$events")
printf '%s\n' "$switches"
expect_equal 'PASID, as events have it' '{"capability": "pasid", "enabled": true, "execute": true, "privileged": true}
{"capability": "pasid", "enabled": false, "execute": false, "privileged": false}' \
    "$(python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    assert event.pop("device") and event.pop("path")
    event.pop("count", None)
    if event["capability"] == "pasid": print(json.dumps(event))' <<<"$switches")"

# The same writes below QEMU. It shows PASID only before an emulated IOMMU with first-stage translation, for
# which the IOMMU below has to nest; the emulated one does not, and QEMU says so.
bind "$disk"
viommu=intel-iommu,intremap=on,scalable-mode=on,pasid-bits=20
expect_equal 'QEMU with first-stage translation (if it starts, compare what it shows)' fails \
    "$(qemu_starts "$disk" -device "$viommu,fsts=on")"
grep -q 'Failed to allocate hwpt' "$work/qemu" || fail "QEMU: $(cat "$work/qemu")"
# One that takes PASIDs without that: QEMU does not look at the offset, which is inside ATS.
expect_equal 'QEMU with an offset inside ATS' starts \
    "$(qemu_starts "$disk,x-vpasid-cap-offset=0x104" -device "$viommu,caching-mode=on")"
! grep -i 'pasid' "$work/qemu" || fail 'QEMU says something of the offset: docs/users/ats-pasid.md says that it does not'
expect_equal 'physical bytes before QEMU' '0007 0000' "$(setpci -s "$disk" 116.w ffe.w | xargs)"
follow_steps 'writes: done' seen_from_the_host
run_guest_qemu "$(guest_kernel bzimage)" "${raw#pasid,}" "$disk"
end_steps
expect_equal 'physical bytes after the same writes, below QEMU' '0000 0001' "$(physical 'writes: done')"
