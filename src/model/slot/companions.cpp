#include "model/slot/companions.hpp"

#include <algorithm>
#include <array>

namespace tenon::model::slot {
namespace {

constexpr std::uint16_t ati = 0x1002;
constexpr std::uint16_t amd = 0x1022;
constexpr std::uint16_t nvidia = 0x10de;
constexpr std::uint16_t sound = 0x0403;
constexpr std::uint16_t usb = 0x0c03;
constexpr std::uint16_t serial_bus = 0x0c80;  // The controller of the connector has no class.

constexpr std::string_view what_sound = "the sound of the display";
constexpr std::string_view what_usb = "the USB controller of the display's connector";
constexpr std::string_view what_connector = "the Type-C controller of the display's connector";
constexpr std::string_view from_hda = "Linux, drivers/pci/quirks.c, quirk_gpu_hda";
constexpr std::string_view from_usb = "Linux, drivers/pci/quirks.c, quirk_gpu_usb";
constexpr std::string_view from_ucsi = "Linux, drivers/pci/quirks.c, quirk_gpu_usb_typec_ucsi";

constexpr auto companions = std::to_array<Companion>({
    {ati, sound, 1, what_sound, from_hda},
    {amd, sound, 1, what_sound, from_hda},
    {nvidia, sound, 1, what_sound, from_hda},
    {ati, usb, 2, what_usb, from_usb},
    {nvidia, usb, 2, what_usb, from_usb},
    {ati, serial_bus, 3, what_connector, from_ucsi},
    {nvidia, serial_bus, 3, what_connector, from_ucsi},
});

}  // namespace

const Companion* find_companion(std::uint16_t vendor, std::uint32_t class_code, unsigned function) {
    const auto* const found = std::ranges::find_if(companions, [&](const Companion& row) {
        return row.vendor == vendor && row.class_code == class_code >> 8 &&
               row.function == function;
    });
    return found == companions.end() ? nullptr : found;
}

}  // namespace tenon::model::slot
