#!/usr/bin/env bash
# What `tenon plan` prints for each capture of our own, short, as text (-v, and what QEMU shows), as JSON, as a dump and in
# the words of managers, compared with what is kept here; with --update, kept here.
#
#   golden.sh [--update] PROGRAM

set -euo pipefail
update=false
if [ "$1" = --update ]; then
    update=true
    shift
fi
program=$(realpath "$1")
golden=$(realpath "$(dirname "$0")")
export COLUMNS=100 NO_COLOR=1 LC_ALL=C

# print FORM CAPTURE   Status 1, "not assignable", is an answer as good as 0.
print() {
    local options=() status=0
    case $1 in
        txt) options=(-v) ;;
        json) options=(--json) ;;
        target) options=(-v --target qemu) ;;
        lspci | qemu | libvirt | proxmox | kubevirt) options=(--emit "$1") ;;
    esac
    "$program" plan "${options[@]}" "$2" 2>&1 || status=$?
    [ "$status" -le 1 ] || printf 'exit status %s\n' "$status"
}

cd "$golden/../captures"
different=0
compared=0
for capture in *.lspci; do
    for form in short txt json target lspci qemu libvirt proxmox kubevirt; do
        kept=$golden/${capture%.lspci}.$form
        if $update; then
            print "$form" "$capture" >"$kept"
        elif ! print "$form" "$capture" | diff -u --label "kept" --label "now" "$kept" -; then
            printf 'FAILED: %s differs\n' "${kept##*/}"
            different=$((different + 1))
        fi
        compared=$((compared + 1))
    done
done
if $update; then
    printf '%s outputs written\n' "$compared"
    exit
fi
printf '%s outputs compared, %s differ\n' "$compared" "$different"
[ "$different" -eq 0 ] || {
    printf 'If this is meant: tests/golden/update.sh, and look at the difference.\n'
    exit 1
}
