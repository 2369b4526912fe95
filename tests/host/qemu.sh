# shellcheck shell=bash
# Guests below QEMU's vfio-pci, beside those of `tenon run`. Sourced by lib.sh.

# run_guest_qemu KERNEL TESTS DEVICE… [-- ARGUMENT…]   What run_guest does, below QEMU. A DEVICE is written
# as for `tenon run`:
#
#   ADDRESS[,port=NAME][,function=N][,iommu=group|iommufd][,PROPERTY=VALUE…]
#
# iommufd where the kernel has it, unless told otherwise; other properties go to vfio-pci as they are. Root
# port number N is 00:0N.0 in the guest, as below Tenon, but its bus may have another number (test `places`
# of lab/guest/init). ARGUMENT… go to QEMU; QEMU_MEMORY (256M) and QEMU_CPUS (1) are the guest's.
run_guest_qemu() {
    local kernel=$1 tests=$2 arguments=() status=0 begun=$SECONDS
    shift 2
    qemu_devices "$@"
    while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
    arguments+=("${qemu_arguments[@]}" "${@:2}")
    # qboot starts sooner than SeaBIOS, and runs no option ROM of an assigned device.
    start_guest timeout "$guest_limit" "$TENON_EMULATOR" -nodefaults -no-user-config -display none -no-reboot \
        -bios qboot.rom -M q35 -accel kvm -cpu host -m "${QEMU_MEMORY:-256M}" -smp "${QEMU_CPUS:-1}" \
        -kernel "$kernel" -initrd "$TENON_GUEST_INITRD" -append "$(guest_words "$tests")" \
        "${arguments[@]}" -serial stdio || status=$?
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    printf "QEMU's guest took %s s\n" "$((SECONDS - begun))"
    cat "$work/messages"
    if [ "$status" -ne 0 ]; then
        tail -n 30 "$console"
        fail "QEMU ended with status $status"
    fi
}

# qemu_starts DEVICE [ARGUMENT…]   Whether QEMU gets as far as its first instruction with the device and its
# own ARGUMENT…: starts or fails; what it said is in $work/qemu.
qemu_starts() {
    qemu_devices "$1"
    # The guest's IOMMU comes before what is behind it.
    if echo quit | timeout 600 "$TENON_EMULATOR" -nodefaults -no-user-config -display none -S -monitor stdio \
        -M q35,kernel-irqchip=split -accel kvm -cpu host -m 128M "${@:2}" "${qemu_arguments[@]}" \
        >"$work/qemu" 2>&1; then
        echo starts
    else
        echo fails
    fi
}

# qemu_devices DEVICE… [-- …]   Sets $qemu_arguments: root ports, and below them the devices.
qemu_devices() {
    local device key port function options iommufd number=0
    local -A ports=() next=()
    qemu_arguments=()
    for device in "$@"; do
        [ "$device" != -- ] || break
        port='' function='' options='' iommufd=auto
        # shellcheck disable=SC2086  # the keys become words
        set -f && IFS=, && set -- $device && unset IFS && set +f
        device=$1
        for key in "${@:2}"; do
            case $key in
                port=*) port=${key#*=} ;;
                function=*) function=${key#*=} ;;
                iommu=*) iommufd=${key#*=} ;;
                *) options+=,$key ;;
            esac
        done
        port=${port:-of-$((number + 1))}
        if [ -z "${ports[$port]:-}" ]; then
            number=$((number + 1))
            ports[$port]=port$number
            qemu_arguments+=(-device
                "pcie-root-port,id=port$number,chassis=$number,slot=$number,addr=$number")
        fi
        function=${function:-${next[$port]:-0}}
        next[$port]=$((function + 1))
        [ "$iommufd" != auto ] || { [ -e /dev/iommu ] && iommufd=iommufd || iommufd=group; }
        if [ "$iommufd" = iommufd ]; then
            [[ " ${qemu_arguments[*]} " == *' iommufd,id=iommufd0 '* ]] ||
                qemu_arguments+=(-object "iommufd,id=iommufd0")
            options+=,iommufd=iommufd0
        fi
        options=bus=${ports[$port]},addr=0.$function,multifunction=on$options
        qemu_arguments+=(-device "vfio-pci,host=$device,$options")
    done
}
