#include "pci/capability_sizes.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "pci/capability.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"
#include "pci/resizable_bar.hpp"

namespace tenon::pci::sizes {
namespace {

// The PCI Express capability, by a walk of its own: sizes are asked for while the lists are being
// made, so they cannot use them. Bounded by the number of dwords. 0 if there is none.
std::size_t offset_of_express(const ConfigImage& image) {
    if (Status{image.read16(header::status)}.get<CapabilitiesList>() == 0) return 0;
    std::size_t at = image.read8(header::capabilities_pointer) & ~3u;
    for (std::size_t steps = 0; at >= first_capability && steps < 48; ++steps) {
        if (image.read8(at) == capability_id::pci_express) return at;
        at = image.read8(at + 1) & ~3u;
    }
    return 0;
}

// Lanes of the function's link. A function without a link has none; 32 where nothing is known, as
// the larger size errs to the safe side.
std::size_t lanes(const ConfigImage& image) {
    const auto at = offset_of_express(image);
    if (at == 0) return 32;
    const LinkCapabilities link{image.read32(at + express::link_capabilities)};
    const std::size_t width = link.get<MaxLinkWidth>();
    return width == 0 || width > 32 ? 32 : width;
}

bool is_port(const ConfigImage& image) {
    return HeaderType{image.read8(header::header_type)}.get<HeaderLayout>() == layout_bridge;
}

std::size_t at_least_8(std::size_t size) { return std::max<std::size_t>(size, 8); }

}  // namespace

std::size_t msi(const ConfigImage& image, std::size_t at) {
    const MsiControl control{image.read16(at + msi::control)};
    const bool wide = control.get<Msi64BitAddress>() != 0;
    const bool maskable = control.get<MsiPerVectorMasking>() != 0;
    return maskable ? msi::pending(wide) + 4 : msi::data(wide) + 2;
}

std::size_t pci_x(const ConfigImage& image, std::size_t at) {
    // Bits 13:12 tell the version, in a bridge's own layout as well; that one is never shorter
    // than 16 bytes.
    if ((image.read16(at + 2) & 0x3000) != 0) return 24;
    return is_port(image) ? 16 : 8;
}

// By the kind of block, bits 15:11 of its command register. Source: HyperTransport I/O Link
// Specification 3.10, 7; pciutils' lib/header.h.
std::size_t hypertransport(const ConfigImage& image, std::size_t at) {
    const auto command = image.read16(at + 2);
    switch (command >> 13) {
        case 0:
            return 28;  // slave or primary
        case 1:
            return 24;  // host or secondary
        default:
            break;
    }
    switch (command >> 11) {
        case 0x08:
            return 24;  // switch
        case 0x10:
            return 8;  // interrupt discovery
        case 0x11:
            return 4;  // revision
        case 0x14: {
            const bool wide = (command >> 9 & 3) == 1;  // address mapping of 64 bits
            return wide ? 16 : 12 + 8u * (command & 0xf);
        }
        case 0x15:
            return (command & 2) != 0 ? 4 : 12;  // MSI mapping; a fixed one has no address
        case 0x17:
            return 16;  // VCSet
        case 0x12:      // UnitID clumping
        case 0x13:      // extended configuration space
        case 0x16:      // DirectRoute
        case 0x18:      // retry mode
            return 12;
        default:
            return 24;  // what the kernel takes for all of these
    }
}

std::size_t vendor_specific(const ConfigImage& image, std::size_t at) {
    return std::max<std::size_t>(image.read8(at + 2), 3);
}

std::size_t express(const ConfigImage& image, std::size_t at) {
    const ExpressCapabilities caps{image.read16(at + express::capabilities)};
    const auto type = static_cast<PortType>(caps.get<DevicePortType>());
    const bool integrated = type == PortType::RootComplexEndpoint;
    if (caps.get<ExpressVersion>() == 1) {
        if (integrated) return 0x0c;
        const bool root = type == PortType::RootPort || type == PortType::RootComplexEventCollector;
        if (caps.get<SlotImplemented>() == 0 && !root) return 0x14;
        return root ? 0x24 : 0x1c;
    }
    const bool slot = type == PortType::RootPort || type == PortType::SwitchDownstream;
    if (slot) return 0x3c;
    return integrated ? 0x2c : 0x34;
}

std::size_t sata(const ConfigImage& image, std::size_t at) {
    return (image.read8(at + 4) & 0xf) == 0xf ? 16 : 8;
}

std::size_t enhanced_allocation(const ConfigImage& image, std::size_t at) {
    std::size_t size = is_port(image) ? 8 : 4;
    const unsigned entries = image.read8(at + 2) & 0x3f;
    for (unsigned n = 0; n < entries && at + size < conventional_size; ++n)
        size += std::size_t{4} * (1u + (image.read32(at + size) & 7));
    return size;
}

std::size_t advanced_error_reporting(const ConfigImage& image, std::size_t at) {
    const auto express_at = offset_of_express(image);
    const auto version = image.read32(at) >> 16 & 0xf;
    const bool flit =
        express_at != 0 && (image.read16(express_at + express::capabilities) & 0x8000) != 0;
    if (flit) return 0x60;
    const bool prefix_log = (image.read32(at + 0x18) & 0x800) != 0;
    if (version >= 2 || prefix_log) {
        // The prefix log is there if the function supports prefixes. Many version 2 capabilities
        // of others keep its place free, some have their next capability there.
        const bool prefixes =
            prefix_log ||
            (express_at != 0 &&
             (image.read32(express_at + express::device_capabilities_2) & 1u << 21) != 0);
        const std::size_t next = image.read32(at) >> 20;
        if (!prefixes && next > at && next < at + 0x48)
            return std::max<std::size_t>(next - at, 0x2c);
        return 0x48;
    }
    const bool collector =
        express_at != 0 && (image.read16(express_at + express::capabilities) >> 4 & 0xf) ==
                               static_cast<unsigned>(PortType::RootComplexEventCollector);
    return is_port(image) || collector ? 0x38 : 0x2c;
}

std::size_t virtual_channel(const ConfigImage& image, std::size_t at) {
    const auto port1 = image.read32(at + 4);
    const auto port2 = image.read32(at + 8);
    const std::size_t channels = 1 + (port1 & 7);
    std::size_t size = 0x10 + 0x0c * channels;
    // Tables stand at multiples of 16 bytes; entries of a VC table are 4 bits, of a port table 2^n.
    const auto vc_table = (port2 >> 24 & 0xff) * std::size_t{16};
    if (vc_table != 0) {
        const std::size_t phases = (port2 & 8) ? 128 : (port2 & 4) ? 64 : (port2 & 2) ? 32 : 0;
        size = std::max(size, vc_table + phases / 2);
    }
    const std::size_t entry_bits = std::size_t{1} << (port1 >> 10 & 3);
    for (std::size_t n = 0; n < channels; ++n) {
        const auto resource = image.read32(at + 0x10 + 0x0c * n);
        const auto table = (resource >> 24 & 0xff) * std::size_t{16};
        if (table == 0) continue;
        const std::size_t phases = (resource & 0x20)   ? 256
                                   : (resource & 0x18) ? 128
                                   : (resource & 4)    ? 64
                                   : (resource & 2)    ? 32
                                                       : 0;
        size = std::max(size, table + phases * entry_bits / 8);
    }
    return size;
}

std::size_t root_complex_links(const ConfigImage& image, std::size_t at) {
    return 16 + std::size_t{16} * image.read8(at + 5);
}

std::size_t event_collector_association(const ConfigImage& image, std::size_t at) {
    return (image.read32(at) >> 16 & 0xf) >= 2 ? 12 : 8;
}

std::size_t extended_vendor_specific(const ConfigImage& image, std::size_t at) {
    return at_least_8(image.read32(at + 4) >> 20);
}

std::size_t access_control(const ConfigImage& image, std::size_t at) {
    if ((image.read8(at + 4) & 0x20) == 0) return 8;
    const std::size_t bits = image.read8(at + 5) == 0 ? 256 : image.read8(at + 5);
    return 8 + align_up(bits, 32) / 8;
}

std::size_t multicast(const ConfigImage& image, std::size_t /*at*/) {
    return is_port(image) ? 0x30 : 0x28;
}

std::size_t resizable_bar(const ConfigImage& image, std::size_t at) {
    namespace registers = pci::resizable_bar;
    const ResizableBarControl control{image.read32(at + registers::first + registers::control)};
    return registers::first + registers::entry * std::max(1u, control.get<ResizableBarCount>());
}

std::size_t dynamic_power(const ConfigImage& image, std::size_t at) {
    return align_up(16 + (image.read8(at + 4) & 0x1f) + 1, 4);
}

std::size_t tph_requester(const ConfigImage& image, std::size_t at) {
    const auto caps = image.read32(at + 4);
    if ((caps >> 9 & 3) != 1) return 12;
    return 12 + align_up(std::uint64_t{2} * ((caps >> 16 & 0x7ff) + 1), 4);
}

std::size_t secondary_express(const ConfigImage& image, std::size_t /*at*/) {
    return align_up(0x0c + 2 * lanes(image), 4);
}

std::size_t protocol_multiplexing(const ConfigImage& image, std::size_t at) {
    return 0x10 + std::size_t{4} * (image.read8(at + 4) & 0x3f);
}

std::size_t downstream_containment(const ConfigImage& image, std::size_t at) {
    const auto caps = image.read16(at + 4);
    if ((caps & 0x20) == 0) return 12;
    // Log size in dwords: bits 11:8, and bit 13 above them.
    const std::size_t log = (caps >> 8 & 0xf) | (caps >> 9 & 0x10);
    return std::max<std::size_t>(0x20 + 4 * log, 0x34);
}

std::size_t l1_substates(const ConfigImage& image, std::size_t at) {
    return (image.read32(at) >> 16 & 0xf) >= 2 ? 0x14 : 0x10;
}

std::size_t lanes_1_byte(const ConfigImage& image, std::size_t /*at*/) {
    return align_up(0x20 + lanes(image), 4);
}

std::size_t lane_margining(const ConfigImage& image, std::size_t /*at*/) {
    return 8 + 4 * lanes(image);
}

std::size_t alternate_protocol(const ConfigImage& image, std::size_t at) {
    // Capabilities, control, two data registers; then the selective enable mask at 0x14.
    return (image.read32(at + 4) & 0x100) != 0 ? 0x18 : 0x14;
}

std::size_t integrity_encryption(const ConfigImage& image, std::size_t at) {
    const auto caps = image.read32(at + 4);
    std::size_t size = 0x0c;
    if ((caps & 1) != 0) size += std::size_t{8} * ((caps >> 13 & 7) + 1);
    if ((caps & 2) == 0) return size;
    const unsigned streams = (caps >> 16 & 0xff) + 1;
    for (unsigned n = 0; n < streams && at + size < express_size; ++n)
        size += 20 + std::size_t{12} * (image.read32(at + size) & 0xf);
    return size;
}

std::size_t register_locator(const ConfigImage& image, std::size_t at) {
    return at_least_8(image.read32(at + 4) & 0xfff);
}

}  // namespace tenon::pci::sizes
