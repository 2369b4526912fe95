#include "pci/express.hpp"

namespace tenon::pci {

std::optional<ExpressPlace> find_express(const ConfigImage& image) {
    return find_express(image, list_capabilities(image));
}

std::optional<ExpressPlace> find_express(const ConfigImage& image, const Capabilities& lists) {
    const auto found = lists.find(CapabilityList::Standard, capability_id::pci_express);
    if (!found) return std::nullopt;
    const ExpressCapabilities registers{image.read16(found->at + express::capabilities)};
    return ExpressPlace{.at = found->at,
                        .type = static_cast<PortType>(registers.get<DevicePortType>()),
                        .version = registers.get<ExpressVersion>()};
}

}  // namespace tenon::pci
