#!/usr/bin/env bash
# What libvirt makes of domains: for each FILE of XML a line, the command of QEMU that libvirt would run, or
# "REFUSED: " and why.
#
#   lab/libvirt.sh FILE…
#
# libvirt is Debian's newest, unpacked with all that it needs, and asked through the driver that it has for programs
# that embed it: no daemon, and nothing of a libvirt that this machine may have. Where there is no VFIO it refuses
# devices of the host, so it is shown some, in a mount namespace of its own: a container node, a group, a user. It
# looks at no device, nor starts a guest; it runs the emulator (emulator.sh) once to learn what that can do.
#
# Exit status 69: it cannot be had here.

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
for part in lib archive emulator; do
    # shellcheck disable=SC1090
    . "$here/$part.sh"
done
libvirt_folder=$tenon_cache/libvirt

libvirt_make() {
    local folder=$1
    archive_unpack_closure trixie-backports libvirt-clients "$folder"
    archive_unpack libvirt-daemon-driver-qemu/trixie-backports "$folder"
    rm -rf "$folder"/usr/share/{doc,man,locale,info}
}

# show FOLDER   What libvirt looks for outside its own folders, FOLDER being of this run. In a mount namespace.
show() {
    local folder=$1 name file node
    mkdir -p "$folder"/{share/libvirt,dev/vfio,root}
    mount --bind "$libvirt_folder/usr/share/libvirt" "$folder/share/libvirt"
    mount --rbind "$folder/share" /usr/share
    for name in passwd group; do
        cp "/etc/$name" "$folder/$name"
        mount --bind "$folder/$name" "/etc/$name"
    done
    echo 'libvirt-qemu:x:0:0::/:/bin/false' >>"$folder/passwd"
    printf '%s:x:0:\n' libvirt-qemu kvm >>"$folder/group"
    for node in null zero random urandom tty; do
        file=$folder/dev/$node
        : >"$file"
        mount --bind "/dev/$node" "$file"
    done
    : >"$folder/dev/vfio/vfio"
    : >"$folder/dev/iommu"
    mount --rbind "$folder/dev" /dev
    mount -t tmpfs groups /sys/kernel/iommu_groups
    mkdir /sys/kernel/iommu_groups/0
}

# ask FOLDER FILE…   In that namespace.
ask() {
    local folder=$1 file libraries=$libvirt_folder/usr/lib/x86_64-linux-gnu
    show "$folder"
    export LIBVIRT_DRIVER_DIR=$libraries/libvirt/connection-driver
    for file in "${@:2}"; do
        "$libvirt_folder/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" "$libvirt_folder/usr/bin/virsh" \
            -c "qemu:///embed?root=$folder/root" domxml-to-native qemu-argv --xml "$file" \
            2>"$folder/errors" | grep . || printf 'REFUSED: %s\n' "$(grep '^error: ' "$folder/errors" | tr '\n' ' ')"
    done
}

if [ "${1:-}" = --inside ]; then
    shift
    ask "$@"
    exit
fi
[ "$(uname -m)" = x86_64 ] || unavailable "the emulator needs an x86-64 machine"
emulator_prepare
archive_prepare
once "$libvirt_folder" "Unpacking libvirt" libvirt_make
own=(unshare --mount)
[ "$(id -u)" = 0 ] || own+=(--map-root-user)
"${own[@]}" true 2>/dev/null || unavailable "this machine gives no mount namespace"
[ -e /sys/kernel/iommu_groups ] || unavailable "this machine's kernel knows no IOMMU groups"
files=()
for file in "$@"; do files+=("$(readlink -f "$file")"); done
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-libvirt.XXXXXX")
trap 'rm -rf "$work"' EXIT
"${own[@]}" "$0" --inside "$work" "${files[@]}"
