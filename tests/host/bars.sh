#!/usr/bin/env bash
# BARs follow the guest: they are where it puts them, gone while the function does not decode or sleeps,
# and back after a reset. The disk is read afterwards, so nothing was lost on the way.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
before=$(host_state "$disk")
run_guest "$(guest_kernel vmlinux)" bars,disk "$disk"
seen=$(section bars)
printf '%s\n' "$seen"
version=$(sed -n 's/^on //p' <<<"$seen")
[ "$version" != 0xFFFFFFFF ] || fail "the BAR does not answer at all"
expect_equal 'BARs' "on $version
off 0xFFFFFFFF
measured ffffc004
moved $version, left 0xFFFFFFFF
back $version
asleep 0xFFFFFFFF
awake $version
reset $version
raw reset 0xFFFFFFFF, command 0000, BAR 00000004" "$seen"
expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
