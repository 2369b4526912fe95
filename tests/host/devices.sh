#!/usr/bin/env bash
# Several devices of all kinds in one guest: two NVMe, the virtual function of an igb whose physical
# function stays with the host, edu, and a conventional PCI function with BARs smaller than a page.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
physical=0000:02:00.0
rom_of() { echo 1 >"/sys/bus/pci/devices/$1/rom" && sha256sum <"/sys/bus/pci/devices/$1/rom" | cut -d' ' -f1; }

# The physical function keeps its driver and is where the virtual one's packets go to.
interface=$(ls "/sys/bus/pci/devices/$physical/net")
ip address add 192.168.77.1/24 dev "$interface"
ip link set "$interface" up
echo 1 >"/sys/bus/pci/devices/$physical/sriov_numvfs"
virtual=$(basename "$(readlink "/sys/bus/pci/devices/$physical/virtfn0")")
printf 'ok: %s is %s; its virtual function is %s\n' "$physical" "$interface" "$virtual"
rom=$(rom_of 0000:03:00.0)

devices=("$disk" 0000:07:00.0 "$virtual" 0000:04:00.0 0000:00:0a.0 0000:03:00.0)
bind "${devices[@]}" 0000:07:00.1
states() { for address in "${devices[@]}"; do printf '%s %s\n' "$address" "$(host_state "$address")"; done; }
before=$(states)
follow_steps 'counts: taken' counts_on_host
run_guest "$(guest_kernel bzimage)" rtl8139,edu_registers,roms,disks,net,counts "${devices[@]}"
end_steps >"$work/host-counts"

expect_equal 'both disks' "TENON-LAB-1 $TENON_DISK_CHECKSUM
TENON-LAB-2 $TENON_DISK2_CHECKSUM" "$(section disks | sort)"
section net
grep -q '^3 packets transmitted, 3 packets received' <<<"$(section net)" || fail 'pings were lost'
[ "$(interrupts_of "$(section net | grep :)")" -gt 0 ] || fail 'no interrupt of the virtual function'
# It is the third device, behind the third port.
section counts | awk '$1 == "0000:03:00.0" {print $2, $3}' | sort -n >"$work/guest-vectors"
sed -n "s/^$virtual //p" "$work/host-counts" >"$work/host-vectors"
expect_equal "vectors of the guest's igbvf" '0 1 2' "$(cut -d' ' -f1 "$work/guest-vectors" | xargs)"
# Where MSI-X is switched off and on for more vectors, the host counts anew and each vector is fired once.
case $(uname -r) in
    6.1*) printf 'ok: vectors of the VF, counted since the last was added: %s\n' "$(xargs <"$work/host-vectors")" ;;
    *) compare_counts "$work/guest-vectors" "$work/host-vectors" ;;
esac
expect_equal 'identification and liveness of edu' '0x010000ED 0xEDCBA987' "$(section edu_registers)"
expect_equal 'registers of the rtl8139' 'memory 0x12005452 0x9934
ports  12005452' "$(section rtl8139)"
expect_equal "the e1000e's option ROM" "0x8086:0x10d3 $rom" "$(section roms | grep 0x10d3)"
expect_equal 'the devices afterwards' "$before" "$(states)"
[ -e /dev/iommu ] && exit

# This kernel has no iommufd: forced, it is missed before anything is touched.
status=0
"$TENON" run --kernel "$(guest_kernel bzimage)" --device "$disk,iommu=iommufd" 2>"$work/err" || status=$?
cat "$work/err"
expect_equal 'exit status without iommufd' 1 "$status"
grep -q '/dev/iommu: not there' "$work/err" || fail 'iommufd is not named'
expect_equal 'the devices afterwards' "$before" "$(states)"
