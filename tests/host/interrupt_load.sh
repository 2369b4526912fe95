#!/usr/bin/env bash
# NVMe under load, every byte compared, in a guest that has one processor at first and switches others on and
# off all the time, while vectors move between them: nothing times out, nothing is read wrong, and the guest
# counts no more interrupts than the host has and Tenon fired itself.
#
#   interrupt_load.sh [SECONDS]     how long the load lasts in the guest (20)

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
kernel=$(guest_kernel vmlinux)
trace=/sys/kernel/debug/tracing
writes=$work/writes
: >"$writes"

# A host that cannot add vectors forgets the counts whenever it switches MSI-X off and on for more of them;
# the trace of its interrupts does not. What is fired then are writes to event files.
case $(uname -r) in
    6.1*)
        grows_anew=yes
        echo "name ~ \"vfio-msix*($disk)\"" >"$trace/events/irq/irq_handler_entry/filter"
        echo 1 >"$trace/events/irq/irq_handler_entry/enable"
        printf '#!/bin/sh\nexec strace -f -qq --seccomp-bpf -y -e trace=write -o %q %q "$@"\n' \
            "$writes" "$TENON" >"$work/traced"
        chmod +x "$work/traced"
        TENON=$work/traced
        ;;
    *) grows_anew='' ;;
esac

on_host() {
    if [ -n "$grows_anew" ]; then
        cat "$trace"/per_cpu/cpu*/stats | awk '/^(entries|overrun):/ {sum += $2} END {print sum}'
    else
        host_counts "$disk" | awk '{sum += $2} END {print sum}'
    fi
}

fired() { grep -c 'eventfd.*"\\1\\0\\0\\0\\0\\0\\0\\0", 8' "$writes" || true; }

# sample LINE   Beside the guest's count those of the host and of Tenon.
sample() {
    case $1 in
        *total*) printf 'total %s %s %s\n' "${1##* }" "$(on_host)" "$(fired)" ;;
        *)
            host_counts "$disk" | sed 's/^/vector /'
            printf 'allocated %s\n' "$(find "/sys/bus/pci/devices/$disk/msi_irqs" -type f | wc -l)"
            ;;
    esac
}

guest_extra="maxcpus=1 nvme_core.io_timeout=20 nvme_core.admin_timeout=20 tenon.seconds=$(soak_part "${1:-20}")"
follow_steps 'load: ' sample
TENON_RUN_OPTIONS='--cpus 4' run_guest "$kernel" load "$disk"
end_steps >"$work/samples"
section load >"$work/load"

expect_equal 'processors' 'at first: 1 of 4 processors' "$(grep '^at first' "$work/load")"
grep -E '^(moved|not to be moved|switched|read): ' "$work/load"
# Those of the queues move when the processor that they are at goes; one has the first, which stays.
for name in nvme0q0 nvme0q2; do
    times=$(sed -n "s/^moved: \\([0-9]*\\) $name\$/\\1/p" "$work/load")
    [ "${times:-0}" -ge 3 ] || fail "$name moved ${times:-0} times"
done
[ "$(sed -n 's/^switched: \([0-9]*\) off/\1/p' "$work/load")" -ge 3 ] || fail 'no processor was switched off'
expect_equal 'what was read' "$TENON_DISK_CHECKSUM" "$(sed -n 's/^read: [0-9]* //p' "$work/load")"
expect_equal "complaints in the guest's log" '' "$(grep '^log: ' "$work/load" || true)"

most=0
while read -r _ guest host own; do
    [ "$guest" -le $((host + own)) ] || fail "$guest interrupts in the guest, $host on the host, $own fired by Tenon"
    printf 'ok: %s interrupts in the guest, %s on the host, %s fired by Tenon\n' "$guest" "$host" "$own"
    most=$guest all_fired=$own
done < <(grep '^total ' "$work/samples")
[ "$most" -gt 300 ] || fail "only $most interrupts: this is no load"
sed -n 's/^vector //p' "$work/samples" >"$work/host"
sed -n "s/^0000:01:00.0 \\([0-9]* [0-9]*\\) .*/\\1/p" "$work/load" | sort -n >"$work/guest"
used=$(wc -l <"$work/guest") allocated=$(sed -n 's/^allocated //p' "$work/samples")
if [ -n "$grows_anew" ]; then
    expect_equal 'vectors' "$(cut -d' ' -f1 "$work/guest" | xargs)" "$(cut -d' ' -f1 "$work/host" | xargs)"
    [ "$all_fired" -gt 0 ] || fail 'no vector was fired after MSI-X was off on the host'
    [ "$allocated" -le $((2 * used)) ] || fail "$allocated vectors are allocated for $used in use"
    printf 'ok: %s vectors are allocated for %s in use\n' "$allocated" "$used"
else
    compare_counts "$work/guest" "$work/host"
    expect_equal 'allocated vectors' "$used" "$allocated"
fi
