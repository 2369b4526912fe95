# shellcheck shell=bash
# Firmware for guests: CLOUDHV.fd of Debian's package, which only its later suites have. Sourced after archive.sh.
#
#   firmware_prepare   afterwards $firmware is the file, on this machine and, at the same path, in the virtual host

firmware_folder=$tenon_cache/firmware
firmware=$firmware_folder/usr/share/cloudhv-efi-x86-64/CLOUDHV.fd

firmware_prepare() {
    [ -e "$firmware_folder" ] || once "$firmware_folder" "Unpacking cloudhv-efi-x86-64" firmware_make
}

firmware_make() {
    # shellcheck disable=SC2034  # read by archive.sh
    local archive_folder=$tenon_cache/apt-forky archive_suites=(forky)
    archive_prepare
    archive_unpack cloudhv-efi-x86-64/forky "$1"
    (cd "$1" && sha256sum "${firmware#"$firmware_folder/"}") | tee "$1/version"
    archive_version cloudhv-efi-x86-64 | tee -a "$1/version"
}
