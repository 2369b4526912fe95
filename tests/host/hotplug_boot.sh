#!/usr/bin/env bash
# A disk comes at a random moment of the guest's start: it is there when the guest is ready, or Tenon said that
# it must come later.
#
#   hotplug_boot.sh [TIMES]     how often (3)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
begun=${EPOCHREALTIME/./}
start_live --port rp1
duration=$(((${EPOCHREALTIME/./} - begun) / 1000))
end_live
printf 'A start takes %s ms\n' "$duration"

for _ in $(seq "$(soak_part "${1:-3}")"); do
    begin_live --port rp1
    listen
    moment=$(random_of "$duration")
    sleep "$moment"
    printf '\nAfter %s s, the guest has printed %s bytes:\n' "$moment" "$(wc -c <"$console")"
    refusals=0
    until plug "$disk" early bus=rp1; do
        refusals=$((refusals + 1))
        [ "$refusals" -lt 60 ] || fail 'the disk is refused for ever'
        sleep 1
    done
    until_so 300 'the guest is ready' said ready
    check_guest_disk
    # Not read as a removal either, which would come some seconds later.
    sleep 6
    expect_equal 'functions in the guest' 1 "$(guest_functions)"
    unplug early
    expect_equal 'functions in the guest' 0 "$(guest_functions)"
    shut_down
    expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
done
