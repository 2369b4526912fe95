#include "model/function/adapters.hpp"

namespace tenon::model::function {

// Each BAR has a capability register (sizes on offer: bit 4 is 1 MiB) and a control register (bits
// 13:8 the present size, 31:16 sizes from 256 TiB on). Source: PCIe Base Spec 6.0, 7.8.6.
Adapted adapt_resizable_bar(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    for (std::size_t at = capability.at + std::size_t{4};
         at + 8 <= capability.at + std::size_t{capability.size}; at += 8) {
        const auto control = context.config.read32(at + 4);
        const auto present = control >> 8 & 0x3f;
        const std::uint32_t low = present <= 27 ? 1u << (present + 4) : 0;
        const std::uint32_t high = present >= 28 && present <= 43 ? 1u << (present - 12) : 0;
        map.emulate<std::uint32_t>(at, low);
        map.emulate<std::uint32_t>(at + 4, (control & 0x0000ffff) | high);
    }
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
