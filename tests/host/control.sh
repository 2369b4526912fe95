#!/usr/bin/env bash
# A guest is controlled from outside: paused, looked at, reset, ended, its power button pressed; by `tenon
# ctl`, and by clients that do all of it wrong.
#
#   control.sh

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
socket=$work/control
bind "$disk"
before=$(host_state "$disk")

ctl() { timeout 600 "$TENON" ctl "$socket" "$@"; }

# start   A guest that says the time, in the background; what it does is in $console.
start() {
    : >"$console"
    "$TENON" run --kernel "$(guest_kernel bzimage)" --initrd "$TENON_GUEST_INITRD" --memory 256M \
        --append "$(guest_words clock)" --device "$disk" --control "$socket" \
        </dev/null >"$console" 2>"$work/messages" &
    guest=$!
    until_said 2
}

said() { grep -c '^clock: ' "$console" || true; }

# until_said COUNT   Waits until the guest has said the time COUNT times.
until_said() {
    local deadline=$((SECONDS + 600))
    while [ "$(said)" -lt "$1" ]; do
        [ "$SECONDS" -lt "$deadline" ] || {
            tail -n 20 "$console" "$work/messages"
            fail "the guest did not say the time $1 times"
        }
        sleep 0.2
    done
}

# expect_end STATUS   The guest's program ends by itself, with this exit status.
expect_end() {
    local status=0
    wait "$guest" || status=$?
    expect_equal 'exit status of the guest' "$1" "$status"
}

status_of() { ctl query-status | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'; }

start
python3 "$(dirname "$0")/control_events.py" "$socket" >"$work/events" 2>&1 &
listener=$!
until_so 300 'somebody listens to events' grep -q LISTENING "$work/events"
until_said 3
expect_equal 'the guest' running "$(status_of)"
ctl stop
expect_equal 'the guest' paused "$(status_of)"
count=$(said)
sleep 3
expect_equal 'words of a paused guest' "$count" "$(said)"
ctl cont
until_said $((count + 2))
expect_equal 'the guest' running "$(status_of)"

# What the guest has, against what its own kernel says of the same.
ctl query-pci >"$work/pci"
python3 - "$work/pci" "$console" <<'END_OF_CHECK'
import json, re, sys
devices = json.load(open(sys.argv[1]))[0]["devices"]
port = next(device for device in devices if "pci_bridge" in device)
function, = port["pci_bridge"]["devices"]
resource = re.search(r"^clock: .* bar (\w+)", open(sys.argv[2]).read(), re.M).group(1)
found = function["regions"][0]["address"]
assert found == int(resource, 16), (hex(found), resource)
assert function["tenon"]["assignable"] and function["tenon"]["capabilities"], function["tenon"]
assert function["qdev_id"] == function["tenon"]["id"]
print(f"ok: the guest's BAR 0 and that of query-pci: {resource}")
END_OF_CHECK

# Those who do it wrong do not disturb the guest.
python3 "$(dirname "$0")/control_abuse.py" "$socket"
status=0
ctl none >"$work/out" 2>"$work/err" || status=$?
expect_equal 'exit status for an unknown command' 1 "$status"
grep -q 'CommandNotFound: the command none is not known' "$work/err" || fail "$(cat "$work/err")"
expect_equal 'the guest' running "$(status_of)"

# A file that never ends, or waits for its other end, holds neither hot-plug nor the clients: a sealed machine does
# not open it.
mkfifo "$work/rom"
for rom in "$work/rom" /dev/kmsg /etc/passwd; do
    status=0
    ctl device_add driver=vfio-pci "host=$disk" "rom=$rom" >"$work/out" 2>"$work/err" || status=$?
    expect_equal "exit status for $rom" 1 "$status"
    grep -q 'Permission denied.* is sealed and opens no file' <(tr -s '\n ' ' ' <"$work/err") || fail "$(cat "$work/err")"
done
# Devices by names of any kind: none of them leads to a call that its thread may not make.
for name in . .. ./ ../.. . / /sys/bus/pci/devices /sys/bus/pci/devices/0000:00:00.0 /proc/self/fd /dev/kmsg "$work/rom" \
    "$work" ./none fd=0 fd=5 fd=99 ff:1f.7 '' a/../b; do
    status=0
    ctl device_add driver=vfio-pci "host=$name" >"$work/out" 2>"$work/err" || status=$?
    expect_equal "exit status for a device '$name'" 1 "$status"
done
expect_equal 'the guest' running "$(status_of)"

ctl system_reset
until_said $(($(said) + 3))
expect_equal 'starts of the guest' 2 "$(grep -c '^@@clock begin' "$console")"
ctl quit
expect_end 1
wait "$listener" || fail "the listener: $(cat "$work/events")"
expect_equal 'events' 'LISTENING
STOP
RESUME
RESET {"guest": false, "reason": "host-qmp-system-reset"}
SHUTDOWN {"guest": false, "reason": "host-qmp-quit"}' "$(cat "$work/events")"
[ ! -e "$socket" ] || fail 'the socket is still there'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"

# A signal ends a guest with a control socket as it ends one without.
start
kill -TERM "$guest"
expect_end 1
grep -q 'the guest was ended from outside' "$work/messages" || fail "$(cat "$work/messages")"
[ ! -e "$socket" ] || fail 'the socket is still there'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"

# A path that is taken.
touch "$work/file"
status=0
"$TENON" run --kernel "$(guest_kernel bzimage)" --device "$disk" --control "$work/file" 2>"$work/err" || status=$?
cat "$work/err"
expect_equal 'exit status for a path that is taken' 1 "$status"
grep -q 'there is something at this path already' "$work/err" || fail 'the message does not say why'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"

if grep -q '^CONFIG_ACPI_BUTTON=[ym]' "$(dirname "$TENON_GUEST_BZIMAGE")/config" 2>/dev/null ||
    [ -z "${TENON_GUEST_VMLINUX:-}" ]; then
    start
    ctl system_powerdown
    expect_end 0
    grep -q 'clock: the power button' "$console" || fail 'the guest ended for another reason'
    expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
fi
