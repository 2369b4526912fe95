#!/usr/bin/env bash
# The guest itself: four processors under load, memory above 4 GiB from huge pages, two resets in place
# after which its NVMe still works, all of it described by a file; then an initial RAM disk of 300 MiB and
# a reset under --no-reboot. `--timing` tells where each start went.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
size=3136 # MiB: 64 of them above 4 GiB

# start WHAT STATUS WORD…   `tenon run WORD…`; its output is in $console, its messages in $work/messages.
start() {
    local what=$1 expected=$2 status=0 begun=$SECONDS
    shift 2
    timeout 600 "$TENON" run "$@" </dev/null >"$console" 2>"$work/messages" || status=$?
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    printf '%s took %s s\n' "$what" "$((SECONDS - begun))"
    cat "$work/messages"
    [ "$status" -eq "$expected" ] || {
        tail -n 40 "$console"
        fail "$what: status $status instead of $expected"
    }
}

# expect_line WHAT PATTERN FILE
expect_line() {
    grep -qE -- "$2" "$3" || {
        cat "$3"
        fail "$1: no line like '$2'"
    }
    printf 'ok: %s: %s\n' "$1" "$(grep -E -- "$2" "$3" | tail -n 1)"
}

expected_disk=$(dd if="/dev/$(basename "$(echo /sys/bus/pci/devices/$disk/nvme/nvme*/nvme*n1)")" \
    bs=1M count=7 2>/dev/null | sha256sum | cut -d' ' -f1)
bind "$disk"
before=$(host_state "$disk")

cat >"$work/vm.toml" <<END
kernel = "$TENON_GUEST_BZIMAGE"
initrd = "$TENON_GUEST_INITRD"
append = "$(guest_words cpus,memory,again)"
cpus = 4
memory = "${size}M,hugepages=2M"
timing = true
[[device]]
host = "$disk"
id = "disk"
END

# Too few huge pages: how many are missing, and the command that mends it.
echo 0 >$pool/nr_hugepages
start 'a guest without huge pages' 1 "$work/vm.toml"
expect_line 'too few huge pages' "needs $((size / 2)) huge pages of 2 MiB: 0 are free" "$work/messages"
expect_equal 'the device after a refusal' "$before" "$(host_state "$disk")"
command=$(sed -n 's/.*As root: \(echo [0-9]* > [^ ]*\).*/\1/p' "$work/messages")
eval "$command"
expect_equal 'huge pages after the command' "$((size / 2))" "$(cat $pool/free_hugepages)"

COLUMNS=200 "$TENON" plan -v "$work/vm.toml" >"$work/plan"
expect_line 'the plan' '^  4 processors$' "$work/plan"
expect_line 'the plan' 'memory at 0x0-0xbfffffff and 0x100000000-0x103ffffff: 3136 MiB in huge' "$work/plan"
expect_line 'the plan' 'guest physical addresses have [0-9]+ bits' "$work/plan"

start 'the large guest' 0 "$work/vm.toml"
expect_equal 'starts of the guest' 3 "$(grep -c '^@@again begin$' "$console")"
for started in 0 1 2; do
    expect_line "start $started" "^start $started, disk $expected_disk\$" "$console"
done
# Of its last start.
section cpus | tail -n 10 >"$work/cpus"
section memory | tail -n 2 >"$work/memory"
expect_line processors '^online 4, clock (kvm-clock|tsc)$' "$work/cpus"
for cpu in 0 1 2 3; do
    expect_line "topology of processor $cpu" "^$cpu package 0 core $cpu threads $cpu\$" "$work/cpus"
    expect_line "load on processor $cpu" "^$cpu ticks [1-9]" "$work/cpus"
done
expect_line 'memory above 4 GiB' '^100000000-103ffffff : System RAM' "$work/memory"
total=$(awk '/MemTotal/ {print int($2 / 1024)}' "$work/memory")
[ "$total" -gt $((size - 200)) ] || fail "the guest has $total MiB of memory"
moments=('VFIO container or iommufd' 'functions opened and attached' 'devices read, plan made'
    'memory and KVM' 'functions ready, BARs mapped' 'kernel loaded'
    "first instruction of the guest's kernel" 'first output of the guest')
sed -n 's/^ *[0-9.]* *+[0-9.]*  //p' "$work/messages" >"$work/moments"
expect_equal 'moments of the start' "$(printf '%s\n' "${moments[@]}")" \
    "$(grep -v 'memory mapped for DMA' "$work/moments")"
# It happens beside what the guest does.
expect_equal 'before memory is mapped' "first instruction of the guest's kernel" \
    "$(sed '/memory mapped for DMA/,$d' "$work/moments" | sed -n '/first instruction/p')"
expect_equal 'the device afterwards' "$before" "$(host_state "$disk")"
expect_equal 'huge pages afterwards' "$((size / 2))" "$(cat $pool/free_hugepages)"
echo 0 >$pool/nr_hugepages

# Behind the archive the kernel passes over zeros.
cp "$TENON_GUEST_INITRD" "$work/initrd"
truncate -s 300M "$work/initrd"
start 'a guest too small for its initial RAM disk' 1 "$work/vm.toml" --memory 256M --initrd "$work/initrd"
expect_line 'an initial RAM disk too large' '314572800 bytes do not fit into the guest.s memory' "$work/messages"
start 'the guest with a large initial RAM disk' 3 "$work/vm.toml" --memory 1G,node=none --cpus 1 --no-reboot \
    --initrd "$work/initrd" --append "$(guest_words initrd,reboot)"
expect_line 'the initial RAM disk' '^0x[0-9a-f]+-0x[0-9a-f]+$' "$console"
expect_line 'the end of a reset guest' 'reset itself, and --no-reboot ends it there' "$work/messages"
expect_equal 'the device at the end' "$before" "$(host_state "$disk")"

if [ -x "${TENON_MACHINE_TEST:-}" ]; then
    "$TENON_MACHINE_TEST" --gtest_filter='MachineTest.*' || fail 'unit tests of the machine, with KVM'
fi
