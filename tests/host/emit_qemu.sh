#!/usr/bin/env bash
# A command that `tenon plan --emit qemu` writes starts, and gives the plan: every byte of configuration space of its
# functions and ports is what `plan --target qemu` says of them, in each place, but for the registers that change at run
# time (compare_target.py, compare_config.py).

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
bind 0000:01:00.0 0000:02:00.0 0000:04:00.0 0000:05:00.0 0000:06:00.0 0000:07:00.0 0000:07:00.1 0000:00:0a.0
# A ROM that firmware finds nothing in.
{
    printf '\x55\xaa\x02'
    head -c 3000 /dev/zero
} >"$work/a rom"

# carried_out PLACE COMPARED… -- WORD…   The plan of WORD… is carried out by QEMU, and what COMPARED… name of it
# (NAME=PLACE@ADDRESS, see compare_target.py) is found in its guest.
carried_out() {
    local place=$1 compared=() command=()
    shift
    while [ "$1" != -- ]; do
        compared+=("${1%@*}=$work/planned-$place@${1##*@}")
        shift
    done
    shift
    "$TENON" plan --target "qemu-11.1,place=$place" --memory 256M --emit lspci "$@" >"$work/planned-$place" ||
        fail "$place is not to be planned"
    "$TENON" plan --target "qemu-11.1,place=$place" --memory 256M --emit qemu "$@" >"$work/command-$place" ||
        fail "$place is not to be written"
    cat "$work/command-$place"
    eval "command=($(grep -v '^#' "$work/command-$place"))"
    # The rest is ours to add, as the command says.
    start_guest timeout "$guest_limit" "$TENON_EMULATOR" "${command[@]:1}" -no-user-config -display none -no-reboot \
        -bios qboot.rom -kernel "$(guest_kernel vmlinux)" -initrd "$TENON_GUEST_INITRD" \
        -append "$(guest_words packed-config-all)" -serial stdio || {
        cat "$work/messages"
        fail "QEMU ended with status $?"
    }
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    cat "$work/messages"
    unpacked config-all >"$work/seen"
    python3 "$here/compare_target.py" "$work/seen" "${compared[@]}" || fail "the guest of $place sees something else"
}

carried_out port port-of-nvme=00:01.0@00:01.0 nvme=00:01.0/00.0@01:00.0 \
    port-of-igb=00:02.0@00:02.0 igb-with-rom-file=00:02.0/00.0@02:00.0 \
    port-without-hot-plug=00:03.0@00:03.0 edu=00:03.0/00.0@03:00.0 \
    port-of-two=00:04.0@00:04.0 nvme-of-two=00:04.0/00.0@04:00.0 edu-of-two=00:04.0/00.1@04:00.1 \
    virtio-net-without-ats=00:05.0/00.0@05:00.0 virtio-blk-relocated=00:06.0/00.0@06:00.0 -- \
    --port a --port b --port still,hotplug=off --port card \
    0000:01:00.0,port=a "0000:02:00.0,port=b,rom=$work/a rom" 0000:04:00.0,port=still \
    0000:07:00.0,port=card,function=0 0000:07:00.1,port=card,function=1 0000:05:00.0,ats=off \
    0000:06:00.0,msix-relocation=bar2
# Behind an IOMMU of the guest's, which stands in front of all.
carried_out root-bus nvme=00:01.0@01:00.0 igb-without-rom=00:02.0@02:00.0 virtio-net=00:03.0@03:00.0 -- \
    --viommu vtd --port a --port b --port c 0000:01:00.0,port=a 0000:02:00.0,port=b,rom=off 0000:05:00.0,port=c
grep -q 'device intel-iommu' "$work/command-root-bus" || fail "the command has no IOMMU"
carried_out conventional nvme=00:01.0/00.0/01.0@01:00.0 virtio-net=00:01.0/00.0/02.0@02:00.0 \
    rtl8139=00:01.0/00.0/03.0@03:00.0 -- --port a --port b --port c 0000:01:00.0,port=a 0000:05:00.0,port=b \
    0000:00:0a.0,port=c
carried_out pc nvme=00:02.0@01:00.0 nvme-of-two=00:03.0@02:00.0 edu-of-two=00:03.1@02:00.1 virtio-blk=00:04.0@03:00.0 -- \
    --port a --port card --port c 0000:01:00.0,port=a 0000:07:00.0,port=card,function=0 \
    0000:07:00.1,port=card,function=1 0000:06:00.0,port=c
