#include "model/function/adapters.hpp"
#include "pci/advanced_features.hpp"

namespace tenon::model::function {

// Control has one bit, which starts a function level reset.
Adapted adapt_advanced_features(const AdaptContext& context, const pci::Capability& capability) {
    context.view.advanced_features_at = capability.at;
    context.view.map.emulate<std::uint8_t>(capability.at + pci::advanced_features::control, 0);
    return {chosen::Action::Pass,
            "the device's own registers; a function level reset goes through Tenon"};
}

}  // namespace tenon::model::function
