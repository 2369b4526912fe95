#!/usr/bin/env bash
# A plan of a capture is the plan of the device: `tenon capture` of every function of the virtual host,
# those that can be bound to vfio-pci opened, then `tenon plan` of the capture against that of the
# function. Only the source may differ, and what is of the host that runs the guest.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
compare='
import json, sys
def functions(path):
    plan = json.load(open(path))
    for port in plan["ports"]:
        for function in port["functions"]:
            function["source"] = None
    plan["guest"]["physical_bits"] = None
    plan["interrupts"] = None
    plan["dma"] = None  # Not of the device, but of who would run the guest.
    return plan
live, captured = map(functions, sys.argv[1:])
assert live == captured, "the plans differ:\n" + json.dumps(live) + "\n" + json.dumps(captured)
'

# compare_plans ADDRESS OPTION…   The plan of the function against that of its capture.
compare_plans() {
    local address=$1 live=0 captured=0
    shift
    "$TENON" capture "$@" -o "$work/capture.json" "$address" 2>"$work/notes" || {
        cat "$work/notes"
        fail "tenon capture $* $address"
    }
    "$TENON" plan --json "$@" "$address" >"$work/live" || live=$?
    "$TENON" plan --json "$work/capture.json" >"$work/captured" || captured=$?
    expect_equal "exit status of the plan of $address $*" "$live" "$captured"
    python3 -c "$compare" "$work/live" "$work/captured" || fail "$address $*"
    "$TENON" plan --emit lspci "$@" "$address" >"$work/live" 2>/dev/null || true
    "$TENON" plan --emit lspci "$work/capture.json" >"$work/captured" 2>/dev/null || true
    cmp "$work/live" "$work/captured" || fail "the views of $address $*"
    "$TENON" diff "$@" "$address" "$work/capture.json" >"$work/diff" || {
        cat "$work/diff"
        fail "tenon diff finds $address $* different from its capture"
    }
}

endpoints=(01:00.0 02:00.0 03:00.0 04:00.0 05:00.0 06:00.0 07:00.0 07:00.1)
# The virtual host has no /dev/fd for a process substitution.
ls /sys/bus/pci/devices >"$work/all"
mapfile -t all <"$work/all"
for address in "${all[@]}"; do compare_plans "$address"; done
"$TENON" list
bind "${endpoints[@]}"
for address in "${endpoints[@]}"; do
    compare_plans "$address" --no-open
    compare_plans "$address"
    grep -q '"vfio": {$' "$work/capture.json" || fail "the capture of $address has nothing of VFIO"
    ! grep -A1 '"vfio": {' "$work/capture.json" | grep -q unknown || fail "$address was not opened"
done
"$TENON" list
"$TENON" list --json >"$work/list"
python3 -c '
import json, sys
functions = json.load(open(sys.argv[1]))["functions"]
assert len(functions) == int(sys.argv[2]), "not every function is listed"
assert {f["address"][5:] for f in functions if f["assignable"]} >= set(sys.argv[3:]), "assignable"
' "$work/list" "${#all[@]}" "${endpoints[@]}" || fail "tenon list"
printf 'ok: %s functions, %s of them opened\n' "${#all[@]}" "${#endpoints[@]}"
