#!/usr/bin/env bash
# A start that fails is one message with object, step and what to do, exit status 1, and a host that is
# as before.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
kernel=$(guest_kernel bzimage)

# refused WHAT EXPECTED-TEXT ARGUMENT…   `tenon run` says EXPECTED-TEXT and leaves the host alone.
refused() {
    local what=$1 expected=$2 before status=0
    shift 2
    before=$(host_state "$disk")
    timeout 60 "$TENON" run "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
    printf '\n%s:\n' "$what"
    cat "$work/err"
    expect_equal 'exit status' 1 "$status"
    grep -qF -- "$expected" "$work/err" || fail "the message lacks: $expected"
    expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
}

refused 'bound to the host driver' 'bound to the host driver nvme' --kernel "$kernel" --device "$disk"
bind "$disk"
refused 'a kernel that is none' /etc/passwd --kernel /etc/passwd --device "$disk"
refused 'a kernel that is not there' /nonexistent --kernel /nonexistent --device "$disk"
refused 'an initrd that is not there' /nonexistent --kernel "$kernel" --initrd /nonexistent \
    --device "$disk"
refused 'more memory than the host has' 'guest memory' --kernel "$kernel" --memory 64G --device "$disk"
refused 'no function 0' 'no function 0' --kernel "$kernel" --device "$disk,function=3"

# Somebody else has it: a guest that has come up to its shell.
"$TENON" run --kernel "$kernel" --initrd "$TENON_GUEST_INITRD" --memory 64M \
    --append "$(guest_words shell)" --device "$disk" < <(sleep 100) >"$work/other" 2>&1 &
other=$!
for _ in $(seq 300); do
    ! grep -q '@@shell begin' "$work/other" || break
    sleep 0.2
done
refused 'in use by another process' "$disk" --kernel "$kernel" --device "$disk"
kill "$other"
wait "$other" || true
expect_equal 'the device after a signal' 'open VFIO files 0' "$(host_state "$disk" | grep -o 'open VFIO.*')"
