// The <devices> of a domain that are, or may be, on a PCI bus.
#pragma once

#include "managed/libvirt/wanted.hpp"
#include "managed/libvirt/xml.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// Reads them. Objects, globals, notes and mistakes that come of them are put into `to`, whose
/// machine is known already.
/// Source: libvirt 12.9, docs/formatdomain.
WantedDevices read_devices(const Element& domain, said::Configuration& to);

}  // namespace tenon::managed::libvirt
