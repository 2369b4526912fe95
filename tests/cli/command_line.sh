#!/usr/bin/env bash
# Exit statuses, messages and streams of the program, as a shell sees them.
#
#   command_line.sh PROGRAM

set -euo pipefail
program=$(realpath "$1")
source=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source/tests/captures"
failed=0

fail() {
    printf 'FAILED: %s\n' "$*"
    failed=$((failed + 1))
}

# expect STATUS STREAM PATTERN WORD…   Runs the program; STREAM (out or err) has a line like PATTERN.
expect() {
    local expected=$1 stream=$2 pattern=$3 status=0
    shift 3
    "$program" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq "$expected" ] || fail "tenon $*: status $status instead of $expected"
    grep -qE -- "$pattern" "$work/$stream" || fail "tenon $*: no '$pattern' on std$stream"
    if [ "$status" -eq 2 ]; then
        [ ! -s "$work/out" ] || fail "tenon $*: prints beside its error"
        [ "$(wc -l <"$work/err")" -eq 1 ] || fail "tenon $*: the error is not one message"
    fi
}

expect 0 out '^tenon [0-9]+\.[0-9]+\.[0-9]+$' --version
expect 0 out '^Usage: tenon COMMAND' --help
expect 0 out '^Usage: tenon plan' plan --help
expect 2 err 'See: tenon --help$'
expect 2 err 'unknown command "fly"; known: plan, run' fly
expect 2 err 'DEVICE, --disk, --vhost-user or --port is required' plan
expect 0 out '^  dev0 disk:/nowhere: assignable' plan --disk /nowhere
expect 0 out '"name": "qemu-storage-daemon"' plan --json --disk /nowhere
expect 0 out 'serves /nowhere$' plan -v --disk /nowhere
expect 0 out 'virtiofsd serves /nowhere as' plan -v --share /nowhere,tag=work,readonly
expect 0 out '1af4:105a ' plan -v --share /nowhere,tag=work
expect 2 err '/nowhere: tag= is missing' plan --share /nowhere
expect 2 err 'tag=work is given twice' plan --share /a,tag=work --share /b,tag=work
expect 0 out '127.0.0.1:2222' plan -v --net user,forward=tcp:2222:22
expect 0 out '"mac": "52:54:00:12:34:56"' plan --json --net user
expect 2 err 'forward=22: wanted is tcp:HOST:GUEST' plan --net user,forward=22
expect 0 out 'disk:FILE' plan --anonymize --disk /nowhere
expect 2 err 'format=vmdk: known are raw, qcow2' plan --disk /nowhere,format=vmdk
expect 1 err 'disk:/nowhere: ' run --kernel handmade-nvme.lspci --disk /nowhere
expect 0 out '^  dev0 vhost-user:/nowhere: assignable' plan --vhost-user /nowhere,type=blk
expect 0 out '"socket": "/nowhere"' plan --json --vhost-user /nowhere,type=fs
expect 0 out 'vhost-user:SOCKET' plan --anonymize --vhost-user /nowhere,type=net
expect 0 out '1af4:1042 ' plan -v --vhost-user /nowhere,type=blk
expect 0 out '# .*vhost-user:/nowhere is left out' plan --emit qemu --vhost-user /nowhere,type=blk
expect 2 err '/nowhere: type= is missing' plan --vhost-user /nowhere
expect 2 err 'unknown option --unknown' plan --unknown handmade-nvme.lspci
expect 2 err 'json and --emit' plan --json --emit lspci handmade-nvme.lspci
expect 2 err 'known are lspci, qemu, libvirt, proxmox, kubevirt' plan --emit xml handmade-nvme.lspci
expect 2 err 'prefer speed: known are atomics, one-slot' plan --emit qemu --prefer speed handmade-nvme.lspci
expect 2 err 'belongs to --emit' plan --emit lspci --prefer atomics handmade-nvme.lspci
expect 2 err 'json and --emit' plan --json --emit qemu handmade-nvme.lspci
expect 2 err 'known: tenon-1' plan --machine tenon-0 handmade-nvme.lspci
expect 2 err 'unknown key "bus"; known: id, port, function, iommu, fd, vf-token, rom, host-atomics, ' plan handmade-nvme.lspci,bus=1
expect 2 err '^tenon: handmade-nvme.lspci: "id" is not key=value' plan handmade-nvme.lspci,id
expect 2 err 'port a is given twice' plan --port a --port a handmade-nvme.lspci
expect 2 err 'port a: unknown key "x"' plan --port a,x=1 handmade-nvme.lspci
expect 2 err 'port a: unknown key "x"; known: atomics, express, hotplug, mem, pref64$' plan --port a,x=1 handmade-nvme.lspci
expect 2 err 'atomics=16: known are auto' plan --port a,atomics=16 handmade-nvme.lspci
expect 2 err 'atomics=32\+32: .* each once' plan --port a,atomics=32+32 handmade-nvme.lspci
expect 2 err 'atomics=64\+auto: known are' plan --port a,atomics=64+auto handmade-nvme.lspci
expect 2 err 'atomics= is given twice' plan --port a,atomics=off,atomics=auto handmade-nvme.lspci
expect 2 err 'contradicts express=1' plan --port a,express=1,atomics=32 handmade-nvme.lspci
expect 2 err 'atomics=all-functions contradicts express=1' plan --port a,atomics=all-functions,express=1 handmade-nvme.lspci
expect 2 err 'contradicts express=1' run --kernel handmade-nvme.lspci --port a,atomics=32,express=1 --device 65:00.0
expect 2 err 'express=3: ' plan --port a,express=3 handmade-nvme.lspci
expect 0 out 'completes 32 and 64 bit' plan -v handmade-nvme.lspci,host-atomics=32+64
expect 0 out 'atomics=off +asked for +completes no AtomicOps' plan -v --port a,atomics=off handmade-nvme.lspci,port=a,host-atomics=32+64
expect 0 out 'as qemu-11.1 has it' plan --verbose --machine qemu-11.1 handmade-nvme.lspci,host-atomics=32+64
expect 2 err 'id a is given twice' plan handmade-nvme.lspci,id=a lab-igb.lspci,id=a
expect 2 err 'taken by another' plan handmade-nvme.lspci,port=a,function=1 lab-igb.lspci,port=a,function=1
expect 2 err 'nothing: No such file.*lspci -D' plan nothing
expect 2 err 'no hex rows|no function with hex rows' plan README.md
expect 2 err 'one of: 0000:41:00.0$' plan handmade-nvme.lspci#0000:42:00.0
expect 2 err 'this host has no such PCI function' plan ffff:ff:1f.7
expect 2 err 'ADDRESS is required' capture
expect 2 err 'this host has no such PCI function' capture ffff:ff:1f.7
expect 0 out '^Usage: tenon capture' capture --help
expect 0 out '^Usage: tenon list' list --help
expect 0 out '^Usage: tenon diff' diff --help
expect 2 err 'B is required' diff handmade-nvme.lspci
expect 1 out '^port.link.width +4 +1$' diff handmade-nvme.lspci lab-nvme.lspci
expect 1 out '^pasid.width +20 +8$' diff --viommu pasid lab-igb.lspci,host-pasid=20 lab-igb.lspci,host-pasid=8+exec
expect 1 out '^pasid.execute +no +yes$' diff --viommu pasid lab-igb.lspci,host-pasid=20 lab-igb.lspci,host-pasid=8+exec
expect 1 out '^atomics.requester_enable +guest +gated$' diff --port a,atomics=off handmade-nvme.lspci,host-atomics=32 handmade-nvme.lspci,port=a,host-atomics=32
expect 1 out '^intx +' diff lab-nvme.lspci lab-nvme.lspci,intx=off
expect 1 out '^port.properties.hotplug..value +on +off$' diff --port a,hotplug=off lab-nvme.lspci lab-nvme.lspci,port=a
expect 0 out 'would see the same' diff --machine qemu-11.0 lab-nvme.lspci lab-nvme.lspci
"$program" plan -v --json lab-nvme.lspci,port=p lab-igb.lspci,port=p,function=3 >"$work/slot.json"
"$program" plan --json lab-nvme.lspci >"$work/alone.json"
"$program" plan -v --json lab-nvme.lspci >"$work/bytes.json"
sed 's/f4 1a 00 11/f4 1a 01 11/' lab-nvme.lspci >"$work/updated.lspci"
"$program" plan -v --json "$work/updated.lspci" >"$work/updated.json"
expect 1 out '^port.functions +0, 3 +0$' diff "$work/slot.json#dev0" "$work/alone.json"
expect 1 out '^Header Type .0x0e. +0x80 +0x00$' diff "$work/slot.json#dev0" "$work/bytes.json"
expect 1 out '^guest_function +3 +0$' diff "$work/slot.json#dev1" "$work/alone.json"
expect 0 out 'tenon plan -v --json writes them' diff "$work/bytes.json" "$work/alone.json"
expect 1 out '^Subsystem ids .0x2c. +0x11001af4 +0x11011af4$' diff "$work/bytes.json" "$work/updated.json"
expect 2 err 'made already' diff --viommu pasid "$work/bytes.json" "$work/alone.json"
expect 0 out 'would see the same' diff lab-nvme.lspci lab-nvme.lspci
expect 2 err 'nothing: No such file' diff lab-nvme.lspci nothing
expect 2 err 'host-ats=on: known are' plan handmade-nvme.lspci,host-ats=on
expect 0 out '"width": 16' plan --json handmade-nvme.lspci,host-pasid=16+priv
expect 0 out 'assignable as far as known' plan handmade-nvme.lspci
expect 0 out '^Verdict$' plan handmade-nvme.lspci
expect 0 out 'is 01:00.3 in the guest' plan -v --port a lab-igb.lspci,port=a handmade-nvme.lspci,port=a,function=3
expect 1 out 'has no function 0' plan lab-igb.lspci,port=a,function=2

# The copies of one function's bytes in every form are planned alike.
python3 -c '
import re, sys
rows = re.findall(r"^[0-9a-f]{2,3}: (.*)$", sys.stdin.read(), re.MULTILINE)
sys.stdout.buffer.write(bytes.fromhex(" ".join(rows)))
' <lab-nvme.lspci >"$work/4096"
head -c 256 "$work/4096" >"$work/256"
head -c 64 "$work/4096" >"$work/64"
head -c 100 "$work/4096" >"$work/100"
sed 's/^/> /; s/$/\r/' lab-nvme.lspci >"$work/quoted"
expect 0 out 'Advanced Error|MSI-X' plan -v "$work/4096"
expect 0 out 'extended capabilities: only the first 256' plan "$work/256"
expect 0 out 'not known: of its configuration space only the header' plan "$work/64"
expect 0 out 'not known: they lie past' plan -v "$work/64"
expect 2 err '100 bytes are no configuration space' plan "$work/100"
"$program" plan --emit lspci lab-nvme.lspci >"$work/view"
for copy in "$work/4096" "$work/quoted"; do
    "$program" plan --emit lspci "$copy" | cmp - "$work/view" || fail "${copy##*/} gives another view"
done

# Few bytes are shown as few.
[ "$("$program" plan --emit lspci "$work/64" | grep -c '^[0-9a-f]*: ')" -eq 4 ] || fail '64 bytes'
[ "$("$program" plan --emit lspci "$work/256" | grep -c '^[0-9a-f]*: ')" -eq 16 ] || fail '256 bytes'

# A reader that leaves early is no failure; a full disk is.
status=0
{ "$program" plan --json lab-nvme.lspci || status=$?; echo "$status" >"$work/status"; } | head -c 1 >/dev/null
[ "$(cat "$work/status")" -eq 0 ] || fail "a closed pipe gives status $(cat "$work/status")"
status=0
"$program" plan lab-nvme.lspci >/dev/full 2>"$work/err" || status=$?
[ "$status" -eq 2 ] || fail "a full disk gives status $status"
grep -q 'No space left' "$work/err" || fail 'a full disk is not named'

# No colour into a file, nothing but text.
! "$program" plan lab-nvme.lspci | grep -q $'\x1b' || fail 'colours in a pipe'
for long in '' -v; do
    [ "$(COLUMNS=80 "$program" plan $long lab-nvme.lspci | awk '{ if (length > n) n = length } END { print n }')" -le 80 ] ||
        fail "lines are longer than COLUMNS: $long"
done

printf '%s failures\n' "$failed"
[ "$failed" -eq 0 ]
