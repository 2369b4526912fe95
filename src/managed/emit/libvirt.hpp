// A machine as a domain of libvirt.
#pragma once

#include <string>

#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// XML for `virsh define`, with <qemu:override> for what libvirt has no element for, and comments
/// for what cannot be said. The machine is a prepared one. Source: libvirt 12.9,
/// docs/formatdomain; its schema.
std::string libvirt_domain(const Machine& machine);

}  // namespace tenon::managed::emit
