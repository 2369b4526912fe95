#include "model/function/adapters.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::function {

Adapted adapt_power_management(const AdaptContext& context, const pci::Capability& capability) {
    auto& map = context.view.map;
    const auto control = capability.at + pci::power_management::control;
    const auto capabilities =
        context.config.read16(capability.at + pci::power_management::capabilities);
    context.view.power_management_at = capability.at;
    map.pass(control, 2);
    // PowerState is ours, and passed on as well.
    map.emulate_power_state(capability.at, capabilities);
    map.also_pass<std::uint8_t>(control, 0xff);
    const auto& kind = pci::kind_of(capability.list, capability.id);
    return {chosen::Action::Emulate, std::string{kind.why}};
}

}  // namespace tenon::model::function
