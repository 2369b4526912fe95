#!/usr/bin/env bash
# A disk comes to a running guest, is read, and goes again, idle; nothing of it stays behind on the host.
#
#   hotplug.sh [CYCLES]     how often (3); growth is looked at from three on

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
cycles=$(soak_part "${1:-3}")
bind "$disk"
before=$(host_state "$disk")
# Two threads that meet in a heap make it take another arena, once in a while: that would look like growth.
export GLIBC_TUNABLES=glibc.malloc.arena_max=1
start_live --port rp1 --port rp2,mem=64M,pref64=1G
expect_equal 'functions in the guest' 0 "$(guest_functions)"
for cycle in $(seq "$cycles"); do
    plug "$disk" "disk$cycle" "bus=rp$((cycle % 2 + 1))"
    check_guest_disk
    expect_equal 'functions in the guest' 1 "$(guest_functions)"
    unplug "disk$cycle"
    expect_equal 'functions in the guest' 0 "$(guest_functions)"
    on_host "$guest" >>"$work/growth"
    expect_equal 'the device in between' "$before" "$(host_state "$disk")"
done

cat "$work/growth"
if [ "$cycles" -lt 3 ]; then
    shut_down
    exit
fi
# The first time in each slot is the last that may cost something for good; a heap may settle by a little.
read -r files mappings memory interrupts < <(sed -n 2p "$work/growth")
read -r last_files last_mappings last_memory last_interrupts < <(tail -n 1 "$work/growth")
expect_equal 'files' "$files" "$last_files"
expect_equal 'mappings' "$mappings" "$last_mappings"
expect_equal 'lines of /proc/interrupts' "$interrupts" "$last_interrupts"
[ $((last_memory - memory)) -lt 1024 ] || fail "memory grew from $memory to $last_memory KiB"
shut_down
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
