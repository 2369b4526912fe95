#include <fmt/core.h>

#include <cstdint>

#include "model/function/adapters.hpp"
#include "pci/express.hpp"

namespace tenon::model::function {
namespace {

// A link for a function that has none on its host, because it sits in the root complex there: the
// slowest and narrowest, 2.5 GT/s x1. Source: PCIe Base Spec 6.0, 7.5.3.6 to 7.5.3.8.
void emulate_link(RegisterMap& map, const pci::Capability& capability) {
    const std::size_t at = capability.at;
    constexpr auto able =
        pci::LinkCapabilities{0}.with<pci::MaxLinkSpeed>(1).with<pci::MaxLinkWidth>(1);
    constexpr auto now =
        pci::LinkStatus{0}.with<pci::CurrentLinkSpeed>(1).with<pci::NegotiatedLinkWidth>(1);
    // A port alone can disable its link.
    constexpr auto writable =
        pci::LinkControl{pci::LinkControl::mask_of(pci::Access::ReadWrite)}.with<pci::LinkDisable>(
            0);
    map.emulate<std::uint32_t>(at + pci::express::link_capabilities, able.raw());
    map.emulate<std::uint16_t>(at + pci::express::link_control, 0, writable.raw());
    map.emulate<std::uint16_t>(at + pci::express::link_status, now.raw());
}

// Which errors the guest wants to be told of: kept, since we send such messages whatever the device
// can do, and passed to the device. Of a virtual function the physical one has the choice.
void keep_error_reporting(RegisterMap& map, std::size_t control) {
    constexpr auto enables = std::uint8_t{
        pci::CorrectableErrorReportingEnable::mask | pci::NonFatalErrorReportingEnable::mask |
        pci::FatalErrorReportingEnable::mask | pci::UnsupportedRequestReportingEnable::mask};
    map.emulate_bits(control, enables, 0, enables);
    map.also_pass(control, enables);
}

}  // namespace

Adapted adapt_express(const AdaptContext& context, const pci::Capability& capability) {
    using namespace pci;
    auto& view = context.view;
    const std::size_t at = capability.at;
    ExpressCapabilities caps{context.config.read16(at + express::capabilities)};
    std::string why = "the device's own registers";
    auto action = chosen::Action::Pass;
    if (static_cast<PortType>(caps.get<DevicePortType>()) == PortType::RootComplexEndpoint) {
        caps = caps.with<DevicePortType>(static_cast<std::uint16_t>(PortType::Endpoint));
        emulate_link(view.map, capability);
        action = chosen::Action::Emulate;
        why =
            "an integrated endpoint of the host's root complex becomes an endpoint below a root "
            "port, with a link of 2.5 GT/s x1 that stands for none";
    }
    if (caps.get<ExpressVersion>() == 0) {
        caps = caps.with<ExpressVersion>(1);
        action = chosen::Action::Emulate;
        why += "; version 0, which no revision defines, is shown as 1";
    }
    view.map.emulate<std::uint16_t>(at + express::capabilities, caps.raw());
    view.express_at = at;
    if (caps.get<ExpressVersion>() >= 2 &&
        capability.size >= express::device_control_2 + sizeof(std::uint16_t)) {
        view.device_control_2_at = at + express::device_control_2;
        // Gated, until the slot makes the function a participant.
        view.map.emulate_bits(view.device_control_2_at, AtomicOpRequesterEnable::mask, 0);
    }

    const DeviceCapabilities device{context.config.read32(at + express::device_capabilities)};
    view.function_level_reset = device.get<FunctionLevelReset>() != 0;
    // A reset is ours to carry out; the rest of the register is the device's.
    view.map.emulate_bits(at + express::device_control + 1, InitiateFlr::mask >> 8, 0);
    if (!view.virtual_function) keep_error_reporting(view.map, at + express::device_control);
    return {action, why + (view.function_level_reset ? "; a function level reset goes through "
                                                       "Tenon"
                                                     : "")};
}

}  // namespace tenon::model::function
