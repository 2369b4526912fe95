// What the words of a text say of one function: of lspci, of the kernel, of loops over IOMMU
// groups. No register is known by them; each fact is there, or nobody said it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/listing/stated.hpp"
#include "capture/text/decoded_bars.hpp"
#include "pci/address.hpp"
#include "pci/express.hpp"

namespace tenon::capture::listing {

/// Vendor and device, or those of a subsystem.
struct Ids {
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;

    bool operator==(const Ids&) const = default;
};

/// "Capabilities: [a0] MSI-X: …".
struct SaidCapability {
    std::uint16_t at = 0;  ///< In configuration space.
    bool extended = false;
    std::string name;  ///< Up to the first colon.

    bool operator==(const SaidCapability&) const = default;
};

/// MSI-X, as lspci words it.
struct SaidMsix {
    unsigned vectors = 0;  ///< 1..2048

    /// In bytes from the start of its BAR.
    struct Place {
        unsigned bar = 0;
        std::uint32_t offset = 0;

        bool operator==(const Place&) const = default;
    };
    std::optional<Place> table;
    std::optional<Place> pending;

    bool operator==(const SaidMsix&) const = default;
};

/// Numbers of buses of a bridge.
struct SaidBuses {
    std::uint8_t primary = 0;
    std::uint8_t secondary = 0;
    std::uint8_t subordinate = 0;

    bool operator==(const SaidBuses&) const = default;
};

/// Of the PCI Express capability and what belongs to it.
struct SaidExpress {
    std::optional<pci::PortType> type;
    bool second_registers = false;   ///< DevCap2 is printed.
    bool tells_atomics = false;      ///< A line AtomicOpsCap is printed.
    std::uint32_t completers = 0;    ///< device::atomics_32 and its like.
    bool routes_atomics = false;     ///< AtomicOps.
    bool blocks_atomics = false;     ///< On egress.
    std::optional<bool> end_prefix;  ///< End-to-end TLP prefixes: PASIDs reach through it.
    std::optional<bool> forwards_ari;
    std::optional<bool> requests_10_bit_tags;
    std::optional<bool> function_level_reset;
    std::string acs;  ///< The line ACSCtl: what is switched on.
    bool has_acs = false;
    std::string link;      ///< LnkCap: "16GT/s, x16".
    std::string link_now;  ///< LnkSta.
    std::string ats;       ///< ATSCap.
    std::string pasid;     ///< PASIDCap.

    bool operator==(const SaidExpress&) const = default;
};

struct Said {
    pci::Address address;
    std::size_t line = 0;  ///< Where it is spoken of first.
    std::string name;      ///< "Intel Corporation …", as lspci words it; empty: not said.
    Stated<std::uint16_t> class_code;  ///< Class and subclass.
    Stated<std::uint8_t> interface;
    Stated<Ids> ids;
    Stated<Ids> subsystem;
    Stated<std::uint8_t> revision;
    Stated<std::string> driver;  ///< Empty: none is bound.
    Stated<unsigned> group;
    Stated<unsigned> numa_node;
    Stated<SaidBuses> buses;
    Stated<pci::Address> above;  ///< The bridge that it is behind, of a tree or a path in sysfs.
    bool on_root_bus = false;    ///< As a tree or a path in sysfs shows.
    bool has_below = false;      ///< The same shows functions behind it.
    bool is_active = false;      ///< The host talks through it, as dpdk-devbind says.
    bool boot_display = false;   ///< The kernel took it for the firmware's display.
    bool has_symptom = false;    ///< The kernel's log complains of it.
    Stated<unsigned> interrupt;  ///< The interrupt line of its host, as lspci words it.

    /// Of the first text that tells them.
    std::vector<text::DecodedBar> bars;
    std::vector<SaidCapability> capabilities;
    std::optional<SaidMsix> msix;
    std::optional<unsigned> msi_vectors;
    SaidExpress express;
    bool denied = false;  ///< "Capabilities: <access denied>".

    /// PCI, semi-transparent or CardBus.
    bool is_bridge() const {
        return has_below || (class_code && (*class_code == 0x0604 || *class_code == 0x0609 ||
                                            *class_code == 0x0607));
    }
};

}  // namespace tenon::capture::listing
