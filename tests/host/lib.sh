# shellcheck shell=bash
# What the tests in the virtual host share. Sourced there, after `set -euo pipefail`.
#
# Comes with qemu.sh (the same guest below QEMU), overlay.sh (configuration space to one's liking),
# counts.sh (interrupts here and there) and live.sh (a guest that does as it is told, and hot-plug).

disk=0000:01:00.0
work=$(mktemp -d)
trap 'end_live; rm -rf "$work"' EXIT
console=$work/console

for part in qemu overlay counts live; do
    # shellcheck disable=SC1090
    . "$(dirname "${BASH_SOURCE[0]}")/$part.sh"
done

fail() { [ -z "${NOEXIT:-}" ] || return 1
    printf 'FAILED: %s\n' "$*"
    if [ "$guest_input" != /dev/null ]; then
        printf 'The steps that were followed until then:\n'
        end_steps
    fi
    exit 1
}

# expect_equal WHAT EXPECTED FOUND
expect_equal() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
    printf 'ok: %s: %s\n' "$1" "$3"
}

needs_tenon() { [ -x "${TENON:-}" ] || fail "the program is not built: ${TENON:-TENON is not set}"; }

bind() { "$TENON_ROOT/lab/bind.sh" "$@"; }

# soak_part NUMBER   So much of it as is to be done; not less than one.
soak_part() {
    local part=$(($1 * ${TENON_SOAK_PERCENT:-100} / 100))
    printf '%s' $((part > 0 ? part : 1))
}

# guest_words TESTS   The kernel command line of a guest that runs TESTS of lab/guest/init; $guest_extra is
# more of it.
guest_words() { printf 'console=ttyS0 quiet panic=-1 tenon.test=%s%s' "$1" "${guest_extra:+ $guest_extra}"; }

# guest_kernel vmlinux|bzimage
guest_kernel() {
    case $1 in
        vmlinux) printf '%s' "${TENON_GUEST_VMLINUX:?this guest kernel has no vmlinux}" ;;
        bzimage) printf '%s' "$TENON_GUEST_BZIMAGE" ;;
    esac
}

# The guest's console reads from here. See follow_steps.
guest_input=/dev/null
# Seconds that a guest may take.
guest_limit=$((${TENON_LAB_TIMEOUT:-240} * 2 / 3))

# follow_steps PREFIX COMMAND   For the next guest: whenever it prints a line that begins with PREFIX, runs
# COMMAND LINE here (its output goes to $work/steps), then sends the guest an empty line, for which it
# waits. Afterwards: end_steps.
follow_steps() {
    local prefix=$1 command=$2 seen=0 line
    rm -f "$work/input" && mkfifo "$work/input"
    guest_input=$work/input
    : >"$console"
    (
        # This waits for the guest's start.
        exec 9>"$work/input"
        while sleep 0.2; do
            # A line counts once its end is there.
            while line=$(head -n "$(wc -l <"$console")" "$console" | tr -d '\r' | grep "^$prefix" |
                sed -n "$((seen + 1))p") && [ -n "$line" ]; do
                seen=$((seen + 1))
                "$command" "$line" || true
                echo >&9
            done
        done
    ) >"$work/steps" 2>&1 &
    follower=$!
}

end_steps() {
    kill "$follower" 2>/dev/null || true
    guest_input=/dev/null
    cat "$work/steps"
}

# start_guest COMMAND…   Runs it as a guest: $guest_input to $console, messages to $work/messages; its status. One that
# stands still is a failure as any other: the emulator's own fault is mended (lab/mend_emulator.py).
start_guest() {
    : >"$console"
    "$@" <"$guest_input" >"$console" 2>"$work/messages"
}

# run_guest KERNEL TESTS DEVICE…   Runs a guest with `tenon run`; what it printed is in $console. Words of
# TENON_RUN_OPTIONS go to it as well; it has $guest_memory (256M), and ends with $guest_status (0).
run_guest() {
    local devices=() device status=0 begun=$SECONDS
    read -ra devices <<<"${TENON_RUN_OPTIONS:-}"
    for device in "${@:3}"; do devices+=(--device "$device"); done
    start_guest timeout "$guest_limit" "$TENON" run --kernel "$1" --initrd "$TENON_GUEST_INITRD" \
        --memory "${guest_memory:-256M}" --no-reboot --append "$(guest_words "$2")" "${devices[@]}" || status=$?
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    printf 'the guest took %s s\n' "$((SECONDS - begun))"
    cat "$work/messages"
    if [ "$status" -ne "${guest_status:-0}" ]; then
        tail -n 30 "$console"
        fail "tenon run ended with status $status"
    fi
}

# section NAME   What the guest printed for the test NAME; fails if it did not get to its end.
section() {
    grep -qx "@@$1 end" "$console" || {
        tail -n 30 "$console" >&2
        fail "the guest did not finish '$1'" >&2
    }
    sed -n "/^@@$1 begin\$/,/^@@$1 end\$/p" "$console" | sed '1d;$d'
}

# unpacked NAME   What the guest printed for the test NAME, asked for as packed-NAME.
unpacked() { section "packed-$1" | base64 -d | gzip -d; }

# host_state ADDRESS   What assignment must leave as it was: driver, Command register, users.
host_state() {
    local function=/sys/bus/pci/devices/$1 users
    # Not by a pipe into a counter: files that this shell has open would be found in as many children as
    # there are just then.
    mapfile -t users < <(find /proc/[0-9]*/fd \( -lname '/dev/vfio/*' -o -lname /dev/iommu \) 2>/dev/null)
    printf 'driver %s, command %s, open VFIO files %s' \
        "$(basename "$(readlink "$function/driver" || echo none)")" \
        "$(setpci -s "$1" COMMAND)" "${#users[@]}"
}

# refused STATUS WHAT EXPECTED-TEXT ARGUMENT…   `tenon run` ends with STATUS, says EXPECTED-TEXT in one
# message, and leaves the disk alone. $as holds words that the program is started with.
as=()
refused() {
    local expected_status=$1 what=$2 expected=$3 before status=0
    shift 3
    before=$(host_state "$disk")
    timeout 600 "${as[@]}" "$TENON" run "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
    printf '\n%s:\n' "$what"
    cat "$work/err"
    expect_equal 'exit status' "$expected_status" "$status"
    # Wrapped text is one line again.
    tr -s '\n ' ' ' <"$work/err" >"$work/flat"
    grep -qF -- "$expected" "$work/flat" || fail "the message lacks: $expected"
    expect_equal 'messages' 1 "$(grep -c '^tenon: ' "$work/err")"
    [ ! -s "$work/out" ] || fail 'something was printed beside the message'
    expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
}

# interrupts_of TEXT   The sum of the counts in lines of /proc/interrupts.
interrupts_of() { awk '{for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) sum += $i} END {print sum + 0}' <<<"$1"; }

# check_disk   The guest read the whole disk, and its interrupts came.
check_disk() {
    local counted
    expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
    counted=$(interrupts_of "$(section interrupts)")
    [ "$counted" -gt 0 ] || fail "no interrupt of the NVMe was counted"
    printf 'ok: interrupts of the NVMe: %s\n' "$counted"
}
