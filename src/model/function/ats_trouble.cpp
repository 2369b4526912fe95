#include "model/function/ats_trouble.hpp"

#include <algorithm>
#include <array>

namespace tenon::model::function {
namespace {

constexpr std::uint8_t first = 0x00;
constexpr std::uint8_t last = 0xff;

constexpr std::string_view unprepared =
    "its driver has to prepare it before ATS is on, and ATS is on before a driver is there";
constexpr std::string_view stale =
    "before revision 20 it reads the addresses of invalidations with their bytes in the wrong "
    "order, and goes on with translations that are gone";

constexpr std::string_view amd = "Linux, drivers/pci/quirks.c, quirk_amd_harvest_no_ats";
constexpr std::string_view raven =
    "Linux, drivers/pci/quirks.c, quirk_amd_harvest_no_ats; "
    "https://lore.kernel.org/linux-iommu/"
    "MWHPR10MB1310F042A30661D4158520B589FC0@MWHPR10MB1310.namprd10.prod.outlook.com";
constexpr std::string_view intel =
    "Linux, drivers/pci/quirks.c, quirk_intel_e2000_no_ats; "
    "https://lore.kernel.org/r/20230908143606.685930-3-bartosz.pawlowski@intel.com";

constexpr auto known_ats_trouble = std::to_array<AtsTrouble>({
    {{0x1002, 0x98e4, 0x98e4}, first, last, unprepared, amd},  // Stoney
    {{0x1002, 0x6900, 0x6900}, first, last, unprepared, amd},  // Iceland
    {{0x1002, 0x7310, 0x7310}, first, last, unprepared, amd},  // Navi 10 from here
    {{0x1002, 0x7312, 0x7312}, first, last, unprepared, amd},
    {{0x1002, 0x7318, 0x731b}, first, last, unprepared, amd},
    {{0x1002, 0x731e, 0x731f}, first, last, unprepared, amd},
    {{0x1002, 0x7340, 0x7341}, first, last, unprepared, amd},  // Navi 14 from here
    {{0x1002, 0x7347, 0x7347}, first, last, unprepared, amd},
    {{0x1002, 0x734f, 0x734f}, first, last, unprepared, amd},
    {{0x1002, 0x15d8, 0x15d8}, 0xcf, 0xcf, unprepared, raven, 0xea50, 0xce19},  // Raven
    {{0x1002, 0x15d8, 0x15d8}, 0xcf, 0xcf, unprepared, raven, 0xea50, 0xcc10},
    {{0x1002, 0x15d8, 0x15d8}, 0xcf, 0xcf, unprepared, raven, 0xea50, 0xcc08},
    {{0x8086, 0x1451, 0x1455}, first, 0x1f, stale, intel},  // IPU E2000 from here
    {{0x8086, 0x1457, 0x1457}, first, 0x1f, stale, intel},
    {{0x8086, 0x1459, 0x145a}, first, 0x1f, stale, intel},
    {{0x8086, 0x145c, 0x145c}, first, 0x1f, stale, intel},
});

}  // namespace

const AtsTrouble* find_ats_trouble(const device::Identity& who) {
    const auto* const found = std::ranges::find_if(known_ats_trouble, [&](const AtsTrouble& row) {
        return row.ids.contains(who.vendor, who.device) && who.revision >= row.first_revision &&
               who.revision <= row.last_revision &&
               (row.subsystem_vendor == 0 || (row.subsystem_vendor == who.subsystem_vendor &&
                                              row.subsystem_device == who.subsystem_device));
    });
    return found == known_ats_trouble.end() ? nullptr : found;
}

}  // namespace tenon::model::function
