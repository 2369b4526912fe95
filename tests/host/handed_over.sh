#!/usr/bin/env bash
# A manager opens the nodes and starts a Tenon that may open none of them; a virtual function whose
# physical function another program has by VFIO takes its VF token.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
node_of() { printf '/dev/vfio/devices/%s' "$(ls "/sys/bus/pci/devices/$1/vfio-dev")"; }

bind "$disk"
before=$(host_state "$disk")
mkdir /tmp/anybody
cp "$TENON" "$TENON_GUEST_INITRD" "$(guest_kernel vmlinux)" /tmp/anybody
own=$TENON
chmod 666 /dev/kvm
exec 5<>"$(node_of "$disk")" 6<>/dev/iommu
as=(bash -c 'ulimit -l 300000; exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"' limited)
as+=("/tmp/anybody/$(basename "$TENON")")
status=0
"${as[@]}" run --kernel /tmp/anybody/vmlinux --initrd "/tmp/anybody/$(basename "$TENON_GUEST_INITRD")" \
    --memory 256M --append "$(guest_words disk,interrupts)" --iommufd fd=6 --device fd=5 \
    </dev/null >"$console.raw" 2>"$work/messages" || status=$?
tr -d '\r' <"$console.raw" >"$console"
cat "$work/messages"
expect_equal 'exit status of an unprivileged start' 0 "$status"
check_disk

# Its files are used up, and say so; the manager's own are still open and nothing else is.
status=0
"$TENON" plan --json --iommufd fd=6 fd=5 >"$work/plan" || status=$?
grep -q 'Device or resource busy' "$work/plan" || fail 'a file that was bound before is not refused'
exec 5>&- 6>&-
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"

# A physical function in the hands of a program that set a token.
physical=0000:02:00.0 token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3
echo Y >/sys/module/vfio_pci/parameters/enable_sriov
bind "$physical"
mkfifo "$work/hold"
python3 "$here/hold_physical.py" "$(node_of "$physical")" "$token" <"$work/hold" &
holder=$!
exec 8>"$work/hold"
for _ in $(seq 600); do
    [ ! -e /tmp/held ] || break
    sleep 0.1
done
[ -e /tmp/held ] || fail 'the physical function is not held'
echo 1 >"/sys/bus/pci/devices/$physical/sriov_numvfs"
virtual=$(basename "$(readlink "/sys/bus/pci/devices/$physical/virtfn0")")
[ "$(basename "$(readlink "/sys/bus/pci/devices/$virtual/driver")")" = vfio-pci ] || bind "$virtual"

TENON=$own as=()
disk=$virtual
for way in iommufd group; do
    refused 1 "no VF token by $way" 'give vf-token=UUID' --kernel "$(guest_kernel vmlinux)" \
        --device "$virtual,iommu=$way"
    refused 1 "a wrong VF token by $way" 'vf-token' --kernel "$(guest_kernel vmlinux)" \
        --device "$virtual,iommu=$way,vf-token=00000000-0000-0000-0000-000000000001"
    "$TENON" plan -v "$virtual,iommu=$way,vf-token=$token" >"$work/plan"
    grep -q 'opened through VFIO' "$work/plan" || fail "the token is not taken by $way"
    printf 'ok: the VF token opens it by %s\n' "$way"
done
exec 8>&-
wait "$holder"
