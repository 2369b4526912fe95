#!/usr/bin/env bash
# A device copies from the memory of a second one into that of a third, by DMA: edu, between the controller
# memory buffers of two NVMe controllers (the emulated ones get some by cmb_size_mb). Again after memory
# decode of one was off, and after a reset of the other. Then one NVMe reads its disk into the buffer of the other,
# where it finds its queues too.
#
#   peer_to_peer.sh group|iommufd

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
disk2=0000:07:00.0 edu=0000:04:00.0
bind "$disk" "$disk2" 0000:07:00.1 "$edu"
states() { for address in "$disk" "$disk2" "$edu"; do printf '%s %s\n' "$address" "$(host_state "$address")"; done; }
before=$(states)

devices=()
for address in "$disk" "$edu"; do devices+=(--device "$address,iommu=$1"); done
"$TENON" plan --json "${devices[@]}" >"$work/plan"
"$TENON" plan -v "${devices[@]}" | grep -A2 'peer-to-peer:'
peers=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["peers"]["state"])' "$work/plan")
expect_equal 'peer-to-peer as the plan has it' mapped "$peers"

# complaints WHEN   Nothing was said of a BAR that could not be mapped.
complaints() { expect_equal "lines about peer-to-peer $1" '' "$(grep 'peer-to-peer' "$work/messages" || true)"; }

# What is in single quotes, the guest's shell expands.
# shellcheck disable=SC2016
copies() {
    # Without their drivers nobody else writes into the buffers.
    in_guest 'for f in /sys/bus/pci/drivers/nvme/*:*; do echo "${f##*/}" >"$f/driver/unbind"; done 2>/dev/null'
    in_guest 'set -- $(functions 1b36:0010); one=${1##*/} two=${2##*/}; e=$(functions 1234:11e8); e=${e##*/}'
    in_guest 'for n in $one $two $e; do setpci -s "$n" COMMAND=6:6; done'
    in_guest 'place() { bar_of "/sys/bus/pci/devices/$1" "$2"; }; a=$(place $one 2) b=$(place $two 2) e=$(place $e 0)'
    in_guest 'echo "the buffers are at $a and $b, edu at $e"'
    # Registers of edu: source 80, destination 88, count 90, command 98 (1: start, 2: out of its buffer at 40000).
    in_guest 'dma() { devmem $((e + 0x80)) 64 $1; devmem $((e + 0x88)) 64 $2; devmem $((e + 0x90)) 32 4; devmem $((e + 0x98)) 32 $3; usleep 400000; }'
    in_guest 'copy() { devmem $a 32 $1; devmem $b 32 0; dma $a 0x40000 1; dma 0x40000 $b 3; devmem $b 32; }'
    expect_equal 'what edu copied' 0xFEEDC0DE "$(in_guest 'copy 0xfeedc0de')"
    in_guest 'setpci -s $two COMMAND=0:2; usleep 100000; setpci -s $two COMMAND=2:2'
    expect_equal 'what it copied after memory decode was off' 0xC0FFEE01 "$(in_guest 'copy 0xc0ffee01')"
    in_guest 'echo 1 >/sys/bus/pci/devices/$one/reset; setpci -s $one COMMAND=6:6'
    expect_equal 'what it copied after a reset' 0x0BADCAFE "$(in_guest 'copy 0x0badcafe')"
}

# By hand, as its driver would: first an admin queue, then one for reading, all in the other's buffer.
# Source: NVM Express Base Specification 2.0, 3.5.1, 5.1 (opcodes 5 and 1); NVM Command Set 1.0, 3.2.4.
# shellcheck disable=SC2016  # for the guest
reads() {
    in_guest 'c=$(place $one 0); w() { devmem $((c + $1)) 32 $2; }; q() { devmem $((c + $1)) 64 $2; }'
    in_guest 'w 0x14 0; until [ $(($(devmem $((c + 0x1c)) 32) & 1)) = 0 ]; do usleep 10000; done'
    in_guest 'w 0x24 0x00070007; q 0x28 $b; q 0x30 $((b + 0x1000)); w 0x14 0x00460001'
    in_guest 'until [ $(($(devmem $((c + 0x1c)) 32) & 3)) = 1 ]; do usleep 10000; done'
    # command PLACE OPCODE NAMESPACE MEMORY DWORD10 DWORD11
    in_guest 'command() { at=$((b + $1)); devmem $at 32 $2; devmem $((at + 4)) 32 $3; devmem $((at + 24)) 64 $((b + $4)); devmem $((at + 40)) 32 $5; devmem $((at + 44)) 32 $6; }'
    # completed PLACE   Its phase has changed; prints its status.
    in_guest 'completed() { at=$((b + $1 + 12)); until [ $(($(devmem $at 32) & 0x10000)) != 0 ]; do usleep 10000; done; echo $(($(devmem $at 32) >> 17)); }'
    in_guest 'command 0x0 5 0 0x3000 0x00070001 1; w 0x1000 1'
    expect_equal 'status of a completion queue' 0 "$(in_guest 'completed 0x1000')"
    in_guest 'command 0x40 1 0 0x2000 0x00070001 0x00010001; w 0x1000 2'
    expect_equal 'status of a submission queue' 0 "$(in_guest 'completed 0x1010')"
    in_guest 'command 0x2000 2 1 0x4000 0 0; w 0x1008 1'
    expect_equal 'status of the reading' 0 "$(in_guest 'completed 0x3000')"
    expect_equal 'what one NVMe read into the buffer of the other' "$begins" \
        "$(in_guest 'for n in 0 4 8 12; do devmem $((b + 0x4000 + n)) 32; done' | xargs)"
}

start_live "${devices[@]}" --port rp9
# The third one comes to the running guest.
plug "$disk2" third bus=rp9 "iommu=$1"
# shellcheck disable=SC2016
in_guest 'until [ "$(ls -d /sys/bus/pci/drivers/nvme/*:* 2>/dev/null | wc -l)" = 2 ]; do usleep 100000; done'
complaints 'when all are there'
# shellcheck disable=SC2016
in_guest 'set -- $(functions 1b36:0010); one=${1##*/}'
# shellcheck disable=SC2016
begins=$(in_guest 'dd if=/dev/$(basename /sys/bus/pci/devices/$one/nvme/nvme*/nvme*n1) bs=512 count=1 2>/dev/null | hexdump -n 16 -e "1/4 \"0x%08X \""; echo' | xargs)
copies
reads
complaints 'after all'
unplug third
shut_down
expect_equal 'the devices afterwards' "$before" "$(states)"
