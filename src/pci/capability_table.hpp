// The table of capabilities: one row a kind, and everything that is the same for all of a kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "pci/capability.hpp"

namespace tenon::pci {

/// What Linux vfio-pci makes of a capability. Source: drivers/vfio/pci/vfio_pci_config.c.
enum class KernelTreatment {
    Hidden,          ///< Unlinked from the list; its bytes stay reachable.
    ReadOnly,        ///< Shown; writes are dropped.
    PartlyWritable,  ///< Shown; some registers are writable, some are virtual.
    Writable,        ///< Shown; writes reach the hardware as they are.
};

/// What the guest gets of a capability.
enum class Action {
    Pass,        ///< The device's own registers, as far as the kernel lets them through.
    Emulate,     ///< Registers of ours in place of the device's.
    Hide,        ///< Not in the guest's list; its bytes read as zero.
    Synthesize,  ///< A capability that the host does not show.
};

/// Bytes that the capability at `at` takes, by its own content.
using SizeRule = std::size_t (*)(const ConfigImage& image, std::size_t at);

/// One kind of capability.
struct CapabilityKind {
    CapabilityList list;
    std::uint16_t id;
    std::string_view name;
    SizeRule size;  ///< Null: reaches to the next header.
    KernelTreatment kernel;
    Action action;         ///< What the guest gets, where the kernel shows it.
    std::string_view why;  ///< Why, in words for a person.
    std::string_view source;
};

/// The row for a capability; a row named "unknown" for an id without one.
const CapabilityKind& kind_of(CapabilityList list, std::uint16_t id);

/// All rows, standard ones first, each list by id.
std::span<const CapabilityKind> capability_table();

}  // namespace tenon::pci
