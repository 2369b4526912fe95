#include "model/function/adapters.hpp"

namespace tenon::model::function {

Adapted adapt_power_management(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    const auto control = capability.at + std::size_t{4};
    context.view.power_management_at = capability.at;
    map.pass(control, 2);
    // PowerState, bits 1:0 of PMCSR: ours, and passed on as well.
    // Source: PCI Power Management 1.2, 3.2.4.
    map.emulate_bits(control, 0x03, 0, 0x03);
    map.passed.write<std::uint8_t>(control, 0xff);
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
