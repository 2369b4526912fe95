// Properties of QEMU's devices that a domain changes beside libvirt: <qemu:override>.
#pragma once

#include "managed/libvirt/xml.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// Applies them to the devices of `to`. What QEMU would not take is a mistake; aliases of devices
/// that are not known here are named.
/// Source: libvirt 12.9, docs/drvqemu, "Overriding properties of QEMU devices".
void apply_override(const Element& domain, said::Configuration& to);

}  // namespace tenon::managed::libvirt
