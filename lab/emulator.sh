# shellcheck shell=bash
# The emulator: Debian's newest QEMU, unpacked with the libraries it needs, and mended: it interrupts guests of
# its guest twice now and then, which then stand still, and ends where one of them is firmware. Sourced after
# archive.sh.
#
#   emulator_prepare   puts it in the cache; afterwards $emulator is the program to run. It runs on
#                      this machine and, at the same path, in the virtual host.
#   qmp_client_prepare sets $qmp_client, a folder for PYTHONPATH: the package qemu.qmp of the same suite

emulator_folder=$tenon_cache/emulator-mended-2
emulator=$emulator_folder/qemu-system-x86_64
emulator_unpacked=$emulator_folder/root

emulator_prepare() {
    if [ ! -e "$emulator_folder" ]; then
        archive_prepare
        local version
        version=$(archive_version qemu-system-x86 trixie-backports)
        once "$emulator_folder" "Unpacking QEMU $version" emulator_make
    fi
    [ ! -e "$emulator_folder/not-mended" ] ||
        say "NOTE: $(cat "$emulator_folder/not-mended"); guests may stand still, see lab/mend_emulator.py"
}

emulator_make() {
    local folder=$1 unpacked=$1/root
    archive_unpack_closure trixie-backports qemu-system-x86 "$unpacked"
    rm -rf "$unpacked"/usr/share/{doc,man,locale,info}
    # A newer QEMU may be built otherwise, or need no mend: it is taken as it is then, and said to be.
    local status=0
    python3 "$tenon_root/lab/mend_emulator.py" "$unpacked/usr/bin/qemu-system-x86_64" >"$folder/not-mended" ||
        status=$?
    case $status in
        0) rm "$folder/not-mended" ;;
        3) cat "$folder/not-mended" ;;
        *) return "$status" ;;
    esac
    # The program needs a newer C library than this machine may have, so it runs under the loader
    # that came with it. All paths are found from this script's own place.
    cat >"$folder/qemu-system-x86_64" <<'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
libraries=$root/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=$libraries/qemu
export QEMU_MODULE_DIR
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" \
    --argv0 qemu-system-x86_64 "$root/usr/bin/qemu-system-x86_64" \
    -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
END
    chmod +x "$folder/qemu-system-x86_64"
    local version
    version=$("$folder/qemu-system-x86_64" --version)
    # Version 11.1 is the first that has all the IOMMU options that the virtual host uses.
    printf '%s\n' "$version" | awk 'NR == 1 {split($4, v, "."); exit !(v[1] * 100 + v[2] >= 1101)}' ||
        die "the archive's QEMU is older than 11.1: $version"
    "$folder/qemu-system-x86_64" -accel help
}

qmp_client=

qmp_client_prepare() {
    local folder=$tenon_cache/qmp-client
    qmp_client=$folder/usr/lib/python3/dist-packages
    [ -e "$folder" ] && return 0
    archive_prepare
    once "$folder" "Unpacking a QMP client" archive_unpack python3-qemu-qmp/trixie-backports
}
