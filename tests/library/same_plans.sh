#!/usr/bin/env bash
# libtenon and the program give the same plans: of each capture, of several at once, and of mistakes.
#
#   same_plans.sh PLAN_AS_JSON TENON

set -euo pipefail
captures=$(readlink -f "$(dirname "$0")/../captures")
library=$1
program=$2
count=0

# compare DEVICE…
compare() {
    local ours=0 theirs=0 expected found
    found=$("$library" "$@" 2>&1) || ours=$?
    expected=$("$program" plan --json "$@" 2>&1) || theirs=$?
    if [ "$ours" != "$theirs" ] || [ "$found" != "$expected" ]; then
        diff <(printf '%s\n' "$expected") <(printf '%s\n' "$found") | head -n 20
        printf 'FAILED: %s: status %s, of the program %s\n' "$*" "$ours" "$theirs"
        exit 1
    fi
    count=$((count + 1))
}

for capture in "$captures"/*.lspci; do compare "$capture"; done
compare "$captures"/*.lspci
compare "$captures/lab-nvme.lspci,port=a,function=0" "$captures/lab-igb.lspci,port=a,function=1,id=net"
compare "$captures/lab-nvme.lspci,host-atomics=32+64"
compare "$captures/lab-igb.lspci#$(sed -n '1s/\.[0-7] .*/.*/p' "$captures/lab-igb.lspci")"
# The file of a machine, with what only a guest's start needs.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/vm.toml" <<END
kernel = "/boot/vmlinuz"
no-reboot = true
memory = "1G"
vcpus = 4
[[port]]
name = "a"
hotplug = false
[[device]]
host = "$captures/lab-nvme.lspci"
port = "a"
[[vhost-user]]
socket = "/run/x.sock"
type = "blk"
END
compare "$work/vm.toml"
compare "$captures/lab-igb.lspci" "$work/vm.toml"
compare "$work/vm.toml" "$work/vm.toml"
file() {
    printf '%s\n' "$1" >"$work/other.toml"
    compare "$work/other.toml"
}
file $'cpus = 2\nvcpus = 3'
file 'colour = 3'
file 'no-reboot = "yes"'
file 'memory = true'
file 'memory = "much"'
file 'memory ='
compare "$work/absent.toml"
compare "$captures/lab-nvme.lspci,colour=blue"
compare "$captures/README.md"
compare /nowhere
printf 'ok: %s plans are the same\n' "$count"
