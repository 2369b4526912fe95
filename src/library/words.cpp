#include "library/words.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace tenon::library {
namespace {

struct ClassName {
    std::uint32_t code;  // Base class and subclass, or base class and 0xff.
    std::string_view name;
};

constexpr auto class_names = std::to_array<ClassName>({
    {0x0100, "SCSI storage controller"},
    {0x0101, "IDE controller"},
    {0x0104, "RAID controller"},
    {0x0106, "SATA controller"},
    {0x0107, "SAS controller"},
    {0x0108, "Non-Volatile memory controller"},
    {0x0109, "Universal Flash Storage controller"},
    {0x01ff, "Mass storage controller"},
    {0x0200, "Ethernet controller"},
    {0x0207, "InfiniBand controller"},
    {0x0208, "Fabric controller"},
    {0x02ff, "Network controller"},
    {0x0300, "VGA compatible controller"},
    {0x0302, "3D controller"},
    {0x03ff, "Display controller"},
    {0x0401, "Multimedia audio controller"},
    {0x0403, "Audio device"},
    {0x04ff, "Multimedia controller"},
    {0x0500, "RAM memory"},
    {0x0502, "CXL memory device"},
    {0x05ff, "Memory controller"},
    {0x0600, "Host bridge"},
    {0x0601, "ISA bridge"},
    {0x0604, "PCI bridge"},
    {0x0607, "CardBus bridge"},
    {0x06ff, "Bridge"},
    {0x0700, "Serial controller"},
    {0x07ff, "Communication controller"},
    {0x0806, "IOMMU"},
    {0x0807, "Root Complex Event Collector"},
    {0x08ff, "System peripheral"},
    {0x09ff, "Input device controller"},
    {0x0aff, "Docking station"},
    {0x0bff, "Processor"},
    {0x0c03, "USB controller"},
    {0x0c05, "SMBus"},
    {0x0cff, "Serial bus controller"},
    {0x0dff, "Wireless controller"},
    {0x0eff, "Intelligent I/O controller"},
    {0x0fff, "Satellite communications controller"},
    {0x10ff, "Encryption controller"},
    {0x11ff, "Signal processing controller"},
    {0x12ff, "Processing accelerator"},
    {0x13ff, "Non-Essential Instrumentation"},
    {0x40ff, "Co-processor"},
});

}  // namespace

std::string hex(std::uint64_t number) { return fmt::format("{:#x}", number); }

std::string hex(std::uint64_t number, unsigned digits) {
    return fmt::format("{:#0{}x}", number, digits + 2);
}

std::string_view class_name(std::uint32_t class_code) {
    const auto exact = class_code >> 8;
    for (const auto code : {exact, exact | 0xff}) {
        const auto* const found = std::ranges::find(class_names, code, &ClassName::code);
        if (found != class_names.end()) return found->name;
    }
    return "device of an unknown class";
}

std::string_view link_speed_name(unsigned speed) {
    constexpr std::array<std::string_view, 7> names{"unknown speed", "2.5 GT/s", "5 GT/s", "8 GT/s",
                                                    "16 GT/s",       "32 GT/s",  "64 GT/s"};
    return speed < names.size() ? names.at(speed) : names.front();
}

std::size_t known_config(const device::DeviceFacts& facts) {
    if (facts.vfio) return facts.vfio->config.known();
    return facts.physical ? facts.physical->known() : 0;
}

std::string sentence(const model::chosen::Reason& reason) {
    auto text = reason.what;
    if (!reason.remedy.empty()) text += ": " + reason.remedy;
    if (!reason.commands.empty()) text += fmt::format(": {}", fmt::join(reason.commands, "; "));
    return text;
}

std::string guest_address(const pci::Address& address) {
    return fmt::format("{:02x}:{:02x}.{}", address.bus, address.device, address.function);
}

}  // namespace tenon::library
