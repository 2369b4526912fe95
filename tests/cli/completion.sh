#!/usr/bin/env bash
# Completion, driven as bash does it; other shells read theirs.
#
#   completion.sh TENON.BASH     the others are beside it

set -euo pipefail
folder=$(dirname "$(readlink -f "$1")")
# shellcheck disable=SC1091
. "$folder/tenon.bash"
# As bash has it: a PCI address is three words for it.
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# offered LINE   What bash would offer behind LINE, sorted.
offered() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    _tenon
    printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# expect LINE WORD…   These and no others.
expect() {
    local found wanted
    found=$(offered "$1")
    wanted=$(printf '%s\n' "${@:2}" | sort -u)
    [ "$found" = "$wanted" ] || fail "$1: expected:"$'\n'"$wanted"$'\n'"found:"$'\n'"$found"
    printf 'ok: %s\n' "$1"
}

# expect_among LINE WORD…   These among others.
expect_among() {
    local found word
    found=$(offered "$1")
    for word in "${@:2}"; do
        grep -qxF -- "$word" <<<"$found" || fail "$1: no $word in:"$'\n'"$found"
    done
    printf 'ok: %s\n' "$1"
}

cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
touch capture.json
expect 'tenon ' plan run ctl list capture diff check --help --version
expect 'tenon pl' plan
expect 'tenon plan --js' --json
expect_among 'tenon run --' --kernel --control --no-reboot --vhost-user --help
expect 'tenon plan --machine ' tenon-1 qemu-11.1 qemu-11.0
expect 'tenon plan --machine=qemu-11.1' qemu-11.1
expect 'tenon plan --emit lib' libvirt
expect 'tenon plan cap' capture.json
expect 'tenon plan 01:00.0,at' '00.0,ats=auto' '00.0,ats=on' '00.0,ats=off'
expect 'tenon plan x,ats=o' on off
expect 'tenon plan --port a --port=b,hotplug=off 01:00.0,port=' a b
expect 'tenon run --device 01:00.0,msix-relocation=o' off
expect 'tenon run --memory 1G,hugepages=' 2M 1G
expect 'tenon run --seal=' auto full off log
expect 'tenon run --disk a.qcow2,reado' a.qcow2,readonly=on a.qcow2,readonly=off
expect_among 'tenon run --share /srv,' '/srv,tag='
expect 'tenon ctl socket query-s' query-status
addresses=()
for path in /sys/bus/pci/devices/*; do
    [ -e "$path" ] && addresses+=("${path##*/}")
done
for address in "${addresses[@]:0:3}"; do
    # What is behind the last colon: bash keeps the rest.
    expect_among "tenon plan ${address%.*}" "${address##*:}"
    expect_among "tenon run --device ${address%.*}" "${address##*:}"
done
printf 'ok: %s functions of this host\n' "${#addresses[@]}"

if command -v fish >/dev/null; then
    found=$(HOME=$PWD fish --no-config -c "source '$folder/tenon.fish'; complete -C 'tenon plan --machine '" | cut -f 1)
    [ "$found" = $'tenon-1\nqemu-11.1\nqemu-11.0' ] ||
        [ "$(sort <<<"$found")" = $'qemu-11.0\nqemu-11.1\ntenon-1' ] || fail "fish: $found"
    echo 'ok: fish'
else
    echo 'fish is not here: not tried'
fi
if command -v zsh >/dev/null; then
    zsh -n "$folder/_tenon" || fail 'zsh does not read its script'
    echo 'ok: zsh reads it'
else
    echo 'zsh is not here: not tried'
fi
