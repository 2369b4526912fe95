#!/usr/bin/env bash
# `tenon plan` of every device of the virtual host: with its own driver, and bound to vfio-pci, opened
# or not. Reading must not change the device.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon

# plan STATUS ARGUMENT…   Text for eyes; --json has to be one object with the functions asked for.
plan() {
    local expected=$1 status=0
    shift
    printf '\n$ tenon plan -v %s\n' "$*"
    "$TENON" plan -v "$@" || status=$?
    expect_equal "exit status" "$expected" "$status"
    "$TENON" plan --json "$@" >"$work/json" || true
    python3 -c '
import json, sys
plan = json.load(open(sys.argv[1]))
functions = [f for port in plan["ports"] for f in port["functions"]]
assert functions, "no function"
assert all(f["assignable"] == (sys.argv[2] == "0") for f in functions), "assignable"
assert all(f["capabilities"] for f in functions if f["id"] != "bridge"), "capabilities"
' "$work/json" "$expected" || fail "the JSON is not as it should be"
}

endpoints=(01:00.0 02:00.0 03:00.0 04:00.0 05:00.0 06:00.0)
for address in "${endpoints[@]}"; do plan 1 "$address"; done
bind "${endpoints[@]}"
for address in "${endpoints[@]}"; do
    before=$(host_state "0000:$address")
    plan 0 --no-open "$address"
    plan 0 "$address"
    expect_equal 'the device afterwards' "$before" "$(host_state "0000:$address")"
done

# Two functions share a group: one cannot go while the host's driver has the other.
bind 07:00.1
plan 1 07:00.1
refusal=$("$TENON" plan -v 07:00.1 || true)
grep -q '0000:07:00.0 of the same IOMMU group' <<<"$refusal" || fail "the member is not named"
bind 07:00.0
plan 0 07:00.0
plan 0 07:00.1
