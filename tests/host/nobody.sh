#!/usr/bin/env bash
# A manager opens every file and starts Tenon as nobody, in namespaces of its own where there is nothing: no program, no
# node, no process, no network. The guest has two devices all the same.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
node_of() { printf '/dev/vfio/devices/%s' "$(ls "/sys/bus/pci/devices/$1/vfio-dev")"; }
net=0000:03:00.0

bind "$disk" "$net"
before=$(host_state "$disk")
chmod 600 /dev/kvm
mkfifo "$work/input"
exec 9<>"$work/input"
: >"$console" && heard=0
exec 3<"$TENON" 4<"$(guest_kernel vmlinux)" 5<"$TENON_GUEST_INITRD" 6<>/dev/kvm 7<>/dev/iommu 8<>"$(node_of "$disk")" \
    10<>"$(node_of "$net")"
(
    ulimit -l 600000
    exec python3 "$here/in_nothing.py" 3 tenon run --kernel fd=4 --initrd fd=5 --kvm fd=6 --iommufd fd=7 \
        --device fd=8,id=disk --device fd=10,id=net --memory 256M --no-reboot --seal full \
        --append "$(guest_words agent)"
) <"$work/input" >"$console" 2>"$work/messages" 9>&- &
starter=$!
guest=$starter
until_so 600 'the guest is ready' said ready
guest=$(pgrep -x tenon)
check_sealed 'As nobody' CapInh CapPrm CapEff CapAmb
expect_equal 'user' '65534 65534 65534 65534' "$(values_of Uid | tr '\t' ' ')"
expect_equal 'groups' '' "$(values_of Groups | tr -d ' ')"
expect_equal 'process in its namespace' 1 "$(values_of NSpid | awk '{print $2}')"
expect_equal 'what lies in its root' sys "$(ls "/proc/$guest/root")"
expect_equal 'its networks' lo "$(tail -n +3 "/proc/$guest/net/dev" | cut -d: -f1 | tr -d ' ')"
for kind in user mnt pid net; do
    [ "$(readlink "/proc/$guest/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ] || fail "its $kind namespace is ours"
done
guest=$starter
expect_equal 'functions of the guest' 2 "$(guest_functions)"
check_guest_disk
[ "$(interrupts_of "$(in_guest 'run interrupts')")" -gt 0 ] || fail "no interrupt of the NVMe was counted"
shut_down

# Without the file of KVM it has none.
status=0
python3 "$here/in_nothing.py" 3 tenon run --kernel fd=4 --seal full </dev/null >"$work/out" 2>"$work/err" || status=$?
cat "$work/err"
expect_equal 'exit status without KVM' 1 "$status"
grep -q '/dev/kvm: No such file or directory' "$work/err" || fail 'it does not say what it lacks'
exec 7>&- 8>&- 10>&-
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
