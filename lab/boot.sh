#!/usr/bin/env bash
# Runs a command in the virtual host and returns its exit status; its output is ours. Without a
# command: a shell on the terminal. Standard input does not reach a command.
#
#   lab/boot.sh [OPTION…] [--] [COMMAND…]
#
#   --kernel stock|lab|6.1        the virtual host's kernel (stock)
#   --guest-kernel stock|lab|6.1  the kernel offered for guests (as --kernel; stock on 6.1)
#   --modules                     our kernel modules at hand, see lab/modules.sh
#   --backends                    programs behind vhost-user sockets at hand, see lab/backends.sh
#   --firmware                    firmware for guests, and a disk that it boots from: the guest's kernel and initrd
#                                 with the test "agent". It is the NVMe at 07:00.0 as well
#   --pasids                      an IOMMU that attaches PASIDs, and the function tenon-dma, see lab/nest.sh
#   --nested                      the same, and the IOMMU walks a guest's tables
#   --selftests                   guests of the lab kernel have its tests of VFIO in /lib/selftests
#   --prepare                     have all this needs in the cache, run nothing
#   --timeout SECONDS             limit for everything (600; none for a shell)
#   --memory SIZE, --cpus N       3G, 1: with two processors a hang has been seen
#   --accel TEXT, --iommu TEXT    of the emulator: its accelerator, the IOMMU's device
#   --append TEXT                 more words for the kernel command line
#   --qemu ARGUMENT               one more argument for the emulator; may be given again
#   --share FOLDER                a folder to write to, /run/tenon in the virtual host
#
# The command finds in its environment: TENON_GUEST_BZIMAGE, TENON_GUEST_VMLINUX (lab kernel only) and
# TENON_GUEST_INITRD for its guests; TENON_DISK_CHECKSUM, the SHA-256 of the disk at 01:00.0, and
# TENON_DISK2_CHECKSUM of that at 07:00.0; TENON_EMULATOR, a QEMU that runs there; TENON_QMP_CLIENT, a
# PYTHONPATH with the package qemu.qmp; with --backends TENON_BACKENDS, a folder with them; with --firmware
# TENON_FIRMWARE and TENON_BOOT_DISK; TENON_ROOT, this
# repository; with --modules TENON_MODULES, a folder
# of those that fit its kernel (the guest's are in the guest's initrd); and every TENON* variable of the
# caller. Devices, each below a root port: 01:00.0 NVMe, 02:00.0 igb with SR-IOV, 03:00.0 e1000e, 04:00.0
# edu, 05:00.0 virtio-net with ATS, 06:00.0 virtio-blk with ATS, 07:00.0 NVMe and 07:00.1 edu; with --pasids
# 08:00.0 tenon-dma; on the root bus, a conventional PCI function: 00:0a.0 rtl8139, with BARs of 256 bytes.
#
# Exit status 69: the virtual host cannot be had here; 125: it ended without a status.

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
for part in lib archive emulator nest backends firmware boot_disk kernels modules initrd disks; do
    # shellcheck disable=SC1090
    . "$here/$part.sh"
done

kernel=stock guest_kernel='' prepare='' with_modules='' with_backends='' with_firmware='' with_selftests='' pasids=''
timeout=600 memory=3G cpus=1 append='' share=''
accel=tcg,thread=single,tb-size=512
iommu=intel-iommu,intremap=on,eim=on,device-iotlb=on
extra=()
while [ $# -gt 0 ]; do
    case $1 in
        --kernel) kernel=$2 ;;
        --guest-kernel) guest_kernel=$2 ;;
        --timeout) timeout=$2 ;;
        --memory) memory=$2 ;;
        --cpus) cpus=$2 ;;
        --accel) accel=$2 ;;
        --iommu) iommu=$2 ;;
        --append) append=$2 ;;
        --qemu) extra+=("$2") ;;
        --share) share=$2 ;;
        --pasids) pasids=yes && shift && continue ;;
        --selftests) with_selftests=yes && shift && continue ;;
        --nested) pasids=yes && export TENON_NEST=nested && shift && continue ;;
        --prepare) prepare=yes && shift && continue ;;
        --modules) with_modules=yes && shift && continue ;;
        --firmware) with_firmware=yes && shift && continue ;;
        --backends) with_backends=yes && shift && continue ;;
        --) shift && break ;;
        --*) die "unknown option: $1 (the options stand at the top of lab/boot.sh)" ;;
        *) break ;;
    esac
    shift 2
done
case $kernel in
    6.1) guest_kernel=${guest_kernel:-stock} ;;
    *) guest_kernel=${guest_kernel:-$kernel} ;;
esac

[ "$(uname -m)" = x86_64 ] || unavailable "the virtual host needs an x86-64 machine"
emulator_prepare
qmp_client_prepare
program=$emulator
if [ -n "$pasids" ]; then
    nest_prepare
    program=$nest_emulator
    iommu+=,scalable-mode=on,pasid-bits=20
    [ -z "${TENON_NEST:-}" ] || iommu+=,fsts=on
    # shellcheck disable=SC2054  # the commas are the emulator's
    extra+=(-device pcie-root-port,id=rp8,chassis=8,slot=8,addr=10.0 -device tenon-dma,bus=rp8)
fi
disks_prepare
[ -z "$with_backends" ] || backends_prepare
kernel_prepare "$guest_kernel"
guest_folder=$kernel_folder
[ -z "$with_modules" ] || modules_prepare "$guest_kernel"
initrd_prepare guest "$guest_folder" "$modules" "${with_selftests:+$guest_folder/selftests}"
guest_initrd=$initrd
disk2=$disks/nvme2.img
if [ -n "$with_firmware" ]; then
    firmware_prepare
    boot_disk_prepare "$guest_folder" "$guest_initrd" 'console=ttyS0 quiet panic=-1 tenon.test=agent'
    disk2=$boot_disk
fi
kernel_prepare "$kernel"
[ -z "$with_modules" ] || modules_prepare "$kernel"
initrd_prepare host "$kernel_folder"
[ -z "$prepare" ] || exit 0

work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-host.XXXXXX")
emulator_pid='' readers=()
# shellcheck disable=SC2317  # called by the trap
finish() {
    local status=$?
    trap - EXIT INT TERM
    [ -z "$emulator_pid" ] || kill "$emulator_pid" 2>/dev/null || true
    [ ${#readers[@]} -eq 0 ] || kill "${readers[@]}" 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "$share" ]; then
    share=$work/share
    mkdir "$share"
fi
share=$(readlink -f "$share")
rm -f "$share/status" "$share/interactive"
printf '%s\n' "$tenon_root" "$tenon_cache" "$PWD" >"$share/keep"
[ -z "${TENON:-}" ] || dirname "$(readlink -f "$TENON")" >>"$share/keep"
[ ! -e "$guest_folder/vmlinux" ] || export TENON_GUEST_VMLINUX=$guest_folder/vmlinux
TENON_GUEST_BZIMAGE=$(readlink -f "$guest_folder/bzImage")
TENON_GUEST_INITRD=$guest_initrd
TENON_DISK_CHECKSUM=$disk_checksum
TENON_DISK2_CHECKSUM=$disk2_checksum
TENON_EMULATOR=$emulator
TENON_QMP_CLIENT=$qmp_client
TENON_BACKENDS=${with_backends:+$backends_folder}
TENON_FIRMWARE=${with_firmware:+$firmware}
TENON_BOOT_DISK=$boot_disk
TENON_ROOT=$tenon_root
TENON_MODULES=$modules
export TENON_GUEST_BZIMAGE TENON_GUEST_INITRD TENON_DISK_CHECKSUM TENON_DISK2_CHECKSUM
export TENON_EMULATOR TENON_QMP_CLIENT TENON_BACKENDS TENON_FIRMWARE TENON_BOOT_DISK
export TENON_ROOT TENON_MODULES
{
    # Debian's own programs: those that a user has put before them may be scripts of many steps, seconds here.
    printf 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 TERM=%q\n' "${TERM:-dumb}"
    for variable in "${!TENON@}"; do printf 'export %s=%q\n' "$variable" "${!variable}"; done
    printf 'cd %q || exit 1\n' "$PWD"
    if [ $# -gt 0 ]; then
        printf 'exec'
        printf ' %q' "$@"
        printf '\n'
    else
        # The terminal's size does not travel by itself.
        size=$(stty size 2>/dev/null || echo 24 80)
        printf 'stty rows %s cols %s\nexec bash -i\n' "${size% *}" "${size#* }"
    fi
} >"$share/command"

tsc=reliable
case $accel in tcg*) khz=$(python3 "$here/tsc_khz.py") && tsc+=${khz:+ tsc_early_khz=$khz} ;; esac
# Code that lies where it lay before needs no new translation: half of the start of a large program.
# shellcheck disable=SC2054  # the commas are the emulator's
arguments=(
    -nodefaults -no-user-config -display none -no-reboot -name tenon-virtual-host
    -M q35,hpet=on -accel "$accel" -cpu max,la57=off -smp "$cpus" -m "$memory"
    -device "$iommu"
    -kernel "$(readlink -f "$kernel_folder/bzImage")" -initrd "$initrd"
    -append "console=ttyS0,115200 quiet panic=-1 intel_iommu=on iommu.strict=1 tsc=$tsc nokaslr \
norandmaps no_timer_check mitigations=off random.trust_cpu=on $append"
)
# A kernel with the PVH entry starts faster by it than through the real-mode setup of a bzImage.
[ ! -e "$kernel_folder/vmlinux" ] || arguments+=(-kernel "$kernel_folder/vmlinux")
for port in 1 2 3 4 5 6 7; do
    arguments+=(-device "pcie-root-port,id=rp$port,chassis=$port,slot=$port,multifunction=on,addr=2.$((port - 1))")
done
# shellcheck disable=SC2054
arguments+=(
    -fsdev "local,id=outer,path=/,security_model=none,readonly=on,multidevs=remap"
    -device virtio-9p-pci,fsdev=outer,mount_tag=outer
    -fsdev "local,id=share,path=$share,security_model=none,multidevs=remap"
    -device virtio-9p-pci,fsdev=share,mount_tag=share
    -device virtio-serial-pci
    -chardev "file,id=console,path=$work/console" -serial chardev:console
    -drive "if=none,id=disk1,file=$disks/nvme.img,format=raw,snapshot=on"
    -device nvme,bus=rp1,drive=disk1,serial=TENON-LAB-1
    -netdev user,id=net2,restrict=on -device igb,bus=rp2,netdev=net2
    -netdev user,id=net3,restrict=on -device e1000e,bus=rp3,netdev=net3
    -device edu,bus=rp4
    -netdev user,id=net5,restrict=on
    -device virtio-net-pci,bus=rp5,disable-legacy=on,iommu_platform=on,ats=on,netdev=net5
    -drive "if=none,id=disk6,file=$disks/virtio.img,format=raw,snapshot=on"
    -device virtio-blk-pci,bus=rp6,disable-legacy=on,iommu_platform=on,ats=on,drive=disk6
    -drive "if=none,id=disk7,file=$disk2,format=raw,snapshot=on"
    -device nvme,bus=rp7,addr=0.0,multifunction=on,drive=disk7,serial=TENON-LAB-2
    -device edu,bus=rp7,addr=0.1
    -netdev user,id=net10,restrict=on
    -device rtl8139,addr=0a.0,netdev=net10,mac=52:54:00:12:34:99
    "${extra[@]}"
)

if [ $# -eq 0 ]; then
    [ -t 0 ] || die "a shell in the virtual host needs a terminal; give a command instead"
    touch "$share/interactive"
    "$program" "${arguments[@]}" -device virtconsole,chardev=tty -chardev stdio,id=tty,signal=off
else
    for port in out err; do
        mkfifo "$work/$port"
        arguments+=(-chardev "file,id=$port,path=$work/$port"
            -device "virtserialport,chardev=$port,name=tenon.$port")
    done
    cat <"$work/out" &
    readers+=($!)
    cat <"$work/err" >&2 &
    readers+=($!)
    timeout -k 5 "$timeout" "$program" "${arguments[@]}" </dev/null >"$work/emulator" 2>&1 &
    emulator_pid=$!
    wait "$emulator_pid" || true
    emulator_pid=''
    wait "${readers[@]}" || true
    readers=()
fi
if [ ! -s "$share/status" ]; then
    mkdir -p "$tenon_cache/log"
    cat "$work"/{emulator,console} >"$tenon_cache/log/virtual-host" 2>/dev/null || true
    say "error: the virtual host ended without an exit status (limit: $timeout s)"
    tail -n 15 "$tenon_cache/log/virtual-host" >&2
    say "its console: $tenon_cache/log/virtual-host"
    exit 125
fi
exit "$(cat "$share/status")"
