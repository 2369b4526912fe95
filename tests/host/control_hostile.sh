#!/usr/bin/env bash
# A sealed guest, and clients of its control socket that send what nobody should.
#
#   control_hostile.sh MESSAGES     of which TENON_SOAK_PERCENT are sent

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
count=$(soak_part "$1")
bind "$disk"
before=$(host_state "$disk")
export GLIBC_TUNABLES=glibc.malloc.arena_max=1
start_live --device "$disk,id=disk1"
# What comes to be with the first thousand stays.
python3 "$(dirname "$0")/control_hostile.py" "$socket" 1000 1
until_so 60 'it still answers' ctl query-status
read -r files mappings memory _ < <(on_host "$guest")
python3 "$(dirname "$0")/control_hostile.py" "$socket" "$count"
expect_equal 'the guest' running "$(ctl query-status | sed -n 's/.*"status": "\([a-z]*\)".*/\1/p')"
read -r last_files last_mappings last_memory _ < <(on_host "$guest")
printf 'files %s, then %s; mappings %s, then %s; memory %s KiB, then %s\n' \
    "$files" "$last_files" "$mappings" "$last_mappings" "$memory" "$last_memory"
expect_equal 'files' "$files" "$last_files"
[ $((last_memory - memory)) -lt 4096 ] || fail "memory grew from $memory to $last_memory KiB"
check_sealed 'Afterwards'
check_guest_disk
shut_down
! grep -q 'sealed: the thread' "$work/messages" || fail 'a thread was ended by its filter'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
