#include "capture/listing/class_names.hpp"

#include <algorithm>
#include <array>

namespace tenon::capture::listing {
namespace {

struct ClassName {
    std::string_view name;
    std::uint16_t code;
};

constexpr auto names = std::to_array<ClassName>({
    {"Non-VGA unclassified device", 0x0000},
    {"VGA compatible unclassified device", 0x0001},
    {"SCSI storage controller", 0x0100},
    {"IDE interface", 0x0101},
    {"RAID bus controller", 0x0104},
    {"SATA controller", 0x0106},
    {"Serial Attached SCSI controller", 0x0107},
    {"Non-Volatile memory controller", 0x0108},
    {"Mass storage controller", 0x0180},
    {"Ethernet controller", 0x0200},
    {"Infiniband controller", 0x0207},
    {"Fabric controller", 0x0208},
    {"Network controller", 0x0280},
    {"VGA compatible controller", 0x0300},
    {"XGA compatible controller", 0x0301},
    {"3D controller", 0x0302},
    {"Display controller", 0x0380},
    {"Multimedia video controller", 0x0400},
    {"Multimedia audio controller", 0x0401},
    {"Audio device", 0x0403},
    {"Multimedia controller", 0x0480},
    {"RAM memory", 0x0500},
    {"CXL", 0x0502},
    {"Memory controller", 0x0580},
    {"Host bridge", 0x0600},
    {"ISA bridge", 0x0601},
    {"PCI bridge", 0x0604},
    {"CardBus bridge", 0x0607},
    {"Semi-transparent PCI-to-PCI bridge", 0x0609},
    {"Bridge", 0x0680},
    {"Serial controller", 0x0700},
    {"Parallel controller", 0x0701},
    {"Communication controller", 0x0780},
    {"PIC", 0x0800},
    {"System timer", 0x0802},
    {"RTC", 0x0803},
    {"SD Host controller", 0x0805},
    {"IOMMU", 0x0806},
    {"Generic system peripheral", 0x0807},
    {"System peripheral", 0x0880},
    {"FireWire (IEEE 1394)", 0x0c00},
    {"USB controller", 0x0c03},
    {"Fibre Channel", 0x0c04},
    {"SMBus", 0x0c05},
    {"IPMI Interface", 0x0c07},
    {"Serial bus controller", 0x0c80},
    {"Wireless controller", 0x0d80},
    {"Encryption controller", 0x1080},
    {"Signal processing controller", 0x1180},
    {"Processing accelerators", 0x1200},
    {"Non-Essential Instrumentation", 0x1300},
    {"Coprocessor", 0x4000},
});

// Older lists of names had "USB Controller".
bool same_name(std::string_view one, std::string_view other) {
    const auto small = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 'a' - 'A') : letter;
    };
    return std::ranges::equal(one, other, {}, small, small);
}

}  // namespace

std::optional<std::uint16_t> class_of(std::string_view name) {
    const auto* const found = std::ranges::find_if(
        names, [&](const ClassName& one) { return same_name(one.name, name); });
    if (found == names.end()) return std::nullopt;
    return found->code;
}

std::string_view class_at_front_of(std::string_view text) {
    std::string_view longest;
    for (const auto& one : names)
        if (text.starts_with(one.name) && one.name.size() > longest.size()) longest = one.name;
    return longest;
}

}  // namespace tenon::capture::listing
