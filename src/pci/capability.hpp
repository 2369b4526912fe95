// The two lists of capabilities of a function, as they stand in its configuration space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pci/config_image.hpp"
#include "pci/register.hpp"

namespace tenon::pci {

/// Which of the two lists an entry stands in.
enum class CapabilityList { Standard, Extended };

/// One entry of a list.
struct Capability {
    CapabilityList list = CapabilityList::Standard;
    std::uint16_t id = 0;
    std::uint8_t version = 0;  ///< Of an extended capability's header; 0 for a standard one.
    std::uint16_t at = 0;      ///< Offset of its header.
    std::uint16_t size = 0;    ///< Bytes that belong to it, by its own content. See extent.hpp.

    bool operator==(const Capability&) const = default;
};

/// The entries of both lists in chain order, and what was wrong with the chains.
struct Capabilities {
    std::vector<Capability> standard;
    std::vector<Capability> extended;
    /// Sentences for a person: loops, pointers into the header, dead devices. Empty for a sane one.
    std::vector<std::string> findings;

    /// The first entry with this id, if there is one.
    std::optional<Capability> find(CapabilityList list, std::uint16_t id) const;
};

/// Capability ids that have behaviour of their own. Source: PCI Code and ID Assignment 1.16.
namespace capability_id {
inline constexpr std::uint16_t power_management = 0x01;
inline constexpr std::uint16_t msi = 0x05;
inline constexpr std::uint16_t pci_x = 0x07;
inline constexpr std::uint16_t vendor_specific = 0x09;
inline constexpr std::uint16_t subsystem_ids = 0x0d;
inline constexpr std::uint16_t pci_express = 0x10;
inline constexpr std::uint16_t msix = 0x11;
inline constexpr std::uint16_t advanced_features = 0x13;
}  // namespace capability_id
namespace extended_id {
inline constexpr std::uint16_t null = 0x00;
inline constexpr std::uint16_t error_reporting = 0x01;
inline constexpr std::uint16_t access_control = 0x0d;
inline constexpr std::uint16_t ats = 0x0f;
inline constexpr std::uint16_t page_request = 0x13;
inline constexpr std::uint16_t resizable_bar = 0x15;
inline constexpr std::uint16_t pasid = 0x1b;
}  // namespace extended_id

/// What a capability of the standard list begins with; the last one has 0 for the next.
/// Source: PCIe Base Spec 6.0, 7.5.1.1.11.
struct CapabilityId : Bits<7, 0, Access::ReadOnly> {};
struct NextCapability : Bits<15, 8, Access::ReadOnly> {};
using CapabilityHeader = Register<std::uint16_t, CapabilityId, NextCapability>;

/// What a capability of the extended list begins with. Source: PCIe Base Spec 6.0, 7.6.3.
struct ExtendedCapabilityId : Bits<15, 0, Access::ReadOnly> {};
struct ExtendedCapabilityVersion : Bits<19, 16, Access::ReadOnly> {};
struct NextExtendedCapability : Bits<31, 20, Access::ReadOnly> {};
using ExtendedCapabilityHeader = Register<std::uint32_t, ExtendedCapabilityId,
                                          ExtendedCapabilityVersion, NextExtendedCapability>;

/// Headers of capabilities that we make; `next` is where the next one is, or 0.
constexpr std::uint16_t capability_header(std::uint16_t id, std::size_t next) {
    return CapabilityHeader{0}
        .with<CapabilityId>(id)
        .with<NextCapability>(static_cast<std::uint16_t>(next))
        .raw();
}
constexpr std::uint32_t extended_header(std::uint16_t id, unsigned version, std::size_t next = 0) {
    return ExtendedCapabilityHeader{id}
        .with<ExtendedCapabilityVersion>(version)
        .with<NextExtendedCapability>(static_cast<std::uint32_t>(next))
        .raw();
}

inline constexpr std::size_t first_capability = 0x40;
inline constexpr std::size_t first_extended = 0x100;

/// Lists the capabilities of `image`, with their extents.
///
/// Never fails: a chain that breaks a rule ends there, with a finding. The standard list needs more
/// than 64 known bytes; the extended one needs more than 256, and a PCI Express or PCI-X
/// capability. Source: PCIe Base Spec 6.0, 7.5.1.1.11 and 7.6.3.
Capabilities list_capabilities(const ConfigImage& image);

}  // namespace tenon::pci
