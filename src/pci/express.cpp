#include "pci/express.hpp"

#include "pci/capability.hpp"

namespace tenon::pci {

std::optional<ExpressPlace> find_express(const ConfigImage& image) {
    const auto found =
        list_capabilities(image).find(CapabilityList::Standard, capability_id::pci_express);
    if (!found) return std::nullopt;
    const ExpressCapabilities registers{image.read16(found->at + express::capabilities)};
    return ExpressPlace{.at = found->at,
                        .type = static_cast<PortType>(registers.get<DevicePortType>()),
                        .version = registers.get<ExpressVersion>()};
}

}  // namespace tenon::pci
