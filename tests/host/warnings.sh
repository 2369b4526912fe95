#!/usr/bin/env bash
# What a user should know of a guest's devices is said where it runs: by `tenon run` before the start, by
# device_add and its event when a device comes, by an event when another one's going changes it.
#
# The IOMMU has no device TLB; two functions of one bus, of which one has no reset of its own; controllers whose
# vectors together are more than the host's one processor has.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
net=0000:05:00.0 disk2=0000:07:00.0 edu=0000:07:00.1
bind "$net" "$disk" "$disk2" "$edu"
ats="net ($net): ATS is hidden: the host's kernel reports that it is not supported"
no_reset="edu ($edu): it is not reset: "
vectors='the functions have '

# says FILE TEXT   How many of the warnings in FILE hold TEXT.
says() { tr -s '\n ' ' ' <"$1" | grep -oF -- "$2" | wc -l; }

# answered WHAT WARNINGS…   The last answer of device_add has so many warnings, one with each of these texts.
answered() {
    local what=$1 text
    shift
    cat "$work/answer"
    expect_equal "warnings in the answer of $what" "$#" \
        "$(python3 -c 'import json, sys; print(len(json.loads(sys.stdin.read() or "{}").get("warnings", [])))' \
            <"$work/answer")"
    for text in "$@"; do expect_equal "'$text…' in it" 1 "$(says "$work/answer" "$text")"; done
}

# events_of ID   What events say of a device since the last unplug began.
events_of() { tail -n "+$((noticed + 1))" "$events" | grep "^TENON_DEVICE_WARNING .*\"device\": \"$1\"" || true; }

start_live --device "$net,id=net" --device "$disk,id=first" --port rp8 --port rp9
grep '^tenon: warning: ' "$work/messages" | tee "$work/said"
expect_equal 'warnings of the start' 1 "$(wc -l <"$work/said")"
expect_equal 'that ATS is hidden' 1 "$(says "$work/said" "tenon: warning: $ats")"

printf '\nA function without a reset of its own, and then function 0, on the same bus:\n'
plug "$edu" edu bus=rp8 addr=0.1 >"$work/answer"
answered 'the function that waits'
plug "$disk2" second bus=rp8 multifunction=on >"$work/answer"
answered 'function 0' "$vectors"
expect_equal 'events of function 0' 1 "$(says <(events_of second) "$vectors")"
expect_equal 'events of the other' '' "$(events_of edu)"
# shellcheck disable=SC2016  # for the guest
until_so 60 'the guest has both' in_guest '[ "$(endpoints | wc -l)" = 4 ]'
unplug second
until_so 60 'the other has gone as well' happened DEVICE_DELETED edu

printf '\nThe same two in slots of their own, and one goes:\n'
plug "$edu" edu bus=rp9 >"$work/answer"
answered 'the function alone' "$no_reset"
plug "$disk2" second bus=rp8 >"$work/answer"
answered 'the other function of its bus' "$vectors"
# shellcheck disable=SC2016  # for the guest
until_so 60 'the guest has both' in_guest '[ "$(endpoints | wc -l)" = 4 ]'
unplug second
until_so 10 'who stays is not reset any more' happened TENON_DEVICE_WARNING edu
events_of edu | tee "$work/said"
expect_equal 'that the one who stays is not reset' 1 "$(says "$work/said" "$no_reset")"
shut_down

printf '\nWith --quiet:\n'
begin_live --device "$net,id=net" --quiet
until_so 60 'the guest has started' [ -s "$console" ]
end_live
expect_equal 'warnings' 0 "$(grep -c '^tenon: warning: ' "$work/messages" || true)"
