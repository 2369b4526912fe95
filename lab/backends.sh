# shellcheck shell=bash
# Programs that are devices of a guest, behind vhost-user sockets: Debian's newest, unpacked. Sourced after
# emulator.sh, in whose libraries they find theirs.
#
#   backends_prepare   afterwards $storage_daemon is qemu-storage-daemon; on this machine and, at the same
#                      path, in the virtual host

backends_folder=$tenon_cache/backends
storage_daemon=$backends_folder/qemu-storage-daemon

backends_prepare() {
    [ -e "$backends_folder" ] && return 0
    archive_prepare
    local version
    version=$(archive_version qemu-utils trixie-backports)
    once "$backends_folder" "Unpacking qemu-storage-daemon $version" backends_make
}

backends_make() {
    local folder=$1
    archive_unpack qemu-utils/trixie-backports "$folder/unpacked"
    find "$folder/unpacked" -type f ! -name qemu-storage-daemon -delete
    # As the emulator, under the loader that came with its libraries.
    cat >"$folder/qemu-storage-daemon" <<END
#!/bin/sh
libraries=$emulator_unpacked/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=\$libraries/qemu
export QEMU_MODULE_DIR
exec "$emulator_unpacked/usr/lib64/ld-linux-x86-64.so.2" --library-path "\$libraries" \\
    --argv0 qemu-storage-daemon "\$(dirname "\$(readlink -f "\$0")")/unpacked/usr/bin/qemu-storage-daemon" "\$@"
END
    chmod +x "$folder/qemu-storage-daemon"
    "$folder/qemu-storage-daemon" --version
}
