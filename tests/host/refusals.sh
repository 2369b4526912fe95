#!/usr/bin/env bash
# A start that fails is one message with object, step and what to do, an exit status, and a host that is
# as before. Where commands are said to mend it, they do.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
kernel=$(guest_kernel bzimage)
card=0000:07:00.0 sibling=0000:07:00.1
node_of() { printf '/dev/vfio/devices/%s' "$(ls "/sys/bus/pci/devices/$1/vfio-dev")"; }

# without FILE… -- COMMAND…   Runs the command while the files are elsewhere.
without() {
    local files=() file status=0
    while [ "$1" != -- ]; do files+=("$1") && shift; done
    shift
    for file in "${files[@]}"; do mv "$file" "$file.away"; done
    "$@" || status=$?
    for file in "${files[@]}"; do mv "$file.away" "$file"; done
    return "$status"
}

# What is wrong with the device.
refused 1 'bound to another driver' 'bound to the host driver nvme' --kernel "$kernel" --device "$disk"
echo "$disk" >"/sys/bus/pci/devices/$disk/driver/unbind"
refused 1 'bound to no driver' 'bound to no driver' --kernel "$kernel" --device "$disk"
printf '\n%s:\n' 'the commands that mend it'
"$TENON" plan --json --no-open "$disk" >"$work/plan.json" || true
python3 -c '
import json, sys
print("\n".join(json.load(open(sys.argv[1]))["ports"][0]["functions"][0]["mend"]))
' "$work/plan.json" | tee "$work/mend"
# Both drivers are built in here, and there is nothing that modprobe could load.
sed 's/^modprobe .*/true/' "$work/mend" | sh -e
"$TENON" plan --no-open "$disk" >"$work/plan" || fail 'the commands do not mend it'

bind "$sibling"
refused 1 'a group that is not viable' "$card of the same IOMMU group" \
    --kernel "$kernel" --device "$sibling"
grep -q 'is bound to nvme' "$work/flat" || fail 'the driver of the other member is not named'
"$TENON" plan --json "$sibling" >"$work/plan.json" || true
python3 -c '
import json, sys
print("\n".join(json.load(open(sys.argv[1]))["ports"][0]["functions"][0]["mend"]))
' "$work/plan.json" | sed 's/^modprobe .*/true/' | sh -e
"$TENON" plan "$sibling" >"$work/plan" || fail 'the commands do not mend the group'

node=$(node_of "$disk") group=$(basename "$(readlink "/sys/bus/pci/devices/$disk/iommu_group")")
without "$node" -- refused 1 'its node is missing' 'VFIO shows no node of it' \
    --kernel "$kernel" --device "$disk,iommu=iommufd"
without "$node" "/dev/vfio/$group" -- refused 1 'both nodes are missing' 'VFIO shows no group of it' \
    --kernel "$kernel" --device "$disk"
without /dev/vfio/vfio -- refused 1 'the container is missing' '/dev/vfio/vfio: No such file' \
    --kernel "$kernel" --device "$disk,iommu=group"
without /dev/iommu -- refused 1 'iommufd is missing and forced' '/dev/iommu: not there' \
    --kernel "$kernel" --device "$disk,iommu=iommufd"

# Somebody without rights: the program and what it reads have to be where they can reach them.
mkdir /tmp/anybody
cp "$TENON" "$TENON_GUEST_INITRD" "$kernel" /tmp/anybody
own=$TENON TENON=/tmp/anybody/$(basename "$TENON")
theirs=(--kernel "/tmp/anybody/$(basename "$kernel")" --device)
chmod 666 /dev/kvm
as=(bash -c 'ulimit -l unlimited; exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"' anybody)
refused 1 'no permission for the nodes' "/dev/vfio/$group: Permission denied" "${theirs[@]}" "$disk"
chown 1000 "$node"
chmod 666 /dev/iommu
as=(bash -c 'ulimit -l 65536; exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"' anybody)
refused 1 'a lock limit that is too low' 'this user may lock 64 MiB' "${theirs[@]}" "$disk" --memory 256M
grep -q 'ulimit -l 262144' "$work/flat" || fail 'how far to raise it is not said'
chown 1000 "/dev/vfio/$group" /dev/vfio/vfio
refused 1 'the same by group' 'this process may lock 64 MiB' "${theirs[@]}" "$disk,iommu=group" \
    --memory 256M
as=()
chmod 600 /dev/kvm
TENON=$own

# What is wrong with the host, the files or the machine asked for.
without /dev/kvm -- refused 1 'no KVM' '/dev/kvm: No such file' --kernel "$kernel" --device "$disk"
grep -q 'kvm_intel or kvm_amd' "$work/flat" || fail 'what to load is not said'
refused 1 'a kernel that is none' /etc/passwd --kernel /etc/passwd --device "$disk"
refused 1 'a kernel that is not there' /nonexistent --kernel /nonexistent --device "$disk"
refused 1 'an initrd that is not there' /nonexistent --kernel "$kernel" --initrd /nonexistent \
    --device "$disk"
refused 1 'more memory than the host has' 'guest memory' --kernel "$kernel" --memory 64G \
    --device "$disk"
refused 1 'no function 0' 'no function 0' --kernel "$kernel" --device "$disk,function=3"
refused 2 'two devices in one function' 'function 0 of port a is taken' --kernel "$kernel" \
    --device "$disk,port=a,function=0" --device "$card,port=a,function=0"
bind 0000:00:0b.0 0000:00:0c.0
refused 1 'a window that is too small' 'of the 32-bit memory window, which has no room left' \
    --kernel "$kernel" --device "$disk" --device 00:0b.0 --device 00:0c.0
: >/tmp/empty.rom
refused 2 'an option ROM that is none' 'the file is empty' --kernel "$kernel" \
    --device "$disk,rom=/tmp/empty.rom"
refused 2 'an option ROM that is no file' 'it is a character device' --kernel "$kernel" \
    --device "$disk,rom=/dev/null"

# Files that somebody handed over and that are something else.
refused 2 'fd= of something else' 'fd=0: it is null' --kernel "$kernel" --device fd=0
refused 1 'fd= of nothing' 'fd=99: no file is open' --kernel "$kernel" --device fd=99
exec 7<>"/dev/vfio/$group"
refused 2 'fd= of a group' "fd=7: it is $group" --kernel "$kernel" --device fd=7
exec 7>&-
exec 7<>"$(node_of "$card")"
refused 2 'fd= of another function' "fd=7 is $card" --kernel "$kernel" --device "$disk,fd=7"
exec 7>&-
refused 2 '--iommufd of something else' '--iommufd: fd=0: it is null' --kernel "$kernel" \
    --iommufd fd=0 --device "$disk"

# Somebody else has it: a guest that has come up to its shell.
"$TENON" run --kernel "$kernel" --initrd "$TENON_GUEST_INITRD" --memory 64M \
    --append "$(guest_words shell)" --device "$disk" < <(sleep 600) >"$work/other" 2>&1 &
other=$!
for _ in $(seq 2500); do
    ! grep -q '@@shell begin' "$work/other" || break
    sleep 0.2
done
refused 1 'in use by another process' 'fuser -v' --kernel "$kernel" --device "$disk"
refused 1 'the same by group' 'fuser -v' --kernel "$kernel" --device "$disk,iommu=group"
kill "$other"
wait "$other" || true
expect_equal 'the device after a signal' 'open VFIO files 0' "$(host_state "$disk" | grep -o 'open VFIO.*')"
