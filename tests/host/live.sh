# shellcheck shell=bash
# A guest that does as it is told, and devices that come to it and go. Sourced by lib.sh.
#
# The guest's test is `agent` of lab/guest/init. Its disk is $disk where nothing else is said.

socket=$work/control
events=$work/events
guest='' listener=''

ctl() { timeout 600 "$TENON" ctl "$socket" "$@"; }

# end_live   Whatever is left of the guest and of who listens to its events; once more does no harm.
end_live() {
    local process
    # One by one: to wait for none of them would be to wait for all that this shell has started.
    for process in $guest $listener; do
        kill -KILL "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    guest='' listener=''
}

# until_so SECONDS WHAT COMMAND…   Waits until COMMAND succeeds.
until_so() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    while ! "$@"; do
        if [ "$SECONDS" -ge "$deadline" ] || { [ -n "$guest" ] && ! kill -0 "$guest" 2>/dev/null; }; then
            tail -n 15 "$console" "$work/messages" "$events" >&2 || true
            fail "$what: not so in time" >&2
        fi
        sleep 0.1
    done
}

said() { tr -d '\r' <"$console" | tail -n "+$((heard + 1))" | grep -q "^agent: $1"; }

# begin_live OPTION…   Starts a guest with these options of `tenon run`, and does not wait for it.
begin_live() {
    begin_live_by --kernel "$(guest_kernel bzimage)" --initrd "$TENON_GUEST_INITRD" --memory 256M \
        --append "$(guest_words agent)" "$@"
}

# begin_live_by OPTION…   The same with these options alone, which say how it boots.
begin_live_by() {
    rm -f "$work/input" && mkfifo "$work/input"
    exec 9<>"$work/input"
    : >"$console" && : >"$events" && heard=0 noticed=0
    "$TENON" run --control "$socket" "$@" <"$work/input" >"$console" 2>"$work/messages" 9>&- &
    guest=$!
}

# start_live OPTION…   The same, until it waits for commands and its events come in.
start_live() {
    begin_live "$@"
    listen
    until_so 600 'the guest is ready' said ready
}

# listen   Events of the guest's control socket come to $events from now on.
listen() {
    until_so 300 'the control socket is there' [ -S "$socket" ]
    python3 "$(dirname "${BASH_SOURCE[0]}")/control_events.py" "$socket" >>"$events" 2>&1 9>&- &
    listener=$!
    until_so 300 'somebody listens to events' grep -q LISTENING "$events"
}

# in_guest COMMAND   A line of the guest's shell: what it prints, and its status.
in_guest() {
    local answer
    heard=$(wc -l <"$console")
    printf '%s\n' "$1" >&9
    until_so "${guest_patience:-600}" "the guest's answer to '$1'" said '[0-9]'
    answer=$(tr -d '\r' <"$console" | tail -n "+$((heard + 1))" | sed '/^agent: /,$d')
    [ -z "$answer" ] || printf '%s\n' "$answer"
    return "$(tr -d '\r' <"$console" | tail -n "+$((heard + 1))" | sed -n 's/^agent: //p' | head -n 1)"
}

# happened EVENT ID   DEVICE_DELETED or DEVICE_UNPLUG_GUEST_ERROR of this device, since the last unplug began.
happened() { tail -n "+$((noticed + 1))" "$events" | grep -q "^$1 .*\"device\": \"$2\""; }

# plug ADDRESS ID KEY=VALUE…
plug() { ctl device_add driver=vfio-pci "host=$1" "id=$2" "${@:3}"; }

# unplug ID [force=true]   Until it is gone.
unplug() {
    noticed=$(wc -l <"$events")
    ctl device_del "id=$1" "${@:2}"
    until_so 300 "$1 has gone" happened DEVICE_DELETED "$1"
}

# check_guest_disk   The guest has its disk, and reads the whole of it.
check_guest_disk() {
    expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(in_guest 'run disk')"
}

guest_functions() { in_guest endpoints | wc -l; }

# shut_down   The guest switches itself off.
shut_down() {
    local status=0
    printf 'poweroff -f\n' >&9
    wait "$guest" || status=$?
    guest=''
    end_live
    cat "$work/messages"
    expect_equal 'exit status of the guest' 0 "$status"
}

# on_host PROCESS   What a guest has from its host: "FILES MAPPINGS KIB-OF-MEMORY LINES-OF-INTERRUPTS".
on_host() {
    printf '%s %s %s %s\n' "$(find "/proc/$1/fd" -mindepth 1 | wc -l)" "$(wc -l <"/proc/$1/maps")" \
        "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status")" "$(wc -l </proc/interrupts)"
}

# random_of LIMIT   A number of milliseconds below it, as seconds.
random_of() {
    local milliseconds=$((RANDOM * 32768 + RANDOM))
    printf '%d.%03d' $((milliseconds % $1 / 1000)) $((milliseconds % $1 % 1000))
}

# values_of NAME   What the line NAME of their status says of all threads of the guest, each value once.
values_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$guest/task/"*/status | sort -u | paste -sd' '; }

# check_sealed WHEN [SET…]   Every thread of the guest is sealed, and has no capability in these sets (all of them).
check_sealed() {
    local name sets=("${@:2}")
    [ $# -gt 1 ] || sets=(CapInh CapPrm CapEff CapBnd CapAmb)
    printf '\n%s:\n' "$1"
    for name in "${sets[@]}"; do
        expect_equal "$name of all threads" 0000000000000000 "$(values_of "$name")"
    done
    expect_equal 'NoNewPrivs of all threads' 1 "$(values_of NoNewPrivs)"
    expect_equal 'Seccomp of all threads' 2 "$(values_of Seccomp)"
    # Main has one filter, those that it starts have theirs beside it, and workers a third.
    expect_equal 'filters of threads' '1 2' "$(values_of Seccomp_filters)"
    printf 'ok: threads: %s\n' "$(cat "/proc/$guest/task/"*/comm | sort | uniq -c | paste -sd' ' | tr -s ' ')"
}
