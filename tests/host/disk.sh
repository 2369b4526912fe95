#!/usr/bin/env bash
# Disks whose programs are started and ended with the guest: a raw image, a qcow2 above another image, and one that
# is only read. The guest reads and writes them by its stock driver, verified by checksum. A program that is killed is
# told of; when the guest ends, or is killed itself, no program stays. A disk comes while the guest runs, and goes.
#
#   disk.sh

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
PATH=$TENON_BACKENDS:$PATH
export PATH
cd "$work"
head -c 16M < <(seq 1 9000000) >image
cp image base
original=$(sha256sum <base | cut -d' ' -f1)

# A qcow2 of version 2 and 16 MiB in which nothing is written yet: header, table of reference counts, their first
# block, and the first table of the mapping, 64 KiB each.
python3 - <<'END'
import struct

cluster, name, form = 1 << 16, b"base", b"raw"
header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0x200, len(name), 16, 16 << 20, 0, 1, 3 * cluster,
                     cluster, 1, 0, 0)
header += struct.pack(">II8sII", 0xE2792ACA, len(form), form, 0, 0)
with open("overlay.qcow2", "wb") as image:
    image.write(header.ljust(0x200, b"\0") + name)
    image.seek(cluster)
    image.write(struct.pack(">Q", 2 * cluster))
    image.seek(2 * cluster)
    image.write(struct.pack(">4H", 1, 1, 1, 1))
    image.truncate(4 * cluster)
END
printf 'QFI\373' | cat - image >disguised

# sum_of FILE [SKIP COUNT]   SHA-256 of it, or of COUNT MiB after SKIP.
sum_of() { dd if="$1" bs=1M ${2:+skip="$2" count="$3"} 2>/dev/null | sha256sum | cut -d' ' -f1; }
# read_all DISK   For the guest: SHA-256 of what it reads past its page cache.
read_all() { printf 'dd if=/dev/%s bs=1M iflag=direct 2>/dev/null | sha256sum | cut -d" " -f1' "$1"; }
# gone PROCESS   It has ended; who should take note of that need not have done so.
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
# refused STATUS WORDS OPTION…   A guest does not start.
refused() {
    local expected=$1 words=$2 status=0
    shift 2
    timeout 300 "$TENON" run --kernel "$(guest_kernel bzimage)" "$@" </dev/null >/dev/null 2>"$work/err" || status=$?
    expect_equal "a start with $*" "$expected" "$status"
    grep -q "$words" "$work/err" || fail "no word of '$words': $(cat "$work/err")"
}

# A plan starts nothing.
PATH=/usr/bin:/bin "$TENON" plan --json --disk nowhere >shown
expect_equal 'assignable by the plan' True \
    "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["assignable"])' <shown)"
PATH=/usr/bin:/bin refused 1 'qemu-system-common of Debian 12' --disk image
refused 1 'No such file' --disk nothing
refused 2 'Say format=qcow2' --disk disguised

start_live --device "$disk" --disk image,id=data --disk overlay.qcow2 --disk base,readonly --port late
daemons=$(pgrep -P "$guest" -f qemu-storage-daemon | tr '\n' ' ')
expect_equal 'programs' 3 "$(wc -w <<<"$daemons")"
# shellcheck disable=SC2016  # for the guest
in_guest 'n=0; until [ -b /dev/vdc ] || [ $n -eq 240 ]; do n=$((n + 1)); sleep 0.25; done; [ -b /dev/vdc ]'
for name in vda vdb vdc; do
    expect_equal "SHA-256 of $name" "$original" "$(in_guest "$(read_all "$name")")"
done
expect_equal 'which are only read' '0 0 1' "$(in_guest 'cat /sys/block/vd[abc]/ro' | tr '\n' ' ' | sed 's/ $//')"

# The images are taken. What a program says when it cannot begin comes out in our words.
refused 1 'image: it is in use' --disk image
refused 1 'base: it is in use' --disk base
truncate -s 4096 broken.qcow2
printf 'QFI\373' | dd of=broken.qcow2 conv=notrunc 2>/dev/null
refused 1 'warning: dev0 (disk:broken.qcow2): qemu-storage-daemon: .*qcow2' --disk broken.qcow2
grep -q 'qemu-storage-daemon ended with status 1' err || fail "no word of its end: $(cat err)"

make_data='seq 1 900000 | head -c 4194304 >/tmp/data'
in_guest "$make_data"
data=$(in_guest 'sha256sum </tmp/data | cut -d" " -f1')
# shellcheck disable=SC2016  # for the guest
in_guest 'for name in vda vdb; do dd if=/tmp/data of=/dev/$name bs=1M seek=5 oflag=direct 2>/dev/null; done; sync'
expect_equal 'SHA-256 of what it wrote' "$data" "$(sum_of image 5 4)"
overlaid=$(in_guest "$(read_all vdb)")
expect_equal 'SHA-256 of the other disk now' "$(sum_of image)" "$overlaid"
expect_equal 'SHA-256 of the image below it' "$original" "$(sum_of base)"

# Nothing is started once the machine is sealed.
! ctl device_add driver=disk file=base bus=late >answer 2>&1 || fail 'a sealed machine started a program'
grep -q 'sealed: it starts no program' answer || fail "no word of the seal: $(cat answer)"

# The first of them is the first disk's.
kill -KILL "${daemons%% *}"
until_so 120 'the loss is told' grep -q back-end-lost "$events"
grep -q 'qemu-storage-daemon was ended by signal 9' "$events" || fail "no word of how: $(cat "$events")"
expect_equal 'SHA-256 of the others once it is lost' "$overlaid $original" \
    "$(in_guest "$(read_all vdb)") $(in_guest "$(read_all vdc)")"
shut_down
for process in $daemons; do
    gone "$process" || fail "a program is there after the guest: $process"
done

# What was written is there for the next guest.
start_live --seal=off --disk overlay.qcow2 --port late
expect_equal 'SHA-256 for the next guest' "$overlaid" "$(in_guest "$(read_all vda)")"

# One comes while the guest runs, is read, and goes; its program with it. What is wrong is told as at the start.
cp base plugged
! ctl device_add driver=disk file=nowhere bus=late >answer 2>&1 || fail 'a disk without an image came'
grep -q 'nowhere: No such file' answer || fail "no word of the image: $(cat answer)"
ctl device_add driver=disk file=plugged id=plugged bus=late
# shellcheck disable=SC2016  # for the guest
in_guest 'n=0; until [ -b /dev/vdb ] || [ $n -eq 240 ]; do n=$((n + 1)); sleep 0.25; done; [ -b /dev/vdb ]'
expect_equal 'SHA-256 of the disk that came' "$original" "$(in_guest "$(read_all vdb)")"
in_guest "$make_data"
in_guest 'dd if=/tmp/data of=/dev/vdb bs=1M seek=5 oflag=direct 2>/dev/null; sync'
late=$(pgrep -n -P "$guest")
unplug plugged
until_so 60 'its program has ended' gone "$late"
expect_equal 'SHA-256 of what it wrote to it' "$data" "$(sum_of plugged 5 4)"

# It is killed, and its programs end.
daemons=$(pgrep -P "$guest")
kill -KILL "$guest"
wait "$guest" || true
guest=''
until_so 60 'the program ends with the guest' gone "$daemons"
printf 'ok: no program is left\n'
