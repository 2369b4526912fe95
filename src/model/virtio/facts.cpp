#include "model/virtio/facts.hpp"

#include <cstdint>

#include "model/virtio/device_type.hpp"
#include "model/virtio/layout.hpp"
#include "pci/capability.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msix.hpp"

namespace tenon::model::virtio {
namespace {

// Ids. Source: VIRTIO 1.2, 4.1.2.1; drivers of Windows look for this subsystem and revision.
constexpr std::uint16_t vendor = 0x1af4;
constexpr std::uint16_t first_modern = 0x1040;
constexpr std::uint16_t subsystem = 0x1100;
constexpr std::uint8_t revision = 1;

constexpr std::uint8_t vendor_specific = 0x09;  // Source: PCIe Base Spec 6.0, 7.9.4.
constexpr std::size_t express_at = 0x40;
constexpr std::size_t msix_at = 0x80;

// cfg_type. Source: VIRTIO 1.2, 4.1.4.
enum class Structure : std::uint8_t {
    Common = 1,
    Notify = 2,
    InterruptStatus = 3,
    Device = 4,
    Access = 5,
};

void write_header(const Backend& backend, pci::ConfigImage& config) {
    using namespace pci::header;
    config.write<std::uint16_t>(vendor_id, vendor);
    config.write<std::uint16_t>(device_id, static_cast<std::uint16_t>(first_modern + backend.type));
    config.write<std::uint16_t>(status, 1 << pci::CapabilitiesList::low);
    config.write<std::uint32_t>(revision_id, device_type(backend.type).class_code << 8 | revision);
    config.write<std::uint32_t>(bar0, 0b1100);  // 64 bits, prefetchable.
    config.write<std::uint16_t>(subsystem_vendor_id, vendor);
    config.write<std::uint16_t>(subsystem_vendor_id + 2, subsystem);
    config.write<std::uint8_t>(capabilities_pointer, express_at);
}

// An endpoint of version 2 whose link has one lane of 2.5 GT/s.
void write_express(pci::ConfigImage& config) {
    namespace at = pci::express;
    constexpr std::uint32_t one_lane = 1 << pci::MaxLinkWidth::low | 1;
    config.write<std::uint16_t>(express_at, msix_at << 8 | pci::capability_id::pci_express);
    config.write<std::uint16_t>(express_at + at::capabilities, 2);
    config.write<std::uint32_t>(express_at + at::device_capabilities,
                                1u << pci::RoleBasedErrors::low);
    config.write<std::uint32_t>(express_at + at::link_capabilities, one_lane);
    config.write<std::uint16_t>(express_at + at::link_status, one_lane);
    config.write<std::uint32_t>(express_at + at::link_capabilities_2,
                                1 << pci::SupportedLinkSpeeds::low);
}

void write_msix(const Backend& backend, std::uint8_t next, pci::ConfigImage& config) {
    config.write<std::uint16_t>(msix_at,
                                static_cast<std::uint16_t>(next << 8 | pci::capability_id::msix));
    config.write<std::uint16_t>(msix_at + pci::msix::control, backend.queues);  // Vectors - 1.
    config.write<std::uint32_t>(msix_at + pci::msix::table, layout::table | layout::bar);
    config.write<std::uint32_t>(msix_at + pci::msix::pending, layout::pending | layout::bar);
}

// One capability of VIRTIO 1.2, 4.1.4; those that are longer have `more` behind.
struct Capability {
    std::uint8_t at;
    std::uint8_t next;
    Structure structure;
    std::uint32_t offset;
    std::uint32_t length;
    bool longer = false;
    std::uint32_t more = 0;
};

void write(const Capability& capability, pci::ConfigImage& config) {
    const std::size_t at = capability.at;
    config.write<std::uint8_t>(at, vendor_specific);
    config.write<std::uint8_t>(at + 1, capability.next);
    config.write<std::uint8_t>(at + 2, capability.longer ? 20 : 16);
    config.write<std::uint8_t>(at + 3, static_cast<std::uint8_t>(capability.structure));
    config.write<std::uint8_t>(at + 4, layout::bar);
    config.write<std::uint32_t>(at + 8, capability.offset);
    config.write<std::uint32_t>(at + 12, capability.length);
    if (capability.longer) config.write<std::uint32_t>(at + 16, capability.more);
}

pci::ConfigImage make_config(const Backend& backend) {
    pci::ConfigImage config{pci::express_size};
    write_header(backend, config);
    write_express(config);
    constexpr std::uint8_t first = 0x90;
    write_msix(backend, first, config);
    using enum Structure;
    write({first, 0xa0, Common, layout::common, layout::common_size}, config);
    write({0xa0, 0xb0, InterruptStatus, layout::interrupt_status, 1}, config);
    write({0xb0, 0xc0, Device, layout::device, layout::device_size}, config);
    write({0xc0, layout::access_capability, Notify, layout::notify,
           backend.queues * layout::notify_step, true, layout::notify_step},
          config);
    write({layout::access_capability, 0, Access, 0, 0, true}, config);
    return config;
}

}  // namespace

device::DeviceFacts make_facts(const Backend& backend) {
    device::DeviceFacts facts{name_of(backend)};
    device::VfioFacts vfio{.config = make_config(backend)};
    vfio.regions[layout::bar] = {.size = layout::bar_size, .readable = true, .writable = true};
    vfio.regions[device::config_region] = {
        .size = pci::express_size, .readable = true, .writable = true};
    vfio.irqs[static_cast<std::size_t>(device::IrqIndex::Msix)] = {.count = backend.queues + 1u,
                                                                   .eventfd = true};
    vfio.info.can_reset = true;
    facts.physical = vfio.config;
    facts.vfio = std::move(vfio);
    facts.virtual_function = false;
    facts.path = std::vector<device::BridgeFacts>{};
    facts.atomics = 0u;
    return facts;
}

}  // namespace tenon::model::virtio
