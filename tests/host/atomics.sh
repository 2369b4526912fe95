#!/usr/bin/env bash
# AtomicOps of assigned functions. The virtual host's root ports and NVMe controllers complete some by an
# overlay, so that VFIO reports widths for real; then for each set of functions in one slot of the guest:
#
#   what the plan says the port completes is what the guest reads of its port;
#   pci_enable_atomic_ops_to_root in the guest returns success for every function below a port that
#   completes, but AtomicOp Requester Enable is set on the host in participants alone;
#   the bit is clear when the guest starts, after each reset, and when the guest has gone.
#
#   atomics.sh [few|slots]   few: a lone function and one slot of two, for another guest kernel;
#                            slots: the kinds of slot that differ less, and no more

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/host/atomics_lib.sh
. "$(dirname "$0")/atomics_lib.sh"

needs_tenon
kernel=$(guest_kernel bzimage)
prepare_atomics

# slot_case WHAT WIDTHS-OF-A WIDTHS-OF-B EXPECTED-DEVCAP2 EXPECTED-A EXPECTED-B [PORT-KEYS]
#
# A and B in one slot of the guest, function 0 and 1; B is left out if its widths are "-". EXPECTED-A and -B
# are "guest" or "gated".
slot_case() {
    local what=$1 widths_a=$2 widths_b=$3 completers=$4 keys=${7:-}
    local devices=("$a,port=slot") port=()
    printf '\n== %s\n' "$what"
    report "$a" "$widths_a"
    if [ "$widths_b" != - ]; then
        report "$b" "$widths_b"
        devices+=("$b,port=slot")
    fi
    [ -z "$keys" ] || port=(--port "slot,$keys")

    "$TENON" plan --json "${port[@]}" "${devices[@]}" >"$work/plan.json"
    expect_equal 'the plan' "$completers $5${6:+ $6}" "$(planned_atomics "$work/plan.json")"
    expect_equal 'AtomicOp Requester Enable after the plan' '0 0' "$(enable_bits)"

    follow_steps 'atomics: ' look_at_host
    run_guest_with "$kernel" completers,atomics,atomics-on "${port[@]}" -- "${devices[@]}"
    end_steps >"$work/looks"
    section completers >"$work/completers"
    cat "$work/completers"
    # Beside AtomicOps it has End-End TLP Prefix Supported.
    expect_equal 'Device Capabilities 2 of the port in the guest' "$(printf %08x $((0x$completers | 0x200000)))" \
        "$(awk '$2 == "DEVCAP2" {print $3}' "$work/completers")"
    expect_equal 'Device Control 2 as the plan has it' "$(planned_control_2 "${port[@]}" "${devices[@]}")" \
        "$(awk '$2 == "DEVCTL2" {print $3}' "$work/completers" | xargs)"
    section atomics
    section atomics-on
    check_answers "$completers"
    expect_equal 'on the host while the guest has enabled them' "$(bit_of "$5") $(bit_of "${6:-}")" \
        "$(sed -n 's/^atomics: on: //p' "$work/looks")"
    expect_equal 'on the host after a reset of function 0' "0 $(bit_of "${6:-}")" \
        "$(sed -n 's/^atomics: reset: //p' "$work/looks")"
    expect_equal 'on the host afterwards' '0 0' "$(enable_bits)"
}

if [ "${1:-}" = slots ]; then
    slot_case 'a function without, and one with' none 32+64 00000180 gated guest
    slot_case 'two functions with' 32+64+128 32+64 00000180 guest guest
    slot_case 'two functions without' none none 00000000 gated gated
    slot_case 'all functions or none' 32+64 none 00000000 gated gated atomics=all-functions
    exit 0
fi

slot_case 'a lone function' 32+64 - 00000180 guest ''
slot_case 'a function with, and one without' 32+64 none 00000180 guest gated
if [ "${1:-}" = few ]; then exit 0; fi
slot_case 'two functions with nothing in common' 32+64 128 00000000 gated gated
slot_case 'widths as asked' 32+64 32+64+128 00000380 gated guest atomics=32+64+128

printf '\n== a start that fails leaves nothing\n'
report "$a" 32+64
report "$b" 32+64
start_fails 'no kernel' --kernel /etc/passwd --device "$a,port=slot" --device "$b,port=slot"
bind --back "$b"
start_fails 'a function that cannot be had' --kernel "$kernel" --device "$a,port=slot" \
    --device "$b,port=slot"
bind "$b"
(
    exec 7<"/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$b/iommu_group")")"
    start_fails 'a function that is in use' --kernel "$kernel" --device "$a,port=slot,iommu=group" \
        --device "$b,port=slot,iommu=group"
)

printf '\n== a virtual function\n'
virtual_function_case

printf '\n== the same below QEMU\n'
# shellcheck source=tests/host/atomics_qemu.sh
. "$(dirname "$0")/atomics_qemu.sh"
qemu_cases
