#include "model/function/adapters.hpp"

namespace tenon::model::function {

// Control stands at byte 4; its bit 0 starts a function level reset.
// Source: PCI ECN Advanced Capabilities for Conventional PCI, 6.13.4.
Adapted adapt_advanced_features(const AdaptContext& context, const pci::Capability& capability) {
    context.view.advanced_features_at = capability.at;
    context.view.map.emulate<std::uint8_t>(capability.at + std::size_t{4}, 0);
    return {chosen::Action::Pass,
            "the device's own registers; a function level reset goes through Tenon"};
}

}  // namespace tenon::model::function
