#!/usr/bin/env bash
# `tenon run --nobody`: who starts it has two rights, as in tenon@.service, and the guest's process none, no host around
# it, and a control socket in a folder of its user.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
user=4711
bind "$disk"
before=$(host_state "$disk")
chmod 600 /dev/kvm
chmod 755 "$work"
mkdir "$work/vm" && chown "$user:$user" "$work/vm"
socket=$work/vm/control
mkfifo "$work/input"
exec 9<>"$work/input"
: >"$console" && heard=0
(
    ulimit -l unlimited
    exec setpriv --bounding-set=-all,+setuid,+setgid --inh-caps=-all --no-new-privs "$TENON" run --nobody \
        --kernel "$(guest_kernel bzimage)" --initrd "$TENON_GUEST_INITRD" --memory 256M \
        --append "$(guest_words agent)" --device "$disk,id=disk1" --control "$socket"
) <"$work/input" >"$console" 2>"$work/messages" 9>&- &
starter=$!
guest=$starter
until_so 600 'the guest is ready' said ready
guest=$(pgrep -P "$starter")
check_sealed 'As nobody'
expect_equal 'user' "$user $user $user $user" "$(values_of Uid | tr '\t' ' ')"
expect_equal 'groups' '' "$(values_of Groups | tr -d ' ')"
expect_equal 'process in its namespace' 1 "$(values_of NSpid | awk '{print $2}')"
expect_equal 'what lies in its root' 'sys tmp' "$(cd "/proc/$guest/root" && find . -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd' ')"
expect_equal 'its networks' lo "$(tail -n +3 "/proc/$guest/net/dev" | cut -d: -f1 | tr -d ' ')"
for kind in user mnt pid net; do
    [ "$(readlink "/proc/$guest/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ] || fail "its $kind namespace is ours"
done
expect_equal 'files of who waits' 3 "$(find "/proc/$starter/fd" -type l | wc -l)"
expect_equal 'the socket' "$user 600" "$(stat -c '%u %a' "$socket")"
check_guest_disk
# Where there is no node, none is opened.
status=0
ctl device_add driver=vfio-pci host=0000:02:00.0 id=card1 >"$work/refused" 2>&1 || status=$?
expect_equal 'status of a plug by address' 1 "$status"
# A service manager tells all processes to end.
kill -TERM "$starter" "$guest"
status=0
wait "$starter" || status=$?
guest=''
cat "$work/messages"
expect_equal 'exit status' 1 "$status"
grep -q 'the guest was ended from outside' "$work/messages" || fail 'it does not say why it ended'
[ ! -e "$socket" ] || fail 'the control socket is left over'
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
