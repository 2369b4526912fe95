#!/usr/bin/env bash
# What `tenon plan --target qemu` predicts is what QEMU's guest sees: every byte of configuration space of
# assigned functions in each place that QEMU has for them, and of the ports above, but for the registers that
# change at run time (compare_target.py, compare_config.py).

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
# The emulated functions lack what QEMU has rules for. The NVMe: AtomicOps to the root complex, and PASID, which the
# kernel hides, at the head of a list with ATS. The second one: integrated, with a resizable BAR, L1 substates, which
# the kernel hides, and a vendor's registers. e1000e: a legacy endpoint. virtio-net: PCI Express of version 0.
overlay_config "00:02.0@exp+24=3c0/3c0/0,01:00.0@exp+24=380/380/0,\
07:00.0@exp+0=00900000/00f00000/0,03:00.0@exp+0=00100000/00f00000/0,05:00.0@exp+0=0/000f0000/0,\
07:00.0@100=15010015/ffffffff/0,07:00.0@104=000001f0/ffffffff/0,07:00.0@108=00000020/ffffffff/0,\
07:00.0@150=1801001e/ffffffff/0,07:00.0@154=0000001f/ffffffff/0,\
07:00.0@180=0001000b/ffffffff/0,07:00.0@184=01000001/ffffffff/0,07:00.0@188=cafe0001/ffffffff/0" \
    '01:00.0@100=pasid,01:00.0@110=ats,01:00.0@120=pri'
bind 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:05:00.0 0000:06:00.0 0000:07:00.0 0000:07:00.1 \
    0000:00:0a.0
backend='' object=()
if [ -e /dev/iommu ]; then
    backend=,iommufd=iommufd0
    object=(-object "iommufd,id=iommufd0")
fi

# A ROM that firmware finds nothing in.
{
    printf '\x55\xaa\x02'
    head -c 3000 /dev/zero
} >"$work/rom"

compared=() arguments=()

# expect NAME PLACE QEMU-ARGUMENTS TENON-WORD…   The function of QEMU-ARGUMENTS (host=…,bus=…,addr=…) is
# predicted with TENON-WORD…, opened and not, and found at PLACE in the guest.
expect() {
    arguments+=(-device "vfio-pci,$3$backend")
    "$TENON" plan --emit lspci "${@:4}" >"$work/planned-$1" 2>"$work/err" ||
        fail "$1 is not to be planned: $(cat "$work/err")"
    compared+=("$1=$2=$work/planned-$1")
    # Unopened, the kernel's part is predicted too. What its port completes nobody knows then.
    "$TENON" plan --no-open --emit lspci "${@:4}" 2>/dev/null | without_ports >"$work/unopened-$1"
    compared+=("$1-unopened=$2=$work/unopened-$1")
}

without_ports() { sed '/^00:[01].\../,/^$/d'; }

# expect_function NAME PLACE QEMU-ARGUMENTS TENON-WORD…   The same of a function whose port is none that plans know.
expect_function() {
    arguments+=(-device "vfio-pci,$3$backend")
    "$TENON" plan --emit lspci "${@:4}" 2>"$work/err" | without_ports >"$work/planned-$1" ||
        fail "$1 is not to be planned: $(cat "$work/err")"
    compared+=("$1=$2=$work/planned-$1")
}

# planned NAME ROW   The prediction has this row: what was laid over the device is there to be compared.
planned() {
    grep -q "^$2" "$work/planned-$1" || {
        cat "$work/planned-$1"
        fail "$1: no row begins with $2"
    }
}

# port N [PROPERTY…]   A port as Tenon's plans have it: number N at 00:N.0.
port() {
    arguments+=(-device "pcie-root-port,id=port$1,bus=pcie.0,addr=$1,chassis=$1,slot=${2:-1}${3:-}")
}

# guest MACHINE   Runs it and compares.
guest() {
    start_guest timeout "$guest_limit" "$TENON_EMULATOR" -nodefaults -no-user-config -display none -no-reboot \
        -bios qboot.rom -M "$1" -accel kvm -cpu host -m 256M "${object[@]}" \
        -kernel "$(guest_kernel vmlinux)" -initrd "$TENON_GUEST_INITRD" \
        -append "$(guest_words packed-config-all)" "${arguments[@]}" -serial stdio || {
        cat "$work/messages"
        fail "QEMU ended with status $?"
    }
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    cat "$work/messages"
    unpacked config-all >"$work/seen"
    python3 "$here/compare_target.py" "$work/seen" "${compared[@]}" || fail "QEMU's guest sees something else"
    compared=() arguments=()
}

port 1
expect nvme 00:01.0/00.0 host=01:00.0,bus=port1,addr=0 --target qemu-11.1 "$disk"
planned nvme '70: 00 00 00 00 00 00 00 00 a0 03 30 00'
planned nvme '100: 00 00 00 11'
port 2
expect igb-with-rom-file 00:02.0/00.0 "host=02:00.0,bus=port2,addr=0,romfile=$work/rom" --target qemu \
    "0000:02:00.0,rom=$work/rom"
port 3 1 ,hotplug=off
expect edu-without-hot-plug 00:03.0/00.0 host=04:00.0,bus=port3,addr=0 --target qemu --port rp0,hotplug=off \
    0000:04:00.0,port=rp0
port 4
expect nvme-of-two 00:04.0/00.0 host=07:00.0,bus=port4,addr=0.0,multifunction=on --target qemu \
    0000:07:00.1,port=a,function=1 0000:07:00.0,port=a,function=0
planned nvme-of-two '80: 10 60 02 00 .. .. .. .. .. .. .. .. 11 00 00 00'
planned nvme-of-two '100: 15 00 01 18 10 00 00 00'
planned nvme-of-two '150: 1e 00 01 18'
expect edu-of-two 00:04.0/00.1 host=07:00.1,bus=port4,addr=0.1 --target qemu \
    0000:07:00.1,port=a,function=1 0000:07:00.0,port=a,function=0
port 5
# Without a list of capabilities.
expect rtl8139 00:05.0/00.0 host=00:0a.0,bus=port5,addr=0 --target qemu 0000:00:0a.0
port 6
expect virtio-net-without-ats 00:06.0/00.0 host=05:00.0,bus=port6,addr=0,ats=off --target qemu \
    0000:05:00.0,ats=off
expect legacy-on-the-root-bus 00:10.0 host=03:00.0,bus=pcie.0,addr=10 --target qemu,place=root-bus 0000:03:00.0
arguments+=(-device "pcie-root-port,id=port7,bus=pcie.0,addr=7,chassis=7,slot=7"
    -device "pcie-pci-bridge,id=conventional,bus=port7,addr=0")
expect virtio-blk-on-a-conventional-bus 00:07.0/00.0/01.0 host=06:00.0,bus=conventional,addr=1 \
    --target qemu,place=conventional 0000:06:00.0
guest q35

expect nvme-on-pc 00:10.0 host=01:00.0,bus=pci.0,addr=10 --target qemu,place=pc "$disk"
expect igb-on-pc 00:11.0 host=02:00.0,bus=pci.0,addr=11,rombar=0 --target qemu,place=pc 0000:02:00.0,rom=off
expect edu-on-pc 00:12.0 host=04:00.0,bus=pci.0,addr=12 --target qemu,place=pc 0000:04:00.0
expect e1000e-relocated-on-pc 00:13.0 host=03:00.0,bus=pci.0,addr=13,x-msix-relocation=bar3 \
    --target qemu,place=pc 0000:03:00.0,msix-relocation=bar3
guest pc

# Behind an IOMMU of the guest's in scalable mode: below a switch and an older port, and on the root bus.
arguments+=(-device "intel-iommu,intremap=on,caching-mode=on,scalable-mode=on"
    -device "pcie-root-port,id=port1,bus=pcie.0,addr=1,chassis=1"
    -device "x3130-upstream,id=up,bus=port1,addr=0" -device "xio3130-downstream,id=down,bus=up,addr=0,chassis=2"
    -device "ioh3420,id=port2,bus=pcie.0,addr=2,chassis=3")
expect_function igb-below-a-switch 00:01.0/00.0/00.0/00.0 host=02:00.0,bus=down,addr=0 --target qemu 0000:02:00.0
expect_function nvme-below-ioh3420 00:02.0/00.0 host=01:00.0,bus=port2,addr=0 --target qemu "$disk"
expect_function virtio-net-on-the-root-bus 00:12.0 host=05:00.0,bus=pcie.0,addr=12 --target qemu,place=root-bus \
    0000:05:00.0
expect_function edu-on-the-root-bus 00:10.0 host=04:00.0,bus=pcie.0,addr=10 --target qemu,place=root-bus 0000:04:00.0
expect_function rtl8139-on-the-root-bus 00:11.0 host=00:0a.0,bus=pcie.0,addr=11 --target qemu,place=root-bus 0000:00:0a.0
guest q35,kernel-irqchip=split
