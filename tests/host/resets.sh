#!/usr/bin/env bash
# What a guest resets is reset: a function by its function level reset and by the bus above it; with reset=bus
# together with all on the host's bus, and not while another of them is in use; and when the guest has gone.

# shellcheck disable=SC2016  # what is for the guest is not for this shell
set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
disk2=0000:07:00.0 edu=0000:07:00.1
bind "$disk" "$disk2" "$edu"
states() { for address in "$disk" "$disk2" "$edu"; do printf '%s %s\n' "$address" "$(host_state "$address")"; done; }
before=$(states)

# mask   The guest's driver lets go of its NVMe at 01:00.0; Interrupt Mask Set gets a value that no reset leaves.
# Source: NVM Express Base Specification 2.0, 3.1.3.3.
mask() {
    in_guest 'cd /sys/bus/pci/devices/0000:01:00.0; ! [ -e driver ] || echo 0000:01:00.0 >driver/unbind'
    in_guest 'base=$(cut -d" " -f1 resource | head -n 1); register=$((base + 12))'
    in_guest 'setpci -s 01:00.0 BASE_ADDRESS_0=$(printf %x $((base & 0xffffffff))) COMMAND=2:2; devmem $register 32 5'
    expect_equal 'masks before' 0x00000005 "$(masks)"
}
masks() { in_guest 'devmem $register 32'; }

start_live --device "$disk"
for way in flr bus; do
    mask
    in_guest "echo $way >reset_method && echo 1 >reset"
    expect_equal "masks after the guest's reset by $way" 0x00000000 "$(masks)"
done
in_guest 'echo 0000:01:00.0 >/sys/bus/pci/drivers/nvme/bind'
check_guest_disk
shut_down
expect_equal 'the devices afterwards' "$before" "$(states)"

refused 1 'a bus that is not all of this guest' "$edu" --kernel "$(guest_kernel bzimage)" \
    --device "$disk2,reset=bus"

printf '\nTwo functions that are reset with their bus:\n'
start_live --device "$disk2,port=slot,reset=bus" --device "$edu,port=slot,reset=bus"
mask
in_guest 'echo flr >reset_method && echo 1 >reset'
expect_equal 'masks after a reset while the other is not used' 0x00000000 "$(masks)"
mask
in_guest 'setpci -s 01:00.1 COMMAND=2:2; echo 1 >reset'
expect_equal 'masks after a reset while the other is used' 0x00000005 "$(masks)"
grep -F 'not reset: the bus above it would reset' "$work/messages" || fail 'no word of the reset that was not'
in_guest 'setpci -s 00:01.0 BRIDGE_CONTROL=40:40; usleep 10000; setpci -s 00:01.0 BRIDGE_CONTROL=0:40; sleep 1'
in_guest 'setpci -s 01:00.0 BASE_ADDRESS_0=$(printf %x $((base & 0xffffffff))) COMMAND=2:2'
expect_equal 'masks after a reset of the bus' 0x00000000 "$(masks)"
expect_equal 'Command of the other' 0000 "$(in_guest 'setpci -s 01:00.1 COMMAND')"
mask
shut_down
expect_equal 'the devices at the end' "$before" "$(states)"

bind --back "$disk2"
until_so 300 'the host has its disk back' ls /sys/bus/pci/devices/$disk2/nvme/nvme*/nvme*n1 >/dev/null
node=/dev/$(basename "$(echo /sys/bus/pci/devices/$disk2/nvme/nvme*/nvme*n1)")
until_so 300 'its node is there' test -b "$node"
expect_equal 'SHA-256 of it on the host' "$TENON_DISK2_CHECKSUM" "$(sha256sum "$node" | cut -d' ' -f1)"
