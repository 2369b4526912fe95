# shellcheck shell=bash
# Vectors and their counts, in the guest beside the host. Sourced by lib.sh.
#
# The guest's are those of the test `counts` of lab/guest/init. They are read there first: whatever has
# arrived in the guest by then has been counted by the host.

# host_counts FUNCTION   "VECTOR COUNT" of each MSI-X vector that the host has for the guest.
host_counts() {
    awk -v place="($1)" 'index($NF, "vfio-msix[") == 1 && index($NF, place) {
        count = 0
        for (i = 2; $i ~ /^[0-9]+$/; i++) count += $i
        split($NF, part, /[][]/)
        print part[2], count
    }' /proc/interrupts | sort -n
}

# counts_on_host LINE   For follow_steps: the same of all functions, "FUNCTION VECTOR COUNT".
counts_on_host() {
    local function
    grep -o 'vfio-msix.*' /proc/interrupts | sed 's/.*(\(.*\))/\1/' | sort -u | while read -r function; do
        host_counts "$function" | sed "s/^/$function /"
    done
}

# compare_counts GUEST HOST   GUEST and HOST are files of "VECTOR COUNT": the same vectors, and none that the
# guest counts more often than the host.
compare_counts() {
    local vector guest host
    expect_equal 'vectors' "$(cut -d' ' -f1 "$1" | tr '\n' ' ')" "$(cut -d' ' -f1 "$2" | tr '\n' ' ')"
    paste -d' ' "$1" "$2" >"$work/counts"
    while read -r vector guest _ host; do
        [ "$guest" -le "$host" ] || fail "vector $vector: $guest interrupts in the guest, $host on the host"
        printf 'ok: vector %s: %s interrupts in the guest, %s on the host\n' "$vector" "$guest" "$host"
    done <"$work/counts"
}
