// Lines of the kernel's log, and of programs that start guests, about IOMMU groups and VFIO.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/listing/said.hpp"
#include "pci/address.hpp"

namespace tenon::capture::listing {

/// Something that went wrong, as a line of a log says.
struct Symptom {
    enum class Kind {
        IntxBusy,        ///< VFIO could not have the interrupt line for the function alone.
        CannotReserve,   ///< Somebody else has a BAR.
        NotViable,       ///< A function of its group is bound to a driver of the host.
        NoRemapping,     ///< The host does not remap interrupts.
        ReservedRegion,  ///< The firmware keeps memory mapped for the function.
        NotReady,        ///< It did not come back from a reset.
        NoIommu,         ///< No IOMMU is there for VFIO.
        NoAtomics,       ///< Its driver found that no AtomicOps of it complete.
    };
    Kind kind{};
    std::optional<pci::Address> address;
    std::optional<unsigned> group;
    std::string other;     ///< IntxBusy: who has the line already, as the kernel names it.
    std::size_t line = 0;  ///< Of the input, counted from 1.

    bool operator==(const Symptom&) const = default;
};

/// Reads a line without its time stamp; `line` is left 0.
std::optional<Symptom> parse_symptom(std::string_view text);

/// "pci 0000:01:00.0: Adding to iommu group 1", and how kernels before 5.3 say it.
struct AddedToGroup {
    pci::Address address;
    unsigned number = 0;
};
std::optional<AddedToGroup> parse_added_to_group(std::string_view text);

/// "pci 0000:01:00.0: [10de:1b81] type 00 class 0x030000".
struct FoundFunction {
    pci::Address address;
    Ids ids;
    std::uint32_t class_code = 0;  ///< 24 bits.
};
std::optional<FoundFunction> parse_found(std::string_view text);

/// The function of "pci 0000:01:00.0: vgaarb: setting as boot VGA device".
std::optional<pci::Address> parse_boot_display(std::string_view text);

/// Whether a line says that an IOMMU is in use.
bool says_iommu_is_on(std::string_view text);

}  // namespace tenon::capture::listing
