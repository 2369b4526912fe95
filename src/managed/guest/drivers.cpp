#include "managed/guest/drivers.hpp"

#include <algorithm>
#include <array>

namespace tenon::managed::guest {
namespace {

constexpr auto displays = std::to_array<std::string_view>(
    {"VGA", "cirrus-vga", "qxl-vga", "virtio-gpu-gl-pci", "virtio-gpu-pci", "virtio-vga",
     "virtio-vga-gl", "vhost-user-vga", "vmware-svga", "virtio-gpu", "isa-vga", "ati-vga"});

constexpr auto conventional =
    std::to_array<std::string_view>({"pci-bridge", "i82801b11-bridge", "pcie-pci-bridge", "pxb"});

constexpr auto functions = std::to_array<std::string_view>({"AC97",
                                                            "ES1370",
                                                            "ahci",
                                                            "am53c974",
                                                            "bochs-display",
                                                            "edu",
                                                            "hyperv-testdev",
                                                            "i6300esb",
                                                            "igb",
                                                            "ich9-ahci",
                                                            "ich9-intel-hda",
                                                            "intel-hda",
                                                            "ivshmem-doorbell",
                                                            "ivshmem-plain",
                                                            "ne2k_pci",
                                                            "nec-usb-xhci",
                                                            "nvme",
                                                            "pci-ohci",
                                                            "pci-serial",
                                                            "pci-serial-2x",
                                                            "pci-serial-4x",
                                                            "pci-testdev",
                                                            "pcnet",
                                                            "pvpanic-pci",
                                                            "pvscsi",
                                                            "qemu-xhci",
                                                            "qxl",
                                                            "rtl8139",
                                                            "sdhci-pci",
                                                            "secondary-vga",
                                                            "tulip",
                                                            "usb-ehci",
                                                            "vfio-pci",
                                                            "vfio-pci-nohotplug",
                                                            "vmxnet3"});

// virtio-NAME and vhost-NAME that sit on a bus of their own.
constexpr auto on_other_buses = std::to_array<std::string_view>(
    {"virtserialport", "virtconsole",  "i8042",   "i8257",        "intel-iommu", "amd-iommu",
     "nvdimm",         "pc-dimm",      "pvpanic", "ramfb",        "vmcoreinfo",  "vmgenid",
     "vmclock",        "nvme-ns",      "sd-card", "x86_64-cpu",   "cxl-type3",   "kvm-clock",
     "kvmclock",       "guest-loader", "loader",  "nvme-subsys",  "vmport",      "vmmouse",
     "floppy",         "hpet",         "sga",     "uefi-vars-x64"});

constexpr auto prefixes_elsewhere = std::to_array<std::string_view>(
    {"usb-", "isa-", "ide-", "scsi-", "hda-", "tpm-", "ccid-", "smbus-", "emulated", "passthru",
     "acpi-", "ipmi-", "i2c-", "s390"});

constexpr auto prefixes_of_functions =
    std::to_array<std::string_view>({"e1000", "i8255", "ich9-usb-", "lsi", "megasas", "mptsas",
                                     "piix3-usb-", "piix4-usb-", "virtio-", "vhost-"});

bool has(auto const& list, std::string_view driver) {
    return std::ranges::find(list, driver) != list.end();
}

bool begins(auto const& list, std::string_view driver) {
    return std::ranges::any_of(list,
                               [&](std::string_view prefix) { return driver.starts_with(prefix); });
}

}  // namespace

DriverKind kind_of(std::string_view driver) {
    using enum DriverKind;
    if (driver == "pcie-root-port" || driver == "ioh3420") return RootPort;
    if (driver == "x3130-upstream") return UpstreamPort;
    if (driver == "xio3130-downstream") return DownstreamPort;
    if (driver == "pxb-pcie") return RootExpander;
    if (has(conventional, driver)) return ConventionalBridge;
    if (has(on_other_buses, driver) || begins(prefixes_elsewhere, driver)) return NotPci;
    if (driver.ends_with("-device")) return NotPci;  // virtio-mmio's and a virtio bus's.
    if (has(displays, driver) || has(functions, driver)) return Function;
    return begins(prefixes_of_functions, driver) ? Function : Unknown;
}

bool is_display(std::string_view driver) { return has(displays, driver); }

bool is_viommu(std::string_view driver) {
    return driver == "intel-iommu" || driver == "amd-iommu" || driver == "virtio-iommu-pci" ||
           driver == "virtio-iommu";
}

}  // namespace tenon::managed::guest
