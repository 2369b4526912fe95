#!/usr/bin/env bash
# The host's MSI-X follows the guest's: on while every vector is masked, with exactly the vectors that the
# guest has used, off with the guest's; and masking makes no call of VFIO.
#
# The same guest below QEMU, beside it, never has fewer vectors or calls for a step.
#
#   interrupt_vectors.sh [times]    times: also how long the guest's driver takes to come up

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

calls=$work/calls

# traced PROGRAM   A script that runs it and writes its ioctls to $calls.
traced() {
    printf '#!/bin/sh\nexec strace -f -qq -e trace=ioctl -o %q %q "$@"\n' "$calls" "$1" >"$work/traced"
    chmod +x "$work/traced"
    printf '%s' "$work/traced"
}

# look LINE   What the host has after this step of the guest, and the calls since the step before.
look() {
    local now_vfio now_kvm
    now_vfio=$(grep -c VFIO_DEVICE_SET_IRQS "$calls" || true)
    now_kvm=$(grep -cE 'KVM_(SET_GSI_ROUTING|IRQFD|SIGNAL_MSI)' "$calls" || true)
    # What came before belongs to the start and to the driver that had the device first.
    [ "$1" = 'msix: begin' ] ||
        printf '%s: %s, %s vectors, %s VFIO and %s KVM calls\n' "${1#msix: }" \
            "$(lspci -vv -s "$disk" 2>/dev/null | grep -o 'MSI-X: Enable[+-]' | cut -d' ' -f2)" \
            "$(grep -c "vfio-msix.*$disk" /proc/interrupts || true)" "$((now_vfio - vfio))" "$((now_kvm - kvm))"
    vfio=$now_vfio kvm=$now_kvm
}

# states_of FILE   The steps without the calls.
states_of() { sed 's/, [0-9]* VFIO.*//' "$1"; }

# number_of FILE STEP WHAT   WHAT is vectors, VFIO or KVM.
number_of() { sed -n "s/^$2:.* \([0-9]*\) $3.*/\1/p" "$1"; }

# of_nine FILE   The shortest and the middle one of nine times, in ms.
of_nine() { sort -n "$1" | awk '{t[NR] = $1 / 1000} END {if (NR != 9) exit 1; printf "%.1f %.1f\n", t[1], t[5]}'; }

needs_tenon
bind "$disk"
kernel=$(guest_kernel vmlinux)

program=$TENON
TENON=$(traced "$program")
vfio=0 kvm=0
follow_steps 'msix: ' look
run_guest "$kernel" msix "$disk"
end_steps >"$work/tenon"
TENON=$program
printf 'Tenon\n' && cat "$work/tenon"
expect_equal "the host's MSI-X" 'open: Enable+, 0 vectors
requested 0: Enable+, 1 vectors
requested 1: Enable+, 2 vectors
requested 2: Enable+, 3 vectors
freed 1: Enable+, 3 vectors
requested 1 again: Enable+, 3 vectors
closed: Enable-, 0 vectors' "$(states_of "$work/tenon")"
expect_equal 'VFIO calls to mask' 0 "$(number_of "$work/tenon" 'freed 1' VFIO)"
expect_equal 'VFIO calls to unmask' 0 "$(number_of "$work/tenon" 'requested 1 again' VFIO)"

emulator=$TENON_EMULATOR
TENON_EMULATOR=$(traced "$emulator")
vfio=0 kvm=0
follow_steps 'msix: ' look
run_guest_qemu "$kernel" msix "$disk"
end_steps >"$work/qemu"
TENON_EMULATOR=$emulator
printf 'QEMU\n' && cat "$work/qemu"
worse=''
for step in open 'requested 0' 'requested 1' 'requested 2' 'freed 1' 'requested 1 again' closed; do
    for what in vectors VFIO both; do
        if [ $what = both ]; then
            ours=$(($(number_of "$work/tenon" "$step" VFIO) + $(number_of "$work/tenon" "$step" KVM)))
            theirs=$(($(number_of "$work/qemu" "$step" VFIO) + $(number_of "$work/qemu" "$step" KVM)))
        else
            ours=$(number_of "$work/tenon" "$step" $what)
            theirs=$(number_of "$work/qemu" "$step" $what)
        fi
        if [ "$ours" -le "$theirs" ]; then
            printf 'ok: %s, %s: %s, QEMU %s\n' "$step" "$what" "$ours" "$theirs"
        else
            worse+="$step, $what: $ours, QEMU $theirs; "
        fi
    done
done
[ -z "$worse" ] || fail "more than QEMU: $worse"
[ "${1:-}" = times ] || exit 0

# The guest's driver, bound nine times; without strace.
for round in 1 2; do
    run_guest "$kernel" bring-ups "$disk"
    section bring-ups >"$work/ours"
    run_guest_qemu "$kernel" bring-ups "$disk"
    section bring-ups >"$work/theirs"
    printf "round %s: the guest's driver takes (ms, shortest and middle of nine): Tenon %s, QEMU %s\n" "$round" \
        "$(of_nine "$work/ours")" "$(of_nine "$work/theirs")"
done
