#include "model/function/vfio_bytes.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "pci/capability.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::function {
namespace {

using Places = std::vector<std::size_t>;

Places shown_of(const std::vector<HostEntry>& entries) {
    Places places;
    for (const auto& entry : entries)
        if (entry.shown) places.push_back(entry.capability.at);
    return places;
}

void link_standard(pci::ConfigImage& image, const Places& places) {
    using namespace pci::header;
    constexpr auto list = std::uint16_t{pci::CapabilitiesList::mask};
    const auto state = image.read16(status);
    // Without a list the driver looks at nothing, and changes nothing.
    if ((state & list) == 0) return;
    if (places.empty()) image.write<std::uint16_t>(status, state & ~list);
    auto link = std::size_t{capabilities_pointer};
    for (const auto at : places) {
        image.write<std::uint8_t>(link, static_cast<std::uint8_t>(at));
        link = at + 1;
    }
    image.write<std::uint8_t>(link, 0);
}

// The first header stays where it is: without an id, if it is of a hidden one.
void link_extended(pci::ConfigImage& image, const Places& places, bool any) {
    if (!any) return;
    const auto header = [&](std::size_t at) {
        return pci::ExtendedCapabilityHeader{image.read32(at)};
    };
    if (places.empty() || places.front() != pci::first_extended)
        image.write<std::uint32_t>(pci::first_extended, 0);
    auto last = pci::first_extended;
    for (const auto at : places) {
        if (at != last)
            image.write<std::uint32_t>(
                last, header(last)
                          .with<pci::NextExtendedCapability>(static_cast<std::uint32_t>(at))
                          .raw());
        last = at;
    }
    image.write<std::uint32_t>(last, header(last).with<pci::NextExtendedCapability>(0).raw());
}

// Wake-up stays with the host: neither support nor enable nor status of PME is shown.
void hide_wake_up(pci::ConfigImage& image, std::size_t at) {
    constexpr std::uint16_t support = 0xf800;
    constexpr std::uint16_t enable_and_status = 0x8100;
    namespace registers = pci::power_management;
    for (const auto& [offset, bits] : {std::pair{registers::capabilities, support},
                                       std::pair{registers::control, enable_and_status}})
        image.write<std::uint16_t>(at + offset,
                                   static_cast<std::uint16_t>(image.read16(at + offset) & ~bits));
}

// As after a reset: the driver's own messages are not those of the hardware.
void clear_messages(pci::ConfigImage& image, const pci::Capability& capability) {
    const pci::MsiControl control{image.read16(capability.at + pci::msi::control)};
    const auto end =
        capability.at + pci::msi::mask(control.get<pci::Msi64BitAddress>() != 0) +
        (control.get<pci::MsiPerVectorMasking>() != 0 ? std::size_t{4} : std::size_t{0});
    for (auto at = capability.at + pci::msi::address; at < end; ++at)
        image.write<std::uint8_t>(at, 0);
}

void write_header(const device::DeviceFacts& facts, pci::ConfigImage& image) {
    using namespace pci::header;
    // No register of a virtual function says that it answers memory accesses: it always does.
    const bool is_virtual = facts.virtual_function.value_or(false);
    image.write<std::uint16_t>(command, is_virtual ? pci::MemoryEnable::mask : 0);
    if (!facts.identity) return;
    image.write<std::uint16_t>(vendor_id, facts.identity->vendor);
    image.write<std::uint16_t>(device_id, facts.identity->device);
}

}  // namespace

pci::ConfigImage bytes_of_vfio(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                               const HostChain& chain) {
    auto image = config;
    write_header(facts, image);
    if (facts.vfio || config.known() <= pci::header_size) return image;
    for (const auto& entry : chain.standard) {
        if (!entry.shown) continue;
        if (entry.capability.id == pci::capability_id::power_management)
            hide_wake_up(image, entry.capability.at);
        if (entry.capability.id == pci::capability_id::msi) clear_messages(image, entry.capability);
    }
    link_standard(image, shown_of(chain.standard));
    link_extended(image, shown_of(chain.extended), !chain.extended.empty());
    return image;
}

}  // namespace tenon::model::function
