# shellcheck shell=bash
# Our own kernel modules (lab/modules), for any of the kernels. Sourced after kernels.sh.
#
#   modules_prepare stock|lab|6.1   after kernel_prepare of the same: sets $modules, the folder with
#                                   config_overlay.ko, ask_atomics.ko, msix_probe.ko and edu_probe.ko
#
# Made again when a source or the kernel changes. The lab kernel is built against its own devel/, Debian's
# kernels against their linux-headers packages, with this machine's compiler.

modules=

modules_prepare() {
    local key version
    version=$(cat "$kernel_folder/version")
    key=$( {
        cat "${BASH_SOURCE[0]}" "$tenon_root"/lab/modules/*
        readlink -f "$kernel_folder"
    } | sha256sum | head -c 12)
    modules=$tenon_cache/modules/$version-$key
    [ -e "$modules" ] && return 0
    if [ "$1" = lab ]; then
        once "$modules" "Building the test modules for $version" modules_make -C "$kernel_folder/devel"
    else
        archive_prepare
        once "$tenon_cache/headers-$version" "Unpacking the headers of $version" \
            modules_headers "$1" "$version"
        once "$modules" "Building the test modules for $version" modules_make_debian "$version"
    fi
}

# modules_headers KERNEL VERSION FOLDER
modules_headers() {
    local kernel=$1 version=$2 folder=$3 kbuild=linux-kbuild-${2%-amd64} program
    [ "$kernel" != 6.1 ] || kbuild=linux-kbuild-6.1
    archive_unpack "linux-headers-$version" "linux-headers-${version%-amd64}-common" "$kbuild" "$folder"
    # Its tools may need a newer C library than this machine has: they run with the emulator's.
    while read -r program; do
        [ "$(head -c 4 "$program")" = $'\x7fELF' ] || continue
        mv "$program" "$program.program"
        {
            printf '#!/bin/sh\n'
            # shellcheck disable=SC2016  # for the shell that runs it
            printf 'exec %q --library-path %q --argv0 "$0" "$0.program" "$@"\n' \
                "$emulator_unpacked/usr/lib64/ld-linux-x86-64.so.2" \
                "$emulator_unpacked/usr/lib/x86_64-linux-gnu"
        } >"$program"
        chmod +x "$program"
    done < <(find "$folder"/usr/lib/linux-kbuild-* -type f -perm -u+x)
}

# modules_make MAKE-ARGUMENT… FOLDER
modules_make() {
    local folder=${*: -1}
    cp "$tenon_root"/lab/modules/{Kbuild,*.c} "$folder"
    make -s "${@:1:$#-1}" "M=$folder" modules
    find "$folder" -mindepth 1 ! -name '*.ko' -delete
    strip --strip-debug "$folder"/*.ko
}

# modules_make_debian VERSION FOLDER   Debian's kernel may come from a newer compiler: what this machine's
# compiler or tools cannot do (and a module need not) is switched off. The package's own Makefile names
# absolute paths, so make starts from the common tree.
modules_make_debian() {
    local tree=$tenon_cache/headers-$1/usr/src/linux-headers-$1
    modules_make -C "${tree%-amd64}-common" "O=$tree" ARCH=x86 CC=gcc \
        CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= CONFIG_DEBUG_INFO_BTF_MODULES= "$2"
}
