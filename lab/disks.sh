# shellcheck shell=bash
# The disk images of the virtual host: random bytes, but the same ones on every machine.
# Sourced after lib.sh. They are used as snapshots, so their content never changes.
#
#   disks_prepare   sets $disks, the folder with nvme.img, nvme2.img and virtio.img (8 MiB each)
#
# $disk_checksum and $disk2_checksum are the SHA-256 of nvme.img and nvme2.img, written here so that
# nothing can drift unseen.

disks=$tenon_cache/disks
disk2_checksum=3f6b78f799544accaba27e4d07205939457ec27728abade00cfd3f7f380df72a
disk_checksum=78a9957e1924a199ef38debd575557fedb4e735df3f2406615fef8a288622f45

disks_prepare() { once "$disks" "Making the disk images" disks_make; }

disks_make() {
    local folder=$1 seed=1 name
    for name in nvme nvme2 virtio; do
        python3 -c 'import random, sys
random.seed(int(sys.argv[1]))
sys.stdout.buffer.write(random.randbytes(8 << 20))' "$seed" >"$folder/$name.img"
        seed=$((seed + 1))
    done
    printf '%s  %s\n' "$disk_checksum" "$folder/nvme.img" "$disk2_checksum" "$folder/nvme2.img" |
        sha256sum --check --quiet
}
