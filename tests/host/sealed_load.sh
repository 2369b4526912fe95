#!/usr/bin/env bash
# A guest that is all sealed, under load for long: interrupts, a disk that comes by its open files and goes, errors of a
# card, pauses and resets. A call that no filter allows would end it.
#
#   sealed_load.sh SECONDS     of which TENON_SOAK_PERCENT are taken

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
limit=$(soak_part "$1")
card=0000:03:00.0
bind "$disk" "$card"
before=$(host_state "$disk")
start_live --seal=full --port rp1 --device "$card,id=card" --cpus 2
reads='while dd if=/dev/nvme0n1 of=/dev/null bs=4k iflag=direct 2>/dev/null; do :; done &'
end=$((SECONDS + limit)) cycle=0
while [ "$cycle" -eq 0 ] || [ "$SECONDS" -lt "$end" ]; do
    cycle=$((cycle + 1))
    "$(dirname "$0")/plug_file.py" "$socket" "$disk" "disk$cycle" rp1
    check_guest_disk
    in_guest "$reads"
    "$(dirname "$0")/aer_inject.py" "$card" nonfatal
    until_so 300 'the card works' in_guest "nics | grep -q 'e1000e has an address'"
    ctl stop
    ctl cont
    sleep "$(random_of 5000)"
    if [ $((cycle % 3)) -eq 0 ]; then
        heard=$(wc -l <"$console")
        ctl system_reset
        until_so 600 'the guest is ready again' said ready
        check_guest_disk
        in_guest "$reads"
    fi
    if [ $((cycle % 2)) -eq 0 ]; then unplug "disk$cycle"; else unplug "disk$cycle" force=true; fi
    check_sealed "Cycle $cycle"
done
printf 'ok: %s cycles\n' "$cycle"
shut_down
! grep -q 'sealed: the thread' "$work/messages" || fail 'a thread was ended by its filter'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
