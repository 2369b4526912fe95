# shellcheck shell=bash
# QEMU's AtomicOps, read through its monitor before the guest's first instruction: what a guest would read.
# Sourced by atomics.sh.

# monitor ARGUMENT… <<COMMANDS   Runs the commands of standard input in QEMU's monitor; prints what they say.
monitor() {
    (
        while read -r command; do
            echo "$command"
            sleep 0.5
        done
        echo quit
    ) | timeout 600 "$TENON_EMULATOR" -nodefaults -no-user-config -display none -S -M q35 -accel kvm -cpu host \
        -m 64M -monitor stdio "$@" 2>&1 | tr -d '\r' | sed 's/\x1b\[[0-9;]*[A-Za-z]//g'
}

# The PCI Express capability of QEMU's root port is at 0x54, so that Device Capabilities 2 is at 0x78.
port_registers='o /4 0xcf8 0x80000854
i /4 0xcfc
o /4 0xcf8 0x80000878
i /4 0xcfc'

# completers_read OUTPUT-OF-MONITOR   AtomicOp completers in the Device Capabilities 2 that were read last.
completers_read() {
    local read
    read=$(sed -n 's/^portl\[.*\] = 0x\([0-9a-f]*\)$/\1/p' <<<"$1" | xargs)
    case $read in
        *10\ *) printf '%08x' $((0x${read##* } & 0x380)) ;;
        *) fail "no PCI Express capability of QEMU's port: $1" ;;
    esac
}

# qemu_case WHAT WIDTHS-OF-A WIDTHS-OF-B EXPECTED-DEVCAP2 DEVICE…   A row of docs/users/atomics.md.
qemu_case() {
    local what=$1 expected=$4 arguments=() device read
    report "$a" "$2"
    report "$b" "$3"
    for device in "${@:5}"; do arguments+=(-device "vfio-pci,bus=port1,$iommufd,$device"); done
    read=$(monitor "${port[@]}" "${arguments[@]}" <<<"$port_registers")
    expect_equal "QEMU: $what" "$expected" "$(completers_read "$read")"
    expect_equal "QEMU: $what: lines about AtomicOps" 0 "$(grep -ci atomic <<<"$read" || true)"
}

qemu_cases() {
    # shellcheck disable=SC2054  # the commas are the emulator's
    local port=(-device pcie-root-port,id=port1,chassis=1,slot=1,addr=1 -object iommufd,id=iommufd0)
    local iommufd=iommufd=iommufd0 multi=multifunction=on
    qemu_case 'a lone function' 32+64 none 00000180 "host=$a,addr=0.0"
    qemu_case 'a lone function that says it is one of several' 32+64 none 00000000 "host=$a,addr=0.0,$multi"
    qemu_case 'a function with, and one without' 32+64 none 00000000 "host=$a,addr=0.0,$multi" \
        "host=$b,addr=0.1,$multi"
    qemu_case 'a function without, and one with' none 32+64 00000000 "host=$a,addr=0.0,$multi" \
        "host=$b,addr=0.1,$multi"
    qemu_case 'two functions with' 32+64+128 32+64 00000000 "host=$a,addr=0.0,$multi" "host=$b,addr=0.1,$multi"
    qemu_case 'two functions without' none none 00000000 "host=$a,addr=0.0,$multi" "host=$b,addr=0.1,$multi"
    qemu_case 'two functions with nothing in common' 32+64 128 00000000 "host=$a,addr=0.0,$multi" \
        "host=$b,addr=0.1,$multi"

    # A device that fails to come, after the port was changed for it: ats=on where the kernel reports that ATS
    # is not supported.
    local read
    report "$a" 32+64
    read=$(monitor "${port[@]}" <<<"device_add vfio-pci,id=late,host=$a,bus=port1,addr=0.0,iommufd=iommufd0,ats=on
$port_registers
info qtree")
    grep -i 'error' <<<"$read" || fail "QEMU's device_add did not fail"
    ! grep -q 'id "late"' <<<"$read" || fail "QEMU has the device after all"
    expect_equal 'QEMU: bits that the port keeps of a device that failed to come' 00000180 \
        "$(completers_read "$read")"
}
