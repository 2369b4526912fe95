#include "model/slot/pasid_needs.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "pci/access_control.hpp"
#include "pci/express.hpp"

namespace tenon::model::slot {
namespace {

std::optional<std::uint16_t> place_of(const function::FunctionView& view, std::uint16_t id) {
    const auto found =
        std::ranges::find_if(view.capabilities, [id](const chosen::Decision& decision) {
            return decision.list == chosen::CapabilityList::Extended && decision.id == id &&
                   decision.guest_offset;
        });
    return found == view.capabilities.end() ? std::nullopt : found->guest_offset;
}

bool supports_prefixes(const function::FunctionView& view) {
    const auto& space = view.map.start;
    const pci::ExpressCapabilities caps{space.read16(view.express_at + pci::express::capabilities)};
    if (caps.get<pci::ExpressVersion>() < 2) return false;
    const auto capabilities = space.read32(view.express_at + pci::express::device_capabilities_2);
    return (capabilities & pci::EndToEndPrefixSupported::mask) != 0;
}

// What of Access Control Services is missing; empty: nothing. A service that a function does not
// list counts as built in, one that it lists has to be switched on, and only the host can do that.
std::string missing_access_control(const function::FunctionView& view) {
    const auto at = place_of(view, pci::extended_id::access_control);
    if (!at) return "it has no ACS capability";
    const auto& space = view.map.start;
    const pci::AccessControl has{space.read16(*at + pci::access_control::capability)};
    const pci::AccessControl on{space.read16(*at + pci::access_control::control)};
    const auto off = [&]<typename Service>() {
        return has.get<Service>() != 0 && on.get<Service>() == 0;
    };
    if (off.operator()<pci::RequestRedirect>())
        return "ACS Request Redirect is off on the host, and a guest cannot switch it on";
    if (off.operator()<pci::UpstreamForwarding>())
        return "ACS Upstream Forwarding is off on the host, and a guest cannot switch it on";
    return "";
}

}  // namespace

void warn_of_pasid_needs(std::span<const function::FunctionView* const> functions, SlotView& slot) {
    constexpr auto without = "a Linux guest does not switch PASID on: ";
    for (std::size_t n = 0; n < functions.size(); ++n) {
        const auto& view = *functions[n];
        auto& warnings = slot.functions[n].warnings;
        if (!place_of(view, pci::extended_id::pasid)) continue;
        if (!supports_prefixes(view))
            warnings.push_back(fmt::format(
                "{}the function does not support End-End TLP Prefixes (bit 21 of Device "
                "Capabilities 2)",
                without));
        if (functions.size() < 2) continue;
        if (const auto missing = missing_access_control(view); !missing.empty())
            warnings.push_back(fmt::format(
                "{}in a slot of several functions each needs Access Control Services; {}", without,
                missing));
    }
}

}  // namespace tenon::model::slot
