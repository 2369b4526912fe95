#!/usr/bin/env bash
# A device that is told a wrong address reaches nothing, and the host's log names it: edu, behind the guest's IOMMU
# and driven by its shell. Led past the IOMMU it reaches the same memory, and led back it does not. A disk is read
# meanwhile, by DMA that the guest's driver maps.
#
#   iommu_wrong_address.sh apart|together    two slots; or one, of functions that the host does not tell apart

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
checksum=$TENON_DISK_CHECKSUM
case $1 in
    apart)
        edu=0000:04:00.0
        devices=(--device "$disk" --device "$edu")
        ;;
    together)
        disk=0000:07:00.0 edu=0000:07:00.1 checksum=$TENON_DISK2_CHECKSUM
        devices=(--device "$disk,port=a,function=0" --device "$edu,port=a,function=1")
        ;;
esac
bind "$disk" "$edu"
states() { for address in "$disk" "$edu"; do printf '%s %s\n' "$address" "$(host_state "$address")"; done; }
before=$(states)

# faults Read|Write   That the host's log has of edu, in the page that it was told.
faults() { dmesg | grep -cE "DMAR: \[DMA $1.*\[(0000:)?${edu#0000:}\] fault addr 0x8000000" || true; }
# check_disk_read WHEN
check_disk_read() { expect_equal "SHA-256 of the disk, $1" "$checksum" "$(in_guest 'run disk')"; }
# expect_kept WHEN   The guest's memory is as it was, and the host has seen edu read and write.
expect_kept() {
    local reads writes
    reads=$(faults Read) writes=$(faults Write)
    expect_equal "memory that edu was told of, $1" 0x600D600D "$(in_guest 'copy 0xfeedc0de')"
    dmesg | grep -E 'DMAR: \[DMA' | tail -n 2
    expect_equal 'its reads that the host names' $((reads + 1)) "$(faults Read)"
    expect_equal 'its writes that the host names' $((writes + 1)) "$(faults Write)"
}

"$TENON" plan -v --viommu vtd "${devices[@]}" | grep -A4 'viommu' || true
# Memory that the guest's kernel leaves alone.
# shellcheck disable=SC2016  # the kernel reads the sign
guest_extra='intel_iommu=on,sm_off iommu.passthrough=0 iommu.strict=1 memmap=1M$0x8000000'
start_live --viommu vtd "${devices[@]}"
# What is in single quotes, the guest's shell expands.
# shellcheck disable=SC2016
{
    in_guest 'e=$(functions 1234:11e8); e=${e##*/}; n=$(functions 1b36:0010); n=${n##*/}'
    in_guest 'setpci -s "$e" COMMAND=6:6; b=$(bar_of "/sys/bus/pci/devices/$e" 0)'
    in_guest 'group() { readlink -f "/sys/bus/pci/devices/$1/iommu_group"; }; echo "edu: $(group $e), disk: $(group $n)"'
    # Registers of edu: source 80, destination 88, count 90, command 98 (1: start, 2: out of its buffer at 40000).
    in_guest 'dma() { devmem $((b + 0x80)) 64 $1; devmem $((b + 0x88)) 64 $2; devmem $((b + 0x90)) 32 4; devmem $((b + 0x98)) 32 $3; usleep 400000; }'
    in_guest 'copy() { devmem 0x8000000 32 $1; devmem 0x8000100 32 0x600d600d; dma 0x8000000 0x40000 1; dma 0x40000 0x8000100 3; devmem 0x8000100 32; }'
    # All functions of a group lose their drivers before it goes elsewhere.
    in_guest 'lead() { [ "$(group $e)" != "$(group $n)" ] || [ ! -e "/sys/bus/pci/devices/$n/driver" ] || echo "$n" >/sys/bus/pci/drivers/nvme/unbind; echo "$1" >"$(group $e)/type"; cat "$(group $e)/type"; }'
    in_guest 'back() { [ -e "/sys/bus/pci/devices/$n/driver" ] || echo "$n" >/sys/bus/pci/drivers/nvme/bind; }'
    check_disk_read 'at first'
    expect_kept 'behind the IOMMU'
    check_disk_read 'afterwards'
    expect_equal 'how edu is led' identity "$(in_guest 'lead identity')"
    expect_equal 'what edu copied' 0xFEEDC0DE "$(in_guest 'copy 0xfeedc0de')"
    expect_equal 'how edu is led' DMA "$(in_guest 'lead DMA')"
    expect_kept 'behind it again'
    in_guest back
    check_disk_read 'at the end'
}
shut_down
expect_equal 'messages' 0 "$(grep -c '^tenon: ' "$work/messages" || true)"
expect_equal 'the devices afterwards' "$before" "$(states)"
