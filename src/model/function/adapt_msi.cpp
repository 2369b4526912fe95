#include <fmt/core.h>

#include "model/function/adapters.hpp"

namespace tenon::model::function {

// Offsets and bits. Source: PCIe Base Spec 6.0, 7.7.1.
Adapted adapt_msi(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    const std::size_t at = capability.at;
    const auto control = context.config.read16(at + 2);
    const MsiPlan plan{
        .at = capability.at,
        .vectors = static_cast<std::uint16_t>(1u << std::min(control >> 1 & 7, 5)),
        .wide = (control & 0x80) != 0,
        .maskable = (control & 0x100) != 0,
    };
    // Enable and Multiple Message Enable start at zero; what the device can do stays.
    map.emulate<std::uint16_t>(at + 2, control & 0x018e, 0x0071);
    map.emulate<std::uint32_t>(at + 4, 0, 0xfffffffc);
    std::size_t data = at + 8;
    if (plan.wide) {
        map.emulate<std::uint32_t>(at + 8, 0, 0xffffffff);
        data = at + 12;
    }
    map.emulate<std::uint16_t>(data, 0, 0xffff);
    if (plan.maskable) {
        const auto vectors = static_cast<std::uint32_t>((std::uint64_t{1} << plan.vectors) - 1);
        map.emulate<std::uint16_t>(data + 2, 0);
        map.emulate<std::uint32_t>(data + 4, 0, vectors);
        map.emulate<std::uint32_t>(data + 8, 0);
    }
    context.view.msi = plan;
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
