#include "model/function/reset_trouble.hpp"

#include <algorithm>
#include <array>

namespace tenon::model::function {
namespace {

constexpr std::uint8_t any = 0xff;
constexpr std::uint16_t any_class = 0xffff;
constexpr std::uint16_t display = 0x03ff;
constexpr std::uint16_t vga = 0x0300;

constexpr std::string_view function_hangs =
    "it says that it has a function level reset, and hangs "
    "in it";
constexpr std::string_view bus_loses_it = "it does not come back from a reset of the bus above it";
constexpr std::string_view second_start =
    "no reset of the kernel brings it back once a driver has used it: it works in the first guest "
    "after the host's start, and often not in the next";

constexpr std::string_view nothing_reset =
    "it says that the power state D3hot resets it, and nothing is reset";
constexpr std::string_view late =
    "for a quarter of a second after its function level reset its driver waits for it in vain";

constexpr std::string_view no_pm = "Linux, drivers/pci/quirks.c, quirk_no_pm_reset";
constexpr std::string_view delay = "Linux, drivers/pci/quirks.c, delay_250ms_after_flr";
constexpr std::string_view atheros =
    "Linux, drivers/pci/quirks.c, quirk_no_bus_reset; "
    "https://lore.kernel.org/r/20140923210318.498dacbd@dualc.maya.org/";
constexpr std::string_view polaris = "https://github.com/gnif/vendor-reset/issues/72";
constexpr std::string_view listed =
    "https://github.com/gnif/vendor-reset, README.md, Supported Devices";
constexpr std::string_view navi = "https://github.com/gnif/vendor-reset/issues/3";

// The kernel knows most of these and takes another way; a row still tells why the way that the
// registers promise is not taken, and what other programs run into.
constexpr auto known_reset_trouble = std::to_array<ResetTrouble>({
    {0x1022, 0x1487, 0x1487, any_class, any, TroubledReset::Function, function_hangs,
     "Linux commit 0d14f06cd665"},
    {0x1022, 0x148c, 0x148c, any_class, any, TroubledReset::Function, function_hangs,
     "Linux commit 5727043c73fd"},
    {0x1022, 0x149c, 0x149c, any_class, any, TroubledReset::Function, function_hangs,
     "Linux commit 0d14f06cd665"},
    {0x1022, 0x7901, 0x7901, any_class, any, TroubledReset::Function,
     "after its function level reset a guest does not find the drives behind it",
     "Linux commit 63ba51db24ed; "
     "https://lore.kernel.org/r/20230128013951.523247-1-damien.lemoal@opensource.wdc.com"},
    {0x8086, 0x1502, 0x1503, any_class, any, TroubledReset::Function, function_hangs,
     "Linux commit f65fd1aa4f98"},
    {0x14c3, 0x0616, 0x0616, any_class, any, TroubledReset::Function,
     "after its function level reset all its registers read as ones",
     "Linux commit 81f64e925c29; https://lore.kernel.org/r/Z4pHll_6GX7OUBzQ@mail-itl"},
    {0xd063, 0x1000, 0x1000, any_class, 0x01, TroubledReset::Function, function_hangs,
     "Linux commit d089d69cc1f8"},
    {0x144d, 0xa804, 0xa804, any_class, any, TroubledReset::Function,
     "after its function level reset it may read as ones, unless it was switched off before",
     "Linux, drivers/pci/quirks.c, nvme_disable_and_flr"},
    {0x8086, 0x0953, 0x0953, any_class, any, TroubledReset::Function, late, delay},
    {0x8086, 0x0a54, 0x0a54, any_class, any, TroubledReset::Function, late, delay},
    {0x025e, 0xf1ac, 0xf1ac, any_class, any, TroubledReset::Function, late, delay},
    {0x10de, 0x1eb8, 0x1eb8, any_class, any, TroubledReset::Bus, bus_loses_it,
     "https://lore.kernel.org/r/"
     "2dcebea53a6eb9bd212ec6d8974af2e5e0333ef6.1681129861.git.wuzongyong@linux.alibaba.com"},
    {0x10de, 0x2340, 0x237f, any_class, any, TroubledReset::Bus, bus_loses_it,
     "Linux commit 4c207e7121fa; "
     "https://lore.kernel.org/r/20210608054857.18963-8-ameynarkhede03@gmail.com"},
    {0x168c, 0x0030, 0x0030, any_class, any, TroubledReset::Bus, bus_loses_it, atheros},
    {0x168c, 0x0032, 0x0034, any_class, any, TroubledReset::Bus, bus_loses_it, atheros},
    {0x168c, 0x003c, 0x003c, any_class, any, TroubledReset::Bus, bus_loses_it, atheros},
    {0x168c, 0x003e, 0x003e, any_class, any, TroubledReset::Bus,
     "after a reset of the bus above it the guest hangs when its driver loads",
     "Linux commit e3f4bd3462f6; "
     "https://lore.kernel.org/r/08982e05-b6e8-5a8d-24ab-da1488ee50a8@web.de"},
    {0x11c1, 0x5900, 0x5901, any_class, any, TroubledReset::Bus, bus_loses_it,
     "https://lore.kernel.org/r/20240227131401.17913-1-edmund.raile@proton.me"},
    {0x104c, 0xb005, 0xb005, any_class, any, TroubledReset::Bus, bus_loses_it,
     "https://lore.kernel.org/r/20210315102606.17153-1-antti.jarvinen@gmail.com"},
    {0x1b21, 0x1164, 0x1164, any_class, any, TroubledReset::Bus, bus_loses_it,
     "https://forum.proxmox.com/threads/"
     "problems-with-pcie-passthrough-with-two-identical-devices.149003/"},
    {0x177d, 0xa100, 0xa100, any_class, any, TroubledReset::Bus,
     "what is below this port may not answer after a reset of its bus",
     "Linux, drivers/pci/quirks.c, quirk_no_bus_reset"},
    {0x1002, 0x67c0, 0x67ff, display, any, TroubledReset::Any, second_start, polaris},
    {0x1002, 0x6980, 0x699f, display, any, TroubledReset::Any, second_start, polaris},
    {0x1002, 0x6fdf, 0x6fdf, display, any, TroubledReset::Any, second_start, polaris},
    {0x1002, 0x6860, 0x687f, display, any, TroubledReset::Any, second_start, listed},
    {0x1002, 0x66a0, 0x66af, display, any, TroubledReset::Any, second_start, listed},
    {0x1002, 0x7310, 0x731f, display, any, TroubledReset::Any, second_start, navi},
    {0x1002, 0x7340, 0x734f, display, any, TroubledReset::Any, second_start, listed},
    {0x1002, 0x7360, 0x7362, display, any, TroubledReset::Any, second_start, listed},
    {0x1002, 0x0000, 0xffff, vga, any, TroubledReset::PowerManagement, nothing_reset, no_pm},
    {0x15b3, 0xcb84, 0xcb84, any_class, any, TroubledReset::PowerManagement, nothing_reset, no_pm},
    {0x15b3, 0xcf6c, 0xcf6c, any_class, any, TroubledReset::PowerManagement, nothing_reset, no_pm},
    {0x15b3, 0xcf70, 0xcf70, any_class, any, TroubledReset::PowerManagement, nothing_reset, no_pm},
    {0x15b3, 0xcf80, 0xcf80, any_class, any, TroubledReset::PowerManagement, nothing_reset, no_pm},
});

bool is_of_class(const ResetTrouble& row, std::uint32_t class_code) {
    if (row.classes == any_class) return true;
    constexpr std::uint16_t any_subclass = 0xff;
    if ((row.classes & any_subclass) == any_subclass) return row.classes >> 8 == class_code >> 16;
    return row.classes == class_code >> 8;
}

}  // namespace

std::string_view name_of(TroubledReset reset) {
    switch (reset) {
        case TroubledReset::Function:
            return "function";
        case TroubledReset::PowerManagement:
            return "power management";
        case TroubledReset::Bus:
            return "bus";
        case TroubledReset::Any:
            return "any";
    }
    return "";
}

const ResetTrouble* find_reset_trouble(std::uint16_t vendor, std::uint16_t device,
                                       std::uint32_t class_code, std::uint8_t revision) {
    const auto* const found =
        std::ranges::find_if(known_reset_trouble, [&](const ResetTrouble& row) {
            return row.vendor == vendor && device >= row.first_device &&
                   device <= row.last_device && is_of_class(row, class_code) &&
                   (row.revision == any || row.revision == revision);
        });
    return found == known_reset_trouble.end() ? nullptr : found;
}

}  // namespace tenon::model::function
