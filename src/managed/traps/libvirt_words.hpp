// Changes as XML for a domain of libvirt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "managed/traps/case.hpp"
#include "managed/traps/words.hpp"

namespace tenon::managed::traps {

/// Elements by which device number `device` has these properties: of libvirt's own where it has
/// one, else <qemu:override>; for a device that is handed to QEMU as it is, its words.
std::vector<std::string> libvirt_device(const Case& of, std::size_t device,
                                        const std::vector<Change>& changes);

/// Elements of <cpu> and <features>.
std::vector<std::string> libvirt_cpu(const std::vector<Change>& changes);

/// Elements of <os> and <features>. Empty: libvirt has none for it.
std::vector<std::string> libvirt_machine(std::string_view name, std::string_view value);

/// A root port for each function of the host, and the function behind it.
std::vector<std::string> libvirt_ports(const Case& of,
                                       const std::vector<const Assigned*>& functions);

/// Words that libvirt hands to QEMU as they are.
std::vector<std::string> libvirt_arguments(const std::vector<std::string>& words);

}  // namespace tenon::managed::traps
