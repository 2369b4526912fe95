#include "pci/capability_table.hpp"

#include <algorithm>
#include <array>

#include "pci/capability_sizes.hpp"

namespace tenon::pci {
namespace {

using enum CapabilityList;
using enum KernelTreatment;
using enum Action;
using sizes::fixed;

// Reasons that many rows share.
constexpr std::string_view unlinked =
    "the host kernel's VFIO driver does not show it to a user of the device";
constexpr std::string_view own_registers = "the device's own registers";
constexpr std::string_view read_only =
    "the device's own registers; the host kernel drops writes to them";

// Where rules come from. "vfio" rows stand in the permission tables of the kernel's driver.
constexpr std::string_view vfio = "drivers/vfio/pci/vfio_pci_config.c";

// Sizes: the specification's structure, or what pciutils or Linux read where they read more; where
// sources disagree the larger one, since a size is used to keep other things out.
constexpr auto table = std::to_array<CapabilityKind>({
    // clang-format off
    {Standard, 0x00, "Null", fixed<4>, Hidden, Hide, "a placeholder without content", vfio},
    {Standard, 0x01, "Power Management", fixed<8>, PartlyWritable, Emulate,
     "the power state is followed here, so that BARs leave the guest while the device sleeps; the host "
     "kernel carries out the change", "PCI Power Management 1.2, 3.2"},
    {Standard, 0x02, "AGP", fixed<12>, ReadOnly, Pass, read_only, vfio},
    {Standard, 0x03, "Vital Product Data", fixed<8>, PartlyWritable, Pass,
     "the host kernel reads and writes the data on the guest's behalf", "PCIe Base Spec 6.0, 7.9.18"},
    {Standard, 0x04, "Slot Identification", fixed<4>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x05, "MSI", sizes::msi, PartlyWritable, Emulate,
     "message address and data belong to the guest; the host programs its own into the device",
     "PCIe Base Spec 6.0, 7.7.1"},
    {Standard, 0x06, "CompactPCI hot swap", fixed<4>, Hidden, Hide, unlinked, vfio},
    // The kernel takes 8 bytes of a bridge too; pciutils reads 16 there: the larger.
    {Standard, 0x07, "PCI-X", sizes::pci_x, ReadOnly, Pass, read_only, "PCI-X Addendum 2.0a, 7.2"},
    // The kernel takes 24 bytes for every kind but one, which runs into the next header of real host
    // bridges; pciutils has the size of each kind.
    {Standard, 0x08, "HyperTransport", sizes::hypertransport, ReadOnly, Pass, read_only, vfio},
    {Standard, 0x09, "Vendor Specific", sizes::vendor_specific, Writable, Pass, own_registers,
     "PCIe Base Spec 6.0, 7.9.4"},
    {Standard, 0x0a, "Debug port", fixed<4>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x0b, "CompactPCI CRC", fixed<4>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x0c, "PCI Hot-Plug", fixed<8>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x0d, "Bridge Subsystem IDs", fixed<8>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x0e, "AGP 8x", fixed<12>, Hidden, Hide, unlinked, vfio},
    {Standard, 0x0f, "Secure Device", nullptr, Hidden, Hide, unlinked, vfio},
    // Version 0 stands in some virtual functions; the kernel takes it for version 2.
    {Standard, 0x10, "PCI Express", sizes::express, PartlyWritable, Pass,
     "the device's own registers, with its type adapted to its place below a root port",
     "PCIe Base Spec 6.0, 7.5.3"},
    {Standard, 0x11, "MSI-X", fixed<12>, PartlyWritable, Emulate,
     "the table belongs to the guest; the host programs its own messages into the device",
     "PCIe Base Spec 6.0, 7.7.2"},
    {Standard, 0x12, "SATA", sizes::sata, ReadOnly, Pass, read_only, vfio},
    {Standard, 0x13, "Advanced Features", fixed<8>, PartlyWritable, Pass,
     "the device's own registers; the host kernel carries out a reset that the guest asks for",
     "PCIe Base Spec 6.0, 7.9.21"},
    {Standard, 0x14, "Enhanced Allocation", sizes::enhanced_allocation, Hidden, Hide,
     "its ranges are addresses of the host; the host kernel does not show it",
     "PCIe Base Spec 6.0, 7.8.5"},
    {Standard, 0x15, "Flattening Portal Bridge", fixed<0x24>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.8.11"},

    {Extended, 0x00, "Null", fixed<4>, Hidden, Hide, "a placeholder without content", vfio},
    // The kernel's table ends at 0x2c; root ports and event collectors have 0x38, a prefix log ends
    // at 0x48, a flit log at 0x60. The larger where the function says that it has it.
    {Extended, 0x01, "Advanced Error Reporting", sizes::advanced_error_reporting, PartlyWritable,
     Pass, "the device's own registers; the guest reads, masks and clears its errors",
     "PCIe Base Spec 6.0, 7.8.4"},
    {Extended, 0x02, "Virtual Channel", sizes::virtual_channel, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.9.1"},
    {Extended, 0x03, "Device Serial Number", fixed<12>, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.9.3"},
    // The control and sense registers of newer revisions, at 0x06 and 0x0d, lie between the others.
    {Extended, 0x04, "Power Budgeting", fixed<16>, PartlyWritable, Pass,
     "the device's own registers; the guest may select what it reads", "PCIe Base Spec 6.0, 7.8.1"},
    {Extended, 0x05, "Root Complex Link Declaration", sizes::root_complex_links, Hidden, Hide,
     unlinked, "PCIe Base Spec 6.0, 7.9.8"},
    {Extended, 0x06, "Root Complex Internal Link Control", fixed<12>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.9"},
    {Extended, 0x07, "Root Complex Event Collector Endpoint Association",
     sizes::event_collector_association, Hidden, Hide, unlinked, "PCIe Base Spec 6.0, 7.9.10"},
    {Extended, 0x08, "Multi-Function Virtual Channel", sizes::virtual_channel, ReadOnly, Pass,
     read_only, "PCIe Base Spec 6.0, 7.9.2"},
    {Extended, 0x09, "Virtual Channel (with MFVC)", sizes::virtual_channel, ReadOnly, Pass,
     read_only, "PCIe Base Spec 6.0, 7.9.1"},
    {Extended, 0x0a, "RCRB Header", fixed<0x14>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.7"},
    {Extended, 0x0b, "Vendor Specific", sizes::extended_vendor_specific, Writable, Pass,
     own_registers, "PCIe Base Spec 6.0, 7.9.5"},
    {Extended, 0x0c, "Configuration Access Correlation", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x0d, "Access Control Services", sizes::access_control, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.7.11"},
    {Extended, 0x0e, "Alternative Routing-ID", fixed<8>, ReadOnly, Hide,
     "it names the device's next function on the host, which is not the next one in the guest's slot",
     "PCIe Base Spec 6.0, 7.8.8"},
    {Extended, 0x0f, "Address Translation Service", fixed<8>, ReadOnly, Pass,
     "the device's own registers; the host's IOMMU driver controls them",
     "PCIe Base Spec 6.0, 10.5.1"},
    {Extended, 0x10, "SR-IOV", fixed<0x40>, ReadOnly, Hide,
     "virtual functions are made on the host; a guest cannot make them",
     "PCIe Base Spec 6.0, 9.3.3"},
    {Extended, 0x11, "Multi-Root I/O Virtualization", nullptr, Hidden, Hide, unlinked, vfio},
    // Linux takes 0x28 of an endpoint, pciutils reads the overlay BAR of ports as well: 0x30.
    {Extended, 0x12, "Multicast", sizes::multicast, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.9.11"},
    {Extended, 0x13, "Page Request Interface", fixed<16>, ReadOnly, Pass,
     "the device's own registers; the host's IOMMU driver controls them",
     "PCIe Base Spec 6.0, 10.5.2"},
    {Extended, 0x14, "Reserved for AMD", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x15, "Resizable BAR", sizes::resizable_bar, ReadOnly, Emulate,
     "shown with the BARs' present sizes as the only choice: the host does not resize them for a guest",
     "PCIe Base Spec 6.0, 7.8.6"},
    {Extended, 0x16, "Dynamic Power Allocation", sizes::dynamic_power, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.9.12"},
    {Extended, 0x17, "TPH Requester", sizes::tph_requester, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.9.13"},
    {Extended, 0x18, "Latency Tolerance Reporting", fixed<8>, ReadOnly, Pass, read_only,
     "PCIe Base Spec 6.0, 7.8.2"},
    {Extended, 0x19, "Secondary PCI Express", sizes::secondary_express, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.3"},
    {Extended, 0x1a, "Protocol Multiplexing", sizes::protocol_multiplexing, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, appendix G"},
    {Extended, 0x1b, "PASID", fixed<8>, Hidden, Hide,
     "the host kernel keeps it to itself: PASIDs belong to the IOMMU driver",
     "PCIe Base Spec 6.0, 7.8.9"},
    {Extended, 0x1c, "LN Requester", fixed<8>, Hidden, Hide, unlinked, vfio},
    {Extended, 0x1d, "Downstream Port Containment", sizes::downstream_containment, Hidden, Hide,
     unlinked, "PCIe Base Spec 6.0, 7.9.14"},
    {Extended, 0x1e, "L1 PM Substates", sizes::l1_substates, Hidden, Hide,
     "link power states belong to the host; its kernel does not show it",
     "PCIe Base Spec 6.0, 7.8.3"},
    {Extended, 0x1f, "Precision Time Measurement", fixed<12>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.15"},
    // No source tells more than that it is 0x18 to 0x30 bytes: the larger.
    {Extended, 0x20, "PCI Express over M-PHY", fixed<0x30>, Hidden, Hide, unlinked, vfio},
    {Extended, 0x21, "FRS Queueing", fixed<16>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.8.10"},
    {Extended, 0x22, "Readiness Time Reporting", fixed<12>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.16"},
    {Extended, 0x23, "Designated Vendor-Specific", sizes::extended_vendor_specific, Writable, Pass,
     own_registers, "PCIe Base Spec 6.0, 7.9.6"},
    {Extended, 0x24, "VF Resizable BAR", sizes::resizable_bar, Hidden, Hide,
     "it resizes the BARs of virtual functions, which belong to the host",
     "PCIe Base Spec 6.0, 7.8.7"},
    {Extended, 0x25, "Data Link Feature", fixed<12>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.4"},
    {Extended, 0x26, "Physical Layer 16.0 GT/s", sizes::lanes_1_byte, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.5"},
    {Extended, 0x27, "Lane Margining at the Receiver", sizes::lane_margining, Hidden, Hide,
     unlinked, "PCIe Base Spec 6.0, 7.7.10"},
    {Extended, 0x28, "Hierarchy ID", fixed<0x20>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.17"},
    {Extended, 0x29, "Native PCIe Enclosure Management", fixed<16>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.19"},
    {Extended, 0x2a, "Physical Layer 32.0 GT/s", sizes::lanes_1_byte, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.6"},
    {Extended, 0x2b, "Alternate Protocol", sizes::alternate_protocol, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.20"},
    {Extended, 0x2c, "System Firmware Intermediary", fixed<0x14>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.22"},
    {Extended, 0x2d, "Shadow Functions", nullptr, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.25"},
    {Extended, 0x2e, "Data Object Exchange", fixed<0x18>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.9.24"},
    {Extended, 0x2f, "Device 3", fixed<16>, Hidden, Hide, unlinked, "PCIe Base Spec 6.0, 7.7.9"},
    {Extended, 0x30, "Integrity and Data Encryption", sizes::integrity_encryption, Hidden, Hide,
     unlinked, "PCIe Base Spec 6.0, 7.9.26"},
    // pciutils puts the lane control at 0x10, Linux and the specification at 0x20.
    {Extended, 0x31, "Physical Layer 64.0 GT/s", sizes::lanes_1_byte, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.7"},
    {Extended, 0x32, "Flit Logging", fixed<0x3c>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.7.8"},
    // With all of its LTSSM status registers; a function may have fewer.
    {Extended, 0x33, "Flit Performance Measurement", fixed<0x24>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.8.12"},
    {Extended, 0x34, "Flit Error Injection", fixed<0x24>, Hidden, Hide, unlinked,
     "PCIe Base Spec 6.0, 7.8.13"},
    {Extended, 0x35, "Streamlined Virtual Channel", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x36, "MMIO Register Block Locator", sizes::register_locator, Hidden, Hide,
     unlinked, vfio},
    {Extended, 0x37, "NOP Flit", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x38, "Scalable I/O Virtualization", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x39, "Physical Layer 128.0 GT/s", nullptr, Hidden, Hide, unlinked, vfio},
    {Extended, 0x3a, "Captured Data", nullptr, Hidden, Hide, unlinked, vfio},
    // clang-format on
});

constexpr std::string_view unknown_id = "the host kernel's VFIO driver does not know this id";
constexpr CapabilityKind unknown_standard{Standard, 0,    "unknown",  nullptr,
                                          Hidden,   Hide, unknown_id, vfio};
constexpr CapabilityKind unknown_extended{Extended, 0,    "unknown",  nullptr,
                                          Hidden,   Hide, unknown_id, vfio};

constexpr bool in_order() {
    return std::ranges::is_sorted(table, [](const CapabilityKind& a, const CapabilityKind& b) {
        return a.list != b.list ? a.list == Standard : a.id < b.id;
    });
}
static_assert(in_order(), "standard rows first, each list by id");

}  // namespace

std::span<const CapabilityKind> capability_table() { return table; }

const CapabilityKind& kind_of(CapabilityList list, std::uint16_t id) {
    const auto* const row = std::ranges::find_if(
        table, [&](const CapabilityKind& kind) { return kind.list == list && kind.id == id; });
    if (row != table.end()) return *row;
    return list == Standard ? unknown_standard : unknown_extended;
}

}  // namespace tenon::pci
