#!/usr/bin/env bash
# A running guest is sealed: every thread of it has no right but its own filter's, whatever is done to it meanwhile.
#
#   sealed.sh auto|full     how much of it (auto)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
# What ended a thread stands there.
trap 'cat "$work/messages" || true; end_live; rm -rf "$work"' EXIT
level=${1:-auto}
no_opener() { ! pgrep -x tenon-opener >/dev/null; }

bind "$disk"
before=$(host_state "$disk")
if [ "$level" = full ]; then
    start_live --seal=full --device "$disk,id=disk1"
else
    # Nothing is said of it: it is the default.
    start_live --port rp1
fi
check_sealed 'At the start'
openers=0
[ "$level" = full ] || openers=1
expect_equal 'processes that open nodes' "$openers" "$(pgrep -cx tenon-opener || true)"
for opener in $(pgrep -x tenon-opener); do
    for line in CapInh CapPrm CapEff CapBnd CapAmb; do
        expect_equal "$line of who opens nodes" 0000000000000000 "$(sed -n "s/^$line:[[:space:]]*//p" "/proc/$opener/status")"
    done
    expect_equal 'Seccomp of who opens nodes' 2 "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$opener/status")"
done
if [ "$level" = full ]; then
    status=0
    ctl device_add driver=vfio-pci host=0000:02:00.0 id=card1 >"$work/refused" 2>&1 || status=$?
    expect_equal 'status of a plug by address' 1 "$status"
    grep -q 'sealed and opens no device' "$work/refused" || fail "it does not say why: $(cat "$work/refused")"
else
    plug "$disk" disk1 bus=rp1
fi
check_guest_disk
ctl stop
ctl cont
check_sealed 'With a disk'
# A reset by the guest: the kernel is loaded again, and processors are new threads.
heard=$(wc -l <"$console")
ctl system_reset
until_so 600 'the guest is ready again' said ready
check_guest_disk
check_sealed 'After a reset'
[ "$level" = full ] || unplug disk1
shut_down
! grep -q 'sealed: the thread' "$work/messages" || fail 'a thread was ended by its filter'
[ ! -e "$socket" ] || fail 'the control socket is left over'
until_so 60 'who opens nodes has ended' no_opener
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"

# Without the seal nothing is given up.
start_live --seal=off
expect_equal 'Seccomp of all threads, off' 0 "$(values_of Seccomp)"
expect_equal 'NoNewPrivs of all threads, off' 0 "$(values_of NoNewPrivs)"
shut_down
