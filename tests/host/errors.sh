#!/usr/bin/env bash
# The host is told of an error of an assigned network card: the guest's kernel gets it by its port, has the
# driver start the card over, and goes on; or the machine is paused; or the card is taken away.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
card=0000:03:00.0
[ -e /dev/aer_inject ] || fail "this kernel injects no errors"
bind "$card"
before=$(host_state "$card")

inject() { "$(dirname "$0")/aer_inject.py" "$card" "$1"; }

# told PATTERN   The event of the last error is like that.
told() {
    until_so 300 'the error is announced' grep -q '^TENON_DEVICE_ERROR' "$events"
    grep '^TENON_DEVICE_ERROR' "$events" | tail -n 1 >"$work/told"
    cat "$work/told"
    grep -qE -- "$1" "$work/told" || fail "the event is not like '$1'"
}

works() {
    until_so 300 'the card works' in_guest "nics | grep -q 'e1000e has an address'"
    printf 'ok: the guest uses its card\n'
}

start_live --device "$card,id=card"
works
expect_equal 'who serves errors in the guest' 1 \
    "$(in_guest "dmesg | grep -c 'pcieport 0000:00:01.0: AER: enabled'")"

printf '\nThe guest is told, and its driver starts over:\n'
inject nonfatal
told '"guest-told": true.*"severity": "fatal"'
until_so 300 'the guest has recovered' in_guest "dmesg | grep -q 'AER: device recovery successful'"
in_guest "dmesg | grep -E 'AER|e1000e' | tail -n 12"
works
expect_equal 'errors that the guest was told of' 1 \
    "$(in_guest "dmesg | grep -ic 'Uncorrectable (Fatal) error message received from 0000:01:00.0'")"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$card")"

printf '\nThe machine is paused:\n'
start_live --device "$card,id=card,on-error=stop"
works
inject nonfatal
told '"action": "stop"'
expect_equal 'the machine' paused "$(ctl query-status | sed -n 's/.*"status": "\([a-z]*\)".*/\1/p')"
ctl cont
until_so 300 'the guest has recovered' in_guest "dmesg | grep -q 'AER: device recovery successful'"
works
shut_down

printf '\nThe card is taken away:\n'
start_live --device "$card,id=card,on-error=detach"
works
noticed=0
inject nonfatal
told '"action": "detach"'
until_so 300 'the card has gone' happened DEVICE_DELETED card
# shellcheck disable=SC2016  # for the guest
until_so 300 'the guest sees it' in_guest '[ -z "$(endpoints)" ]'
shut_down
expect_equal 'the device at the end' "$before" "$(host_state "$card")"
