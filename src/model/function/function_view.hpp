// What a guest sees of one host function: each byte of its configuration space, its BARs, its
// interrupts, and the decisions that led there. Pure: the same facts give the same view.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/chosen/decision.hpp"
#include "model/chosen/function_properties.hpp"
#include "model/chosen/requests.hpp"
#include "model/function/atomics_host.hpp"
#include "model/function/intx_plan.hpp"
#include "model/function/pasid.hpp"
#include "model/function/register_map.hpp"
#include "pci/bar.hpp"

namespace tenon::model::function {

/// A base address register of the guest's function, or the option ROM.
struct BarPlan {
    unsigned index = 0;  ///< 0..5, or device::rom_region for the option ROM.
    pci::BarKind kind = pci::BarKind::Memory32;
    bool prefetchable = false;
    Known<std::uint64_t> size;  ///< Bytes, a power of two.
    /// What the guest reaches directly; the rest is trapped. Empty: all of it is trapped.
    std::vector<device::MmapArea> mapped;
    /// Bytes at its start that the device has; none: all of it. What follows is ours.
    std::optional<std::uint64_t> device_bytes;
    std::string why;  ///< Why it is mapped or trapped, in words.

    bool operator==(const BarPlan&) const = default;
};

/// Where MSI-X structures are. Offsets are bytes from the start of their BAR.
struct MsixPlan {
    std::uint16_t at = 0;       ///< Of the capability in configuration space.
    std::uint16_t vectors = 0;  ///< 1..2048
    unsigned table_bar = 0;
    std::uint32_t table_offset = 0;
    unsigned pba_bar = 0;
    std::uint32_t pba_offset = 0;

    /// Bytes of the table and of the pending bit array.
    std::uint64_t table_size() const { return std::uint64_t{vectors} * 16; }
    std::uint64_t pba_size() const { return (std::uint64_t{vectors} + 63) / 64 * 8; }

    /// Where the device has them, if the guest finds them elsewhere.
    struct Place {
        unsigned bar = 0;
        std::uint32_t offset = 0;

        auto operator<=>(const Place&) const = default;
    };
    std::optional<Place> device_table;
    std::optional<Place> device_pba;

    auto operator<=>(const MsixPlan&) const = default;
};

/// The MSI capability.
struct MsiPlan {
    std::uint16_t at = 0;
    std::uint16_t vectors = 0;  ///< 1..32, what the device is capable of.
    bool wide = false;          ///< 64-bit message address.
    bool maskable = false;      ///< Per-vector masking.

    auto operator<=>(const MsiPlan&) const = default;
};

/// The whole view.
struct FunctionView {
    std::string id;
    std::string host;       ///< Address on its host, or the file it was read from.
    unsigned function = 0;  ///< In its slot of the guest: 0..7.
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint32_t class_code = 0;  ///< Class, subclass, programming interface in 24 bits.
    std::uint8_t revision = 0;

    bool guest_view = false;  ///< Whether a guest could ever see it; false for bridges.
    bool assignable = false;
    std::vector<chosen::Reason> reasons;  ///< Why it is not assignable.
    std::vector<std::string> warnings;    ///< What a user should know beside that.
    std::vector<std::string> unknowns;    ///< Facts that the verdict had to do without.

    std::vector<chosen::PropertyReport> properties;  ///< What came of what could be chosen.
    std::vector<chosen::Decision> capabilities;      ///< In chain order, standard ones first.
    std::vector<BarPlan> bars;
    std::optional<IntxPlan> intx;
    std::string
        no_intx;  ///< Why there is none though the device has a pin; empty: it needs no word.
    std::optional<MsiPlan> msi;
    std::optional<MsixPlan> msix;
    std::optional<PasidPlan> pasid;  ///< A PASID capability of ours.
    /// Bytes the guest sees, 256 or 4096; fewer where no more of the device was read.
    std::size_t config_size = pci::conventional_size;
    std::size_t power_management_at = 0;   ///< 0: there is no Power Management capability.
    std::size_t express_at = 0;            ///< 0: there is no PCI Express capability.
    std::size_t device_control_2_at = 0;   ///< 0: there is no such register.
    std::size_t advanced_features_at = 0;  ///< 0: there is no Advanced Features capability.
    std::size_t error_reporting_at = 0;    ///< 0: there is no Advanced Error Reporting.
    bool function_level_reset = false;     ///< The guest may reset the function by Device Control.

    bool virtual_function = false;  ///< Of an SR-IOV device, as far as known.
    bool emulated = false;          ///< No function of the host stands behind it.
    HostAtomics atomics;            ///< What of AtomicOps completes on its host.

    /// Rules for the space. `start` has BARs without address, as after a reset.
    RegisterMap map;

    std::optional<device::GroupFacts> group;
    std::vector<std::string> group_notes;  ///< Why that is its group; see notes_of_group().
    std::string driver_line;  ///< "driver vfio-pci", "no driver", "driver not known: …".

    // Out of line: two dozen sources would compile them, each for itself.
    FunctionView();
    FunctionView(const FunctionView& other);
    FunctionView(FunctionView&& other) noexcept;
    FunctionView& operator=(const FunctionView& other);
    FunctionView& operator=(FunctionView&& other) noexcept;
    ~FunctionView();
    bool operator==(const FunctionView& other) const;
};

/// Makes the view. Ids, BAR addresses and the place in the slot come later, from the machine's
/// plan.
FunctionView build_function_view(const device::DeviceFacts& facts,
                                 const chosen::FunctionProperties& properties = {},
                                 const chosen::RomRequest& rom = {});

}  // namespace tenon::model::function
