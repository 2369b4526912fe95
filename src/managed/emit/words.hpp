// Words that the managers' configurations have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// The link speed of the ports that a manager adds, as Link Capabilities encode it, where it has no
/// word for another.
inline constexpr unsigned speed_of_ports = 4;

inline constexpr std::uint64_t kibibyte = 1024;

/// "4G", "512M", "2052K": bytes as QEMU reads them, rounded up to 1 KiB.
std::string size_words(std::uint64_t bytes);

/// "8" for a link speed as Link Capabilities encode it, as x-speed takes it. Source: QEMU 11.1,
/// hw/core/qdev-properties-system.c.
std::string_view speed_words(unsigned speed);

/// The next width that x-width takes.
unsigned width_words(unsigned lanes);

/// The address on the host, with its domain; zeros where it is not known.
std::string address_words(const Function& function);

/// Bytes of the hole for 64-bit BARs that QEMU is to be told of; none: what it has anyway is
/// enough.
std::optional<std::uint64_t> hole_size(const Machine& machine);

/// A property of QEMU for which managers have no word of their own.
struct Extra {
    std::string_view name;
    std::string value;
    std::string_view type = "string";  ///< In JSON, as libvirt names it: "string", "unsigned".
};

/// Those of a function.
std::vector<Extra> extras(const Function& function);

/// Those of a port: its link, and what firmware is to reserve.
std::vector<Extra> extras(const Port& port);

/// Those of a vIOMMU.
std::vector<Extra> extras(const Viommu& viommu);

/// The machine type: "q35", "pc".
std::string_view board_of(const Machine& machine);

/// QEMU's name of the host bridge, whose property the hole for 64-bit BARs is.
std::string_view host_bridge_of(const Machine& machine);

/// Whether any function is assigned through iommufd.
bool uses_iommufd(const Machine& machine);

/// What is to be said in comments: what cannot be said otherwise, then addresses to be filled in.
/// Each a sentence without a full stop; `beside` comes between.
std::vector<std::string> comments(const Machine& machine, std::vector<std::string> beside);

/// The sentences as lines, each with `begin` in front, the next of a sentence with `next`.
std::string comment_lines(const std::vector<std::string>& sentences, std::string_view begin,
                          std::string_view next);

}  // namespace tenon::managed::emit
