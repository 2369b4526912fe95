#include <fmt/core.h>

#include "model/function/adapters.hpp"
#include "pci/msi.hpp"

namespace tenon::model::function {

// Offsets and bits. Source: PCIe Base Spec 6.0, 7.7.1.
Adapted adapt_msi(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    const std::size_t at = capability.at;
    const pci::MsiControl control{context.config.read16(at + pci::msi::control)};
    const MsiPlan plan{
        .at = capability.at,
        .vectors = static_cast<std::uint16_t>(
            pci::msi::vectors(control.get<pci::MultipleMessageCapable>())),
        .wide = control.get<pci::Msi64BitAddress>() != 0,
        .maskable = control.get<pci::MsiPerVectorMasking>() != 0,
    };
    // Enable and Multiple Message Enable start at zero; what the device can do stays.
    map.emulate<std::uint16_t>(at + pci::msi::control,
                               control.raw() & pci::MsiControl::mask_of(pci::Access::ReadOnly),
                               pci::MsiControl::mask_of(pci::Access::ReadWrite));
    map.emulate<std::uint32_t>(at + pci::msi::address, 0, pci::msi::address_bits);
    if (plan.wide) map.emulate<std::uint32_t>(at + pci::msi::upper_address, 0, ~0u);
    map.emulate<std::uint16_t>(at + pci::msi::data(plan.wide), 0, 0xffff);
    if (plan.maskable) {
        const auto vectors = static_cast<std::uint32_t>((std::uint64_t{1} << plan.vectors) - 1);
        map.emulate<std::uint16_t>(at + pci::msi::data(plan.wide) + 2, 0);
        map.emulate<std::uint32_t>(at + pci::msi::mask(plan.wide), 0, vectors);
        map.emulate<std::uint32_t>(at + pci::msi::pending(plan.wide), 0);
    }
    context.view.msi = plan;
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
