#!/usr/bin/env bash
# Folders of the host in the guest, by virtiofsd that is started and ended with it: one to work in, one to read. What
# the guest reads and writes is verified by checksum; a write to the other is refused. The program is killed: that is
# told, and the guest goes on.
#
#   share.sh

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
PATH=$TENON_BACKENDS:$PATH
export PATH
mkdir "$work/shared" "$work/fixed"
head -c 4M < <(seq 1 900000) >"$work/shared/from-host"
echo kept >"$work/fixed/file"

# sum_of FILE   SHA-256 of it.
sum_of() { sha256sum <"$1" | cut -d' ' -f1; }

# A plan starts nothing; without the program there is no start.
status=0
PATH=/usr/bin:/bin "$TENON" run --kernel "$(guest_kernel bzimage)" --share "$work/shared,tag=work" \
    </dev/null 2>"$work/err" || status=$?
expect_equal 'a start without the program' 1 "$status"
grep -q 'virtiofsd of Debian 13' "$work/err" || fail "no word of the package: $(cat "$work/err")"

cd "$work"
start_live --device "$disk" --share shared,tag=work --share "$work/fixed,tag=fixed,readonly"
daemons=$(pgrep -P "$guest" -f virtiofsd | tr '\n' ' ')
expect_equal 'programs' 2 "$(wc -w <<<"$daemons")"
in_guest 'mkdir /shared /fixed && mount -t virtiofs work /shared && mount -t virtiofs fixed /fixed'
expect_equal 'SHA-256 of what the host wrote' "$(sum_of shared/from-host)" \
    "$(in_guest 'sha256sum </shared/from-host | cut -d" " -f1')"
in_guest 'seq 1 800000 | head -c 4194304 >/shared/from-guest && sync && ln -s from-guest /shared/link'
expect_equal 'SHA-256 of what the guest wrote' "$(in_guest 'sha256sum </shared/from-guest | cut -d" " -f1')" \
    "$(sum_of shared/from-guest)"
expect_equal 'its owner' 0 "$(stat -c %u shared/from-guest)"
expect_equal 'the link that the guest made' from-guest "$(readlink shared/link)"
expect_equal 'the folder for reading' kept "$(in_guest 'cat /fixed/file')"
! in_guest 'echo changed >/fixed/file' || fail 'a folder for reading was written to'
expect_equal 'the folder for reading afterwards' kept "$(cat fixed/file)"

# The connection outlives a reset, or the program would be gone.
heard=$(wc -l <"$console")
ctl system_reset
until_so 600 'the guest is ready again' said ready
in_guest 'mkdir /shared && mount -t virtiofs work /shared'
expect_equal 'SHA-256 after a reset of the machine' "$(sum_of shared/from-guest)" \
    "$(in_guest 'sha256sum </shared/from-guest | cut -d" " -f1')"

# The second is the second folder's.
# shellcheck disable=SC2086  # two words
set -- $daemons
kill -KILL "$2"
until_so 120 'the loss is told' grep -q back-end-lost "$events"
grep -q 'virtiofsd was ended by signal 9' "$events" || fail "no word of how: $(cat "$events")"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(in_guest 'run disk')"
expect_equal 'the other folder' from-guest "$(in_guest 'readlink /shared/link')"
shut_down
left=$(pgrep -f kept/usr/libexec/virtiofsd || true)
expect_equal 'programs that are left' '' "$left"
