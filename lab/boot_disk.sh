# shellcheck shell=bash
# A disk that firmware boots from: a partition table, and on an EFI system partition a unified image of a kernel with
# its initial RAM disk, where firmware looks on a disk that it does not know. Sourced after archive.sh.
#
#   boot_disk_prepare KERNEL_FOLDER INITRD WORDS   sets $boot_disk, the image: raw, never written to. WORDS are the
#                   kernel's command line

boot_disk=
boot_disk_tools=$tenon_cache/disk-tools
boot_disk_packages=(mtools/bookworm fdisk/bookworm libfdisk1/bookworm libsmartcols1/bookworm
    systemd-boot-efi/trixie systemd-ukify/trixie python3-pefile/trixie)
# In sectors of 512 bytes. FAT32 has 65525 clusters at least: 34 MiB are the least there is.
boot_disk_first=2048 boot_disk_sectors=$((160 << 11))

boot_disk_prepare() {
    local kernel=$1 image=$2 words=$3 key folder
    key=$( {
        cat "${BASH_SOURCE[0]}"
        readlink -f "$kernel" "$image"
        printf '%s\n' "$words"
    } | sha256sum | head -c 12)
    folder=$tenon_cache/boot-disk/$key
    boot_disk=$folder/disk.img
    [ ! -e "$folder" ] || return 0
    archive_prepare
    once "$boot_disk_tools" "Unpacking tools for disks" archive_unpack "${boot_disk_packages[@]}"
    once "$folder" "Making a disk that firmware boots $(cat "$kernel/version") from" \
        boot_disk_make "$kernel" "$image" "$words"
}

boot_disk_make() {
    local kernel=$1 image=$2 words=$3 folder=$4 disk=$4/disk.img tools=$boot_disk_tools/usr esp
    gzip -1 <"$image" >"$folder/initrd"
    printf 'ID=tenon\nPRETTY_NAME="Tenon lab"\n' >"$folder/os-release"
    PYTHONPATH=$tools/lib/python3/dist-packages python3 "$tools/bin/ukify" build --linux "$kernel/bzImage" \
        --initrd "$folder/initrd" --cmdline "$words" --stub "$tools/lib/systemd/boot/efi/linuxx64.efi.stub" \
        --os-release "@$folder/os-release" --uname "$(cat "$kernel/version")" --output "$folder/unified.efi"
    truncate -s $(((2 * boot_disk_first + boot_disk_sectors) * 512)) "$disk"
    LD_LIBRARY_PATH=$tools/lib/x86_64-linux-gnu:$boot_disk_tools/lib/x86_64-linux-gnu \
        "$boot_disk_tools/sbin/sfdisk" "$disk" <<END
label: gpt
start=$boot_disk_first, size=$boot_disk_sectors, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
END
    esp=$disk@@$((boot_disk_first * 512))
    "$tools/bin/mformat" -i "$esp" -F -T "$boot_disk_sectors" -c 1 ::
    "$tools/bin/mmd" -i "$esp" ::/EFI ::/EFI/BOOT
    "$tools/bin/mcopy" -i "$esp" "$folder/unified.efi" ::/EFI/BOOT/BOOTX64.EFI
    rm "$folder/initrd" "$folder/os-release" "$folder/unified.efi"
}
