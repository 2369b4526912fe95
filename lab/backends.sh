# shellcheck shell=bash
# Programs that are devices of a guest, behind vhost-user sockets: Debian's newest, unpacked. Sourced after
# emulator.sh, in whose libraries they find theirs.
#
#   backends_prepare   afterwards $backends_folder has qemu-storage-daemon, virtiofsd and passt; on this machine
#                      and, at the same path, in the virtual host

backends_folder=$tenon_cache/backends-4
backends_packages=(qemu-utils/trixie-backports virtiofsd/trixie passt/trixie-backports)
backends_programs=(usr/bin/qemu-storage-daemon usr/libexec/virtiofsd usr/bin/passt)

backends_prepare() {
    [ -e "$backends_folder" ] && return 0
    archive_prepare
    local version
    version=$(archive_version qemu-utils trixie-backports)
    once "$backends_folder" "Unpacking qemu-storage-daemon $version, virtiofsd, passt" backends_make
}

backends_make() {
    local folder=$1 program
    archive_unpack "${backends_packages[@]}" "$folder/unpacked"
    for program in "${backends_programs[@]}"; do
        mkdir -p "$folder/kept/${program%/*}"
        mv "$folder/unpacked/$program" "$folder/kept/$program"
    done
    rm -r "$folder/unpacked"
    for program in "${backends_programs[@]}"; do
        backends_wrap "$folder" "$program"
        "$folder/${program##*/}" --version
    done
}

# backends_wrap FOLDER PROGRAM   A script of its name: as the emulator, it runs under the loader that came with
# the emulator's libraries.
backends_wrap() {
    local script=$1/${2##*/}
    cat >"$script" <<END
#!/bin/sh
libraries=$emulator_unpacked/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=\$libraries/qemu
export QEMU_MODULE_DIR
exec "$emulator_unpacked/usr/lib64/ld-linux-x86-64.so.2" --library-path "\$libraries" \\
    --argv0 ${2##*/} "\$(dirname "\$(readlink -f "\$0")")/kept/$2" "\$@"
END
    chmod +x "$script"
}
