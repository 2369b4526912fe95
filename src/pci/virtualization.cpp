#include "pci/virtualization.hpp"

#include "pci/capability.hpp"
#include "pci/header.hpp"

namespace tenon::pci {
namespace {

// Bus, device and function as the number that offset and stride are added to.
unsigned routing_id(const Address& address) { return unsigned{address.bus} << 8 | address.devfn(); }

}  // namespace

std::optional<std::size_t> find_virtualization(const ConfigImage& physical) {
    const auto found =
        list_capabilities(physical).find(CapabilityList::Extended, extended_id::virtualization);
    if (!found || found->at + virtualization::size > physical.known()) return std::nullopt;
    return found->at;
}

bool has_virtual_function(const ConfigImage& physical, std::size_t at, const Address& of,
                          const Address& address) {
    if (of.domain != address.domain) return false;
    const unsigned total = physical.read16(at + virtualization::total_functions);
    const unsigned offset = physical.read16(at + virtualization::first_offset);
    const unsigned stride = physical.read16(at + virtualization::stride);
    const auto first = routing_id(of) + offset;
    const auto wanted = routing_id(address);
    if (total == 0 || offset == 0 || wanted < first) return false;
    if (wanted == first) return true;
    return stride != 0 && (wanted - first) % stride == 0 && (wanted - first) / stride < total;
}

bool looks_virtual(const ConfigImage& image) {
    return image.read32(header::vendor_id) == 0xffffffff &&
           image.read32(header::revision_id) != 0xffffffff &&
           HeaderType{image.read8(header::header_type)}.get<HeaderLayout>() == layout_endpoint;
}

}  // namespace tenon::pci
