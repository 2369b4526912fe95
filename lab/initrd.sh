# shellcheck shell=bash
# Makes initial RAM disks. Sourced after kernels.sh.
#
#   initrd_prepare host|guest KERNEL_FOLDER [MODULES [SELFTESTS]]   sets $initrd; made again when anything in it
#                   changed. MODULES: a folder of modules.sh, whose modules for guests are put in as
#                   /lib/tenon/NAME.ko; may be empty. SELFTESTS: one of kernels.sh, whose programs are put there too

initrd=
initrd_host_modules=(virtio_pci virtio_console 9pnet_virtio 9p kvm_amd vfio_pci vfio_iommu_type1
    nvme virtio_blk virtio_net igb igbvf e1000e)
initrd_guest_tests=(ask_atomics msix_probe edu_probe pasid_probe)
initrd_guest_modules=(virtio_pci nvme igb igbvf e1000e virtio_net virtio_blk button evdev)

initrd_prepare() {
    local role=$1 kernel=$2 ours=${3:-} selftests=${4:-} key
    key=$( {
        cat "${BASH_SOURCE[0]}" "$tenon_root/lab/$role/init" "$(command -v busybox)" "$(command -v lspci)"
        readlink -f "$kernel"
        cat "$kernel/version"
        printf '%s\n' "$ours" "$selftests"
    } | sha256sum | head -c 12)
    initrd=$tenon_cache/initrd/$role-$(cat "$kernel/version")-$key/initrd
    once "$(dirname "$initrd")" "Packing the initrd of the $role for $(cat "$kernel/version")" \
        initrd_make "$role" "$kernel" "$ours" "$selftests"
}

initrd_make() {
    local role=$1 kernel=$2 ours=$3 selftests=$4 folder=$5 tree=$5/tree module
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,run,root}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    cp "$tenon_root/lab/$role/init" "$tree/init"
    if [ "$role" = guest ]; then
        initrd_program lspci "$tree"
        initrd_program setpci "$tree"
        initrd_load_modules "$kernel" "$tree" "${initrd_guest_modules[@]}"
        if [ -n "$ours" ]; then
            mkdir -p "$tree/lib/tenon"
            for module in "${initrd_guest_tests[@]}"; do
                # Older kernels have not all of them, see lab/modules/Kbuild.
                [ ! -e "$ours/$module.ko" ] || cp "$ours/$module.ko" "$tree/lib/tenon"
            done
        fi
        [ -z "$selftests" ] || cp -r "$selftests" "$tree/lib/selftests"
    else
        initrd_load_modules "$kernel" "$tree" "${initrd_host_modules[@]}"
    fi
    (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$folder/initrd"
    rm -rf "$tree"
}

# initrd_program NAME TREE   A program of this machine, under its own name, with its libraries.
initrd_program() {
    local program file
    program=$(readlink -f "$(command -v "$1")")
    cp "$program" "$2/bin/$1"
    for file in $(ldd "$program" | grep -o '/[^ ]*'); do
        mkdir -p "$2$(dirname "$file")"
        cp -L "$file" "$2$file"
    done
}

# initrd_load_modules KERNEL_FOLDER TREE NAME…   The modules, uncompressed, and the order to load
# them in (/modules). Nothing to do for a kernel that has all of it built in.
initrd_load_modules() {
    local kernel=$1 tree=$2 version module file name
    version=$(cat "$kernel/version")
    [ -d "$kernel/lib/modules/$version" ] || return 0
    mkdir -p "$tree/lib/modules"
    for module in "${@:3}"; do
        /sbin/modprobe -d "$kernel" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$tree/paths"
    while read -r file; do
        name=$(basename "$file")
        case $name in
            *.ko.xz) name=${name%.xz} && xz -dc "$file" >"$tree/lib/modules/$name" ;;
            *.ko.zst) name=${name%.zst} && zstd -qdc "$file" >"$tree/lib/modules/$name" ;;
            *.ko) cp "$file" "$tree/lib/modules/$name" ;;
            *) die "unknown kind of module: $file" ;;
        esac
        printf '/lib/modules/%s\n' "$name"
    done <"$tree/paths" >"$tree/modules"
    rm "$tree/paths"
}
