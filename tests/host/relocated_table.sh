#!/usr/bin/env bash
# MSI-X tables moved to an unused BAR and to a doubled one, and drivers that use them: data, interrupts and
# vectors are as ever, and what shares the page of the device's own table is reached without an exit.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

nic=0000:03:00.0
kernel=$(guest_kernel vmlinux)

# traps_and_counts LINE   How often guests left KVM for an access to memory that we answer; or vectors.
traps_and_counts() {
    case $1 in
        counts*) counts_on_host ;;
        *) printf '%s: %s\n' "${1#table-page: }" "$(cat /sys/kernel/debug/kvm/mmio_exits)" ;;
    esac
}

# drive TABLE-OF-DISK TABLE-OF-NIC TRAPS   The disk and the network function with what `relocation` says of both:
# where lspci in the guest finds their tables, and how many of 20 reads in the page of the disk's own are trapped.
drive() {
    local before after
    "$TENON" plan -v "$disk$relocation_of_disk" "$nic$relocation_of_nic" | grep -E -A2 '^ +(MSI-X  |msix-relocation=)'
    follow_steps '\(counts\|table-page\): ' traps_and_counts
    run_guest "$kernel" function,nics,disk,table-page,counts "$disk$relocation_of_disk" "$nic$relocation_of_nic"
    end_steps >"$work/host"
    expect_equal 'the tables' "$1; $2" \
        "$(section function | sed -n 's/.*Vector table: //p' | paste -sd';' | sed 's/;/; /')"
    expect_equal 'SHA-256 of the disk' "$TENON_DISK_CHECKSUM" "$(section disk)"
    expect_equal 'network' 'e1000e has an address' "$(section nics)"
    before=$(sed -n 's/^before: //p' "$work/host") after=$(sed -n 's/^after: //p' "$work/host")
    section table-page
    expect_equal 'of 20 reads behind the table of the device, trapped' "$3" $((after - before))
    for device in "01:00.0 $disk" "02:00.0 $nic"; do
        section counts | awk -v place="0000:${device% *}" '$1 == place {print $2, $3}' | sort -n >"$work/guest"
        sed -n "s/^${device#* } //p" "$work/host" >"$work/of-host"
        [ "$(wc -l <"$work/guest")" -ge 2 ] || fail "$device has $(wc -l <"$work/guest") vectors"
        [ "$(awk '{sum += $2} END {print sum}' "$work/guest")" -gt 0 ] || fail "no interrupt of $device"
        compare_counts "$work/guest" "$work/of-host"
    done
}

needs_tenon
bind "$disk" "$nic"

printf '\nwhere the devices have them\n'
relocation_of_disk='' relocation_of_nic=''
drive 'BAR=0 offset=00002000' 'BAR=3 offset=00000000' 20

printf '\nin BARs that the devices do not use\n'
relocation_of_disk=,msix-relocation=auto relocation_of_nic=,msix-relocation=auto
drive 'BAR=2 offset=00000000' 'BAR=4 offset=00000000' 0

printf '\nin BARs shown with twice their size\n'
relocation_of_disk=,msix-relocation=bar0 relocation_of_nic=,msix-relocation=bar3
drive 'BAR=0 offset=00004000' 'BAR=3 offset=00004000' 0

# Places that there are not.
refused 1 'the upper half of a BAR' 'BAR 1 is the upper half of BAR 0' --kernel "$kernel" --device "$disk,msix-relocation=bar1"
refused 1 'a BAR of ports' 'BAR 2 is no memory BAR' --kernel "$kernel" --device "$nic,msix-relocation=bar2"
refused 2 'no BAR' 'bar9' --kernel "$kernel" --device "$disk,msix-relocation=bar9"
