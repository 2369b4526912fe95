#!/usr/bin/env bash
# A disk that is a process: qemu-storage-daemon serves a file behind a vhost-user socket. The guest reads and
# writes it by its stock driver; so it does after its driver let go, and after the machine was reset, by the same
# connection. The process is killed: that is told, and the guest and its other disk go on.
#
#   vhost_user.sh

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
image=$work/image
disk_socket=$work/disk.sock
option=$disk_socket,type=blk,id=data,port=data
head -c 16M < <(seq 1 9000000) >"$image"

# sum_of FILE [SKIP COUNT]   SHA-256 of it, or of COUNT MiB after SKIP.
sum_of() { dd if="$1" bs=1M ${2:+skip="$2" count="$3"} 2>/dev/null | sha256sum | cut -d' ' -f1; }

# What the guest reads of its disk, past its page cache.
read_all='dd if=/dev/vda bs=1M iflag=direct 2>/dev/null | sha256sum | cut -d" " -f1'
# shellcheck disable=SC2016  # for the guest
disk_is_there='n=0; until [ -b /dev/vda ] || [ $n -eq 240 ]; do n=$((n + 1)); sleep 0.25; done; [ -b /dev/vda ]'

# A plan connects to nobody: the socket is not there yet.
"$TENON" plan --json --vhost-user "$option" >"$work/plan"
expect_equal 'assignable by the plan' True \
    "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["assignable"])' <"$work/plan")"
status=0
"$TENON" run --kernel "$(guest_kernel bzimage)" --vhost-user "$option" </dev/null 2>"$work/err" || status=$?
expect_equal 'a start without a back end' 1 "$status"
grep -q 'Start its back end first' "$work/err" || fail "no word of the back end: $(cat "$work/err")"

"$TENON_BACKENDS/qemu-storage-daemon" --blockdev "driver=file,node-name=image,filename=$image" \
    --export "type=vhost-user-blk,id=disk,node-name=image,addr.type=unix,addr.path=$disk_socket,writable=on" \
    </dev/null >"$work/daemon" 2>&1 &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || true; end_live; rm -rf "$work"' EXIT
until_so 120 'the back end listens' [ -S "$disk_socket" ]

start_live --device "$disk" --vhost-user "$option"
in_guest "$disk_is_there"
expect_equal 'SHA-256 of the disk' "$(sum_of "$image")" "$(in_guest "$read_all")"

in_guest 'seq 1 900000 | head -c 4194304 >/tmp/data && dd if=/tmp/data of=/dev/vda bs=1M seek=5 oflag=direct 2>/dev/null && sync'
expect_equal 'SHA-256 of what it wrote' "$(in_guest 'sha256sum </tmp/data | cut -d" " -f1')" "$(sum_of "$image" 5 4)"
counted=$(interrupts_of "$(in_guest 'grep virtio /proc/interrupts')")
[ "$counted" -gt 0 ] || fail "no interrupt of the disk was counted"
printf 'ok: interrupts of the disk: %s\n' "$counted"

in_guest 'echo virtio0 >/sys/bus/virtio/drivers/virtio_blk/unbind && echo virtio0 >/sys/bus/virtio/drivers/virtio_blk/bind'
in_guest "$disk_is_there"
expect_equal 'SHA-256 once its driver took it again' "$(sum_of "$image")" "$(in_guest "$read_all")"

heard=$(wc -l <"$console")
ctl system_reset
until_so 600 'the guest is ready again' said ready
in_guest "$disk_is_there"
expect_equal 'SHA-256 after a reset of the machine' "$(sum_of "$image")" "$(in_guest "$read_all")"

kill -KILL "$daemon"
until_so 120 'the loss is told' grep -q back-end-lost "$events"
in_guest 'dd if=/dev/nvme0n1 of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null'
printf 'ok: the guest and its other disk go on\n'
shut_down
