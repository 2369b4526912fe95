#!/usr/bin/env bash
# An error that the host's kernel takes for fatal: it resets the bus above the card before it tells, and what was
# in the card's registers is gone. The guest's driver starts the card over. And a card that vanishes from its slot on
# the host: the guest meets nothing there, and the card is taken away from it.
#
# The power of its slot is switched off in the port's registers, which no driver of the host serves here: nobody else
# notices.

# shellcheck disable=SC2016  # what is for the guest is not for this shell
set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
card=0000:03:00.0
port=$(basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$card")")")
[ -e /dev/aer_inject ] || fail "this kernel injects no errors"
bind "$card"
before=$(host_state "$card")

# told PATTERN   The event of the last error is like that.
told() {
    until_so 60 'the error is announced' grep -q '^TENON_DEVICE_ERROR' "$events"
    grep '^TENON_DEVICE_ERROR' "$events" | tail -n 1 >"$work/told"
    cat "$work/told"
    grep -qE -- "$1" "$work/told" || fail "the event is not like '$1'"
}

works() {
    until_so 120 'the card works' in_guest "nics | grep -q 'e1000e has an address'"
    printf 'ok: the guest uses its card\n'
}

printf 'Fatal for the host:\n'
start_live --device "$card,id=card"
works
"$(dirname "$0")/aer_inject.py" "$card" fatal
told '"guest-told": true.*"severity": "fatal"'
until_so 60 'the guest has recovered' in_guest "dmesg | grep -q 'AER: device recovery successful'"
dmesg | grep -E "$port|$card" | tail -n 12
in_guest "dmesg | grep -E 'AER|e1000e' | tail -n 12"
works
expect_equal 'that the host took it for fatal' 1 "$(dmesg | grep -ciE "$card.*severity=Uncorrectable \(Fatal\)")"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$card")"

printf '\nThe card vanishes:\n'
start_live --device "$card,id=card"
works
expect_equal 'who serves hot-plug of the port' '' "$(find /sys/bus/pci_express/drivers/pciehp -name "$port:*")"
noticed=$(wc -l <"$events")
# Power Controller Control off, Power Indicator off. Source: PCIe Base Spec 6.0, 7.5.3.10.
setpci -s "$port" CAP_EXP+18.w=0700:0700
expect_equal 'ids of the card on the host' ffff:ffff "$(setpci -s "$card" VENDOR_ID):$(setpci -s "$card" DEVICE_ID)"
expect_equal 'Device Status as the guest reads it' ffff "$(in_guest 'setpci -s 01:00.0 CAP_EXP+a.w')"
told '"kind": "lost"'
until_so 60 'it has gone' happened DEVICE_DELETED card
until_so 60 'the guest sees it' in_guest '[ -z "$(endpoints)" ]'
in_guest 'echo the guest goes on'
shut_down
grep -F 'answers no more: it is taken away from the guest' "$work/messages" || fail 'no word of it'
