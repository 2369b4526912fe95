#include "model/function/adapters.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::model::function {

// Each BAR has a capability register (sizes on offer: bit 4 is 1 MiB) and a control register (bits
// 13:8 the present size, 31:16 sizes from 256 TiB on). Source: PCIe Base Spec 6.0, 7.8.6.
Adapted adapt_resizable_bar(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    namespace registers = pci::resizable_bar;
    for (std::size_t at = capability.at + registers::first;
         at + registers::entry <= capability.at + std::size_t{capability.size};
         at += registers::entry) {
        const pci::ResizableBarControl control{context.config.read32(at + registers::control)};
        const auto present = control.get<pci::ResizableBarSize>();
        const std::uint32_t low = present <= 27 ? 1u << (present + 4) : 0;
        const std::uint32_t high =
            present >= 28 && present <= pci::largest_resizable_size ? 1u << (present - 12) : 0;
        map.emulate<std::uint32_t>(at, low);
        constexpr auto offered = std::uint32_t{pci::ResizableBarUpperSizes::mask};
        map.emulate<std::uint32_t>(at + registers::control, (control.raw() & ~offered) | high);
    }
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
