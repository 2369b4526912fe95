# shellcheck shell=bash
# The kernels of the virtual host and of its guests. Sourced after archive.sh.
#
#   kernel_prepare stock|lab|6.1   has it in the cache and sets $kernel_folder
#
#   stock   Debian's newest 7.x, unpacked. No Debian kernel has iommufd: group interface only.
#   lab     the same version from Debian's linux-source, with kernel.config; built here once.
#   6.1     Debian 12's own kernel: group only, no dynamic MSI-X, no AtomicOps information.
#
# A kernel's folder holds: bzImage, version, config, and lib/modules/VERSION where it has modules.
# The lab kernel's also: vmlinux (stripped; PVH entry), devel/, to build modules against it, and selftests/, its own tests
# of VFIO as static programs.

kernel_config=$tenon_root/lab/kernel.config
kernel_folder=

kernel_prepare() {
    case $1 in
        stock) kernel_prepare_stock ;;
        lab) kernel_prepare_lab ;;
        6.1) kernel_prepare_old ;;
        *) die "no such kernel: $1 (stock, lab or 6.1)" ;;
    esac
}

# kernel_modules FOLDER VERSION   Lets kmod find the unpacked modules in FOLDER/lib/modules.
kernel_modules() {
    [ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
    rm -rf "$1"/lib/modules/"$2"/{build,source}
    /sbin/depmod -b "$1" "$2"
    printf '%s\n' "$2" >"$1/version"
}

kernel_prepare_stock() {
    kernel_folder=$tenon_cache/kernel-stock
    [ -e "$kernel_folder" ] && return 0
    archive_prepare
    local version
    # A fresh kernel is there unsigned first: the same program, so the versions alone are compared.
    version=$(archive_apt apt-cache search --names-only \
        '^linux-binary(-unsigned)?-7\.[0-9.]+\+deb13-amd64$' |
        sed 's/^linux-binary-\(unsigned-\)\?//; s/ .*//' | sort -V | tail -n 1)
    [ -n "$version" ] || die "the archive has no Linux 7.x"
    once "$kernel_folder" "Unpacking Debian's kernel $version" kernel_make_stock "$version"
}

kernel_make_stock() {
    local version=$1 folder=$2 binary=linux-binary-$1
    archive_apt apt-cache show "$binary" >/dev/null 2>&1 || binary=linux-binary-unsigned-$1
    archive_unpack "$binary" "linux-modules-$version" "linux-base-$version" "$folder"
    mv "$folder/usr/lib/modules/$version"/vmlinuz* "$folder/bzImage"
    ln -s "usr/lib/modules/$version/config" "$folder/config"
    kernel_modules "$folder" "$version"
}

kernel_prepare_old() {
    kernel_folder=$tenon_cache/kernel-6.1
    [ -e "$kernel_folder" ] && return 0
    archive_prepare
    local image
    image=$(archive_newest '^linux-image-6\.1\.0-[0-9]+-amd64$')
    [ -n "$image" ] || die "the archive has no Linux 6.1"
    once "$kernel_folder" "Unpacking Debian's kernel ${image#linux-image-}" kernel_make_old "$image"
}

kernel_make_old() {
    local image=$1 folder=$2 version=${1#linux-image-}
    archive_unpack "$image" "$folder"
    ln -s "boot/vmlinuz-$version" "$folder/bzImage"
    ln -s "boot/config-$version" "$folder/config"
    [ -e "$folder/usr/lib/modules" ] || { mkdir -p "$folder/usr"; mv "$folder/lib" "$folder/usr/lib"; }
    kernel_modules "$folder" "$version"
}

# The lab kernel is kept by content: another source, configuration or recipe is another folder.
kernel_prepare_lab() {
    archive_prepare
    local named=$archive_folder/kernel-source source version key
    # Asking apt takes seconds; its lists stay as they are.
    if [ ! -s "$named" ]; then
        source=$(archive_newest '^linux-source-7\.[0-9]+$')
        [ -n "$source" ] || die "the archive has no source of Linux 7.x"
        printf '%s %s\n' "$source" "$(archive_version "$source")" >"$named.$$"
        mv "$named.$$" "$named"
    fi
    read -r source version <"$named"
    key=$({ cat "$kernel_config" "$named" && declare -f kernel_make_lab; } | sha256sum | head -c 12)
    kernel_folder=$tenon_cache/kernel-lab-$key
    [ -e "$kernel_folder" ] && return 0
    say "The lab kernel is built once for each source and configuration: 5 to 15 minutes."
    once "$kernel_folder" "Building the lab kernel $version" kernel_make_lab "$source"
}

# Not by ccache: it would look at each file once more, half as long as the compiler itself, and what is built is kept whole.
kernel_make_lab() {
    local source=$1 folder=$2 tree=$2/tree/$1 option
    archive_unpack "$source" "$folder/package"
    mkdir "$folder/tree"
    tar -xf "$folder/package/usr/src/$source.tar.xz" -C "$folder/tree"
    cd "$tree" || return
    make allnoconfig KCONFIG_ALLCONFIG="$kernel_config"
    while read -r option; do
        grep -qxF "$option" .config || die "the kernel's own rules turned off $option"
    done < <(grep '^CONFIG_' "$kernel_config")
    nice make -s -j"$(nproc)" vmlinux bzImage modules_prepare
    make -s run-command \
        KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $folder/devel"
    cp vmlinux.symvers "$folder/devel/Module.symvers"
    make -s headers
    # Their limits of 30 and 60 s are metal's.
    sed -i 's/\(define TEST_TIMEOUT_DEFAULT\) 30$/\1 1200/' tools/testing/selftests/kselftest_harness.h
    sed -i 's/memcpy_storm, 60)/memcpy_storm, 1200)/' tools/testing/selftests/vfio/vfio_pci_driver_test.c
    make -s -C tools/testing/selftests/vfio CC='cc -static' KHDR_INCLUDES="-isystem $tree/usr/include"
    mkdir "$folder/selftests"
    strip -o "$folder/vmlinux" vmlinux
    for option in vfio_dma_mapping_test vfio_pci_device_test vfio_pci_driver_test; do
        strip -o "$folder/selftests/$option" "tools/testing/selftests/vfio/$option"
    done
    cp arch/x86/boot/bzImage "$folder/bzImage"
    cp .config "$folder/config"
    make -s kernelrelease >"$folder/version"
    cd "$folder" || return
    rm -rf "$folder/tree" "$folder/package"
}
