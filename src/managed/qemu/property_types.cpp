#include "managed/qemu/property_types.hpp"

#include <algorithm>
#include <array>

namespace tenon::managed::qemu {
namespace {

constexpr auto numbers = std::to_array<std::string_view>({"acpi-index",
                                                          "aw-bits",
                                                          "bootindex",
                                                          "bus_nr",
                                                          "chassis",
                                                          "chassis_nr",
                                                          "numa_node",
                                                          "pasid-bits",
                                                          "port",
                                                          "rombar",
                                                          "romsize",
                                                          "slot",
                                                          "x-igd-gms",
                                                          "x-intx-mmap-timeout-ms",
                                                          "x-nv-gpudirect-clique",
                                                          "x-pci-class-code",
                                                          "x-pci-device-id",
                                                          "x-pci-sub-device-id",
                                                          "x-pci-sub-vendor-id",
                                                          "x-pci-vendor-id",
                                                          "x-vpasid-cap-offset",
                                                          "xres",
                                                          "yres"});

constexpr auto flags = std::to_array<std::string_view>(
    {"caching-mode",      "device-iotlb",  "dma-remap",
     "dma-translation",   "fs1gp",         "fsts",
     "hotplug",           "multifunction", "power_controller_present",
     "scalable-mode",     "snoop-control", "svm",
     "x-balloon-allowed", "x-igd-lpc",     "x-igd-opregion",
     "x-no-kvm-intx",     "x-no-kvm-msi",  "x-no-kvm-msix",
     "x-no-mmap",         "x-req",         "x-vga"});

constexpr auto texts = std::to_array<std::string_view>(
    {"display", "eim", "enable-migration", "failover_pair_id", "host", "intremap", "romfile",
     "sysfsdev", "vf-token", "x-igd-legacy-mode", "x-msix-relocation", "x-speed", "x-width"});

bool has(auto const& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

std::optional<said::ValueKind> type_of_property(std::string_view driver, std::string_view name) {
    // What virtio means by it is on or off; of a function of the host it may be left to QEMU.
    if (name == "ats")
        return driver.starts_with("vfio") ? said::ValueKind::Text : said::ValueKind::Flag;
    // Of a device of USB it is a path of ports.
    if (name == "port" && driver.starts_with("usb")) return std::nullopt;
    if (has(numbers, name)) return said::ValueKind::Number;
    if (has(flags, name)) return said::ValueKind::Flag;
    if (has(texts, name)) return said::ValueKind::Text;
    return std::nullopt;
}

}  // namespace tenon::managed::qemu
