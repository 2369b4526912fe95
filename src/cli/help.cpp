#include "cli/help.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "cli/text/key_text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/viommu_argument.hpp"
#include "model/chosen/machine_version.hpp"

namespace tenon::cli {
namespace {

constexpr std::size_t column = 26;  // Where --help says what an option does.
constexpr std::size_t width = 100;  // Of its lines, as render_keys() has them.

std::string known_machine_versions() {
    std::string text;
    for (const auto& version : model::chosen::machine_versions())
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", version.name, version.what);
    return text;
}

// `viommu` is what is to be said of --viommu pasid.
std::string machine_options(std::string_view viommu) {
    return fmt::format(R"(  --machine VERSION       the defaults of this version; known: {}
  --viommu none|pasid[=WIDTH]|vtd[,key=value...]
                          the guest's IOMMU. pasid: none, but PASIDs are shown as if one took
                          WIDTH bits (20). {}.
                          vtd: one that translates; the keys are
{}  --port NAME[,key=value...]   a root port of this name; may be given again. The keys are
{}  --cpus N                processors of the guest, 1 to 255; 1 without it
  --memory SIZE[,key=value...]   of the guest: bytes, or with K, M, G; {} without it. The keys are
{}  --firmware FILE         begin with firmware, which boots from a disk: CLOUDHV.fd of Debian's package
                          cloudhv-efi-x86-64; fd=N too. It gives out the addresses below the
                          ports anew, and looks for a system on the disks in their order. `run` with a
                          --disk and without --kernel takes the one that is installed
  --iommufd fd=N          use /dev/iommu as somebody else opened it: file N of this process
  --kvm fd=N              the same of /dev/kvm
)",
                       known_machine_versions(), viommu,
                       text::render_keys(words::vtd_keys(), 4, column),
                       text::render_keys(words::port_keys(), 4, column), words::default_memory,
                       text::render_keys(words::memory_keys(), 4, column));
}

std::string device_words() {
    const std::string_view intro = R"(
A DEVICE is one of
  0000:65:00.0, 65:00.0     a function of this host, as lspci prints it
  /sys/bus/pci/devices/...  the same, by its folder in sysfs
  FILE                      what tenon capture wrote, a text with rows of lspci -xxx or -xxxx,
                            hexdump, od, xxd or the kernel's log, however it was pasted, or a copy
                            of the file `config` in sysfs (64, 256 or 4096 bytes); packed files, tar
                            archives, and folders that are a copy of another host's /sys
  -                         such a file on standard input; a pipe, as of <(...), is a FILE too
  FILE#ADDRESS              one of several functions in such a file, the address as written there;
                            FILE#0, FILE#1 those without one, FILE#ADDRESS@2 the second of it,
                            FILE#* all, each by itself
  0b:00.*, FILE#0b:00.*     all functions of a host slot, for plan alone: which guest slots they would
                            have, why, and the arguments for it. A function of it that is named as
                            well has its own keys (and its own place, with port= or function=)
  fd=N                      the function behind file N of this process: its node
                            /dev/vfio/devices/vfioN, opened by who started tenon; also as a key
A file whose own name contains a comma or a # is found by its whole name first. The keys are
)";
    auto keys = words::device_keys();
    const auto stated = std::ranges::stable_partition(
        keys, [](const words::KeyWords& key) { return !key.name.starts_with("host-"); });
    std::string all{intro};
    all += text::render_keys(std::span{keys.begin(), stated.begin()}, 2, column + 2);
    all += "For a file that does not tell, these state what its host can do:\n";
    return all + text::render_keys(stated, 2, column + 2);
}

std::string backend_options() {
    std::string all;
    for (const auto& option : words::backend_options()) {
        all += fmt::format("  --{} {}\n", option.name, option.usage);
        const auto what = fmt::format("{}; may be given again. The keys are", option.what);
        for (const auto& line : text::wrap(what, width - column))
            all += fmt::format("{:{}}{}\n", "", column, line);
        all += text::render_keys(option.keys(), 4, column);
    }
    return all;
}

}  // namespace

std::string program_help() {
    return R"(Assigns PCI devices of this host to virtual machines under KVM, and says beforehand what a
guest will see of them.

Usage: tenon COMMAND ...

  plan        show what a guest would see of devices, and whether they can be assigned
  run         boot a guest with devices assigned to it
  ctl         give a command to a running guest
  list        show the devices of this host, and which of them can be assigned
  capture     write down all that is known of devices, to plan with them elsewhere
  diff        show what a guest would see differently of two devices, captures or plans
  check       say what is wrong with a guest's configuration for QEMU, libvirt, KubeVirt or Proxmox
  COMMAND --help, --version

Examples
  tenon plan 65:00.0                    what can be assigned, and what to do if it cannot
  tenon plan nvme.txt                   the same from the text of: lspci -xxxx -s 65:00.0
  tenon run --kernel bzImage --initrd initrd --append console=ttyS0 --device 65:00.0
)";
}

std::string plan_help() {
    std::string text =
        R"(Shows what a guest would see of each device, why, and whether it can be assigned.

Usage: tenon plan [OPTION]... DEVICE[,key=value...]...
       tenon plan [OPTION]... VM.toml

  -v, --verbose           print all of it: each capability and BAR, properties, AtomicOps, the host
  --json                  print one JSON object, for scripts; with -v the guest's bytes as well
  --target tenon|qemu[-VERSION][,place=port|root-bus|conventional|pc]
                          whose guest it is. qemu: what QEMU itself shows (11.1, 11.0; of others the nearest),
                          of functions below a root port, or where place= says
  --emit lspci            print the guest's view as a dump that `lspci -F` reads
  --emit MANAGER          print a configuration that gives the planned guest, with what it cannot say as
                          comments: qemu, a command; libvirt, XML; proxmox, a .conf; kubevirt, YAML
  --prefer WHAT           of --emit, where a manager cannot have both: atomics, AtomicOps, or one-slot,
                          functions of a card together
  --map                   draw the bytes of configuration space: whose they are, what the guest gets
  --map FILE.svg          the same picture as a file, for a bug report
  --report FILE.html      all of it as one page, for a ticket
  --no-open               do not open devices through VFIO; what only VFIO knows stays unknown
  --anonymize             name no single device and no site, in whatever form is printed
)";
    text += machine_options("For\n                          plans of a guest that will have one");
    text += backend_options();
    text += device_words();
    return text + R"(
Without -v it is one screen: the verdict, what differs from the hardware and why, warnings, what to do.
Each capability is passed (the device's own registers), emulated (ours), hidden or synthesized.
A function of this host that is bound to vfio-pci and free is opened to ask the kernel about it:
this resets it. Drivers are never bound or unbound; the plan prints the commands that do.

Exit status: 0 every device can be assigned, 1 at least one cannot, 2 wrong usage or unreadable
input. COLUMNS sets the width of the text, NO_COLOR=1 switches colours off.

Examples
  tenon plan 65:00.0
  tenon plan 0b:00.0,port=gpu 0b:00.1,port=gpu      a card and its sound in one slot
  tenon plan --target qemu 65:00.0                  what QEMU's guest sees instead
  tenon plan '0b:00.*'                              which slots a guest should have for a card
  tenon plan --json bug-report.txt#0000:65:00.0
  lspci -xxxx -s 65:00.0 >nvme.txt                  as root, or only 64 bytes are there
  tenon plan --emit lspci nvme.txt | lspci -F /dev/stdin -vvv
)";
}

std::string run_help() {
    std::string text =
        R"(Boots a Linux guest with devices of this host assigned to it, as `tenon plan` says of them.

Usage: tenon run --kernel FILE [OPTION]... --device DEVICE[,key=value...]...
       tenon run --firmware FILE [OPTION]... --disk FILE[,key=value...]...
       tenon run VM.toml [OPTION]...

  --kernel FILE           a bzImage, or a vmlinux with PVH; fd=N: a file that is open already
  --initrd FILE           the initial RAM disk; fd=N too
  --append TEXT           the kernel's command line; console=ttyS0 is the console
  --device DEVICE         assign this device; may be given again
  --no-reboot             end when the guest resets itself; without it, the guest starts again
  --nobody                open all files now, and run as a user without rights who sees nothing of the
                          host: in namespaces of its own, with /sys to read. The user is who owns
                          the folder of SOCKET, or user 65534 where that is root
  --quiet                 leave out the warnings of the plan, which else are printed before the start
  --control SOCKET        let clients of QMP's protocol in at this path: `tenon ctl` is one
  --seal auto|full|off|log
                          give up rights before the guest starts: capabilities, files, system calls.
                          auto, the default: all; where there is a control socket, a process beside it
                          opens nodes for hot-plug by address; full: without it; log: system calls
                          without a right are carried out and logged
  --timing                print at the end where the time of the start went
)";
    text += machine_options("An\n                          experiment: nothing translates them");
    text += backend_options();
    text += device_words();
    return text + R"(
All memory of the guest is locked while a device is assigned. A file is for `tenon plan` only. A
device has to be bound to vfio-pci, as the plan tells. It is reset when the guest gets it and when it is
given back. The guest's console is standard input and output; Ctrl-A x ends the guest.

VM.toml says the same as the options, by their names (kernel = "bzImage"), with a table [[device]] or
[[port]] for each of these; options on the command line win. See docs/users/vm-file.md.

Exit status: 0 the guest switched itself off, 1 it did not, a device cannot be assigned or a step
failed, 2 wrong usage, 3 the guest reset itself under --no-reboot.

Examples
  tenon run --kernel bzImage --initrd initrd.img --append 'console=ttyS0 root=/dev/nvme0n1' \
            --memory 4G --device 65:00.0
  tenon run --kernel vmlinux --append console=ttyS0 --device 0b:00.0,port=gpu \
            --device 0b:00.1,port=gpu
)";
}

std::string capture_help() {
    return R"(Writes down all that is known of functions of this host, as one JSON document: a plan made from it
elsewhere is the plan that would be made here.

Usage: tenon capture [OPTION]... ADDRESS...

  -o FILE                 write to FILE instead of standard output
  --anonymize             name no single device and no site: blank serial numbers and their like,
                          vendors' own registers, paths of files
  --no-open               do not open devices through VFIO; what only VFIO knows stays unknown

A function that is bound to vfio-pci and free is opened to ask the kernel about it: this resets it.
Read it as root, or only 64 bytes of configuration space are there. '65:00.*' is every function of
a slot.

Exit status: 0 written, 2 wrong usage, or a function or the file cannot be had.

Examples
  tenon capture -o card.json 65:00.0 65:00.1
  tenon plan card.json#0000:65:00.1
)";
}

std::string ctl_help() {
    return R"(Gives a command to a running guest, through the socket of `tenon run --control SOCKET`, and prints
the answer. The socket speaks QMP's protocol, so clients of that work as well.

Usage: tenon ctl SOCKET [COMMAND [key=value]...]

  query-status            whether the guest runs or is paused
  query-pci               its PCI functions as they are now, with the plan of each assigned one
  stop, cont              take the processors out of the guest, let them in again
  system_powerdown        press the power button; what that does is the guest's choice
  system_reset            start the guest again
  quit                    end the guest at once
  device_add driver=vfio-pci host=ADDRESS [bus=PORT] [addr=0.N] [id=NAME] [key=value]...
                          a device comes; of several for one slot, function 0 last. Keys are those
                          of a DEVICE on the command line
  device_del id=NAME [force=true]
                          ask the guest to let go of its slot, or pull it out at once
  query-version, query-commands
                          who answers, and all it can be told; this is what no COMMAND asks

Exit status: 0 done, 1 refused, 2 wrong usage, or nobody answers at SOCKET.

Examples
  tenon run --kernel bzImage --device 65:00.0 --control /run/vm1.sock
  tenon ctl /run/vm1.sock query-pci
  tenon ctl /run/vm1.sock device_add driver=vfio-pci host=65:00.0 bus=rp1 id=disk
)";
}

std::string list_help() {
    return R"(Shows the PCI functions of this host, those of an IOMMU group together, and whether each can be
assigned to a guest or the reason that would remain last. What stands in the way of all is said on top.
Opens no device. Of a FILE, the same of the host that it is of: a capture, dumps, or text of lspci,
of a loop over /sys/kernel/iommu_groups, of dpdk-devbind --status, of dmesg, all of it in one file.

Usage: tenon list [--json | --tree | --report FILE.html] [--anonymize] [FILE]

  --json                  print one JSON object, for scripts
  --tree                  below root buses, ports and switches, with groups, NUMA nodes, and what
                          completes or routes AtomicOps
  --report FILE.html      this host as one page: the tree, and who goes with whom
  --anonymize             name no single device and no site

Exit status: 0 listed, 2 wrong usage, an unreadable file, or this host shows no PCI bus.
)";
}

std::string check_help() {
    return R"(Shows where a guest of QEMU would find its PCI devices, and what is wrong with the configuration:
what fails to start, what the guest loses, what is slow or dangerous, why, and what to write instead.

Usage: tenon check [OPTION]... FILE
       tenon check [OPTION]... -- COMMAND WORD...
       tenon check [OPTION]... --pid N

  FILE                    XML of libvirt, as virsh dumpxml prints it; YAML of KubeVirt; a guest's .conf
                          of Proxmox; or a command of QEMU for a shell, as in a script, or words with
                          zero bytes between them, as in /proc/N/cmdline; - is standard input
  -- COMMAND WORD...      the command itself
  --pid N                 the QEMU that runs as process N of this host
  --host here|FILE        what is known of the host: of this one, or of another by a capture, a dump,
                          a copy of its /sys or a report; with --pid it is this one without saying so
  --target qemu[-VERSION] by whose rules assigned functions are seen: 11.1, 11.0, of others the nearest
  --json                  print one JSON object, for scripts
  --report FILE.html      all of it as one page

Files of -readconfig are read. Nothing is started, opened or changed. What only the host can tell is
named under "Not judged" where the host is not known, and so is every word that is not understood.

Exit status: 0 nothing was found, 1 findings, 2 wrong usage or unreadable input.

Examples
  tenon check vm.sh
  virsh dumpxml vm | tenon check --host here -
  tenon check --host here /etc/pve/qemu-server/101.conf
  tenon check --host here -- qemu-system-x86_64 -M q35 -m 4G -device vfio-pci,host=65:00.0
  tenon check --host report.tar.xz vm.sh
)";
}

std::string diff_help() {
    std::string text =
        R"(Shows what differs between the plans of two devices: every field, what a guest sees first, then
what the host says of it; and their configuration registers. For a firmware update, another kernel,
another slot.

Usage: tenon diff [OPTION]... A B

  --target tenon|qemu[-VERSION][,place=...]   whose guest both are in; see tenon plan --help. Of one
                          side alone: a key target= of it, with place= behind it
  --json                  print one JSON object, for scripts
  --no-open               do not open devices through VFIO; what only VFIO knows stays unknown
)";
    text += machine_options("For\n                          sides that are devices");
    return text + R"(
A and B are devices as tenon plan takes them (an address, a capture, text of lspci, with keys), or
files that tenon plan -v --json wrote; FILE#ID picks one of several functions of a plan. What one side
does not know is no difference; it is listed as not compared. Names are none either: of the device,
its address on the host, its file. Of the ports given, a device has the one that its port= names.

Exit status: 0 the same, 1 different, 2 wrong usage or unreadable input.

Examples
  tenon diff before.json after.json
  tenon diff card.json 65:00.0
  tenon diff 65:00.0,target=qemu 65:00.0            what changes from QEMU to Tenon
  tenon diff --viommu pasid card.json,port=a other.json
)";
}

}  // namespace tenon::cli
