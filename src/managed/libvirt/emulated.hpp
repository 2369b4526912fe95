// What libvirt makes QEMU emulate, as far as it is on a PCI bus.
#pragma once

#include <optional>

#include "managed/libvirt/wanted.hpp"
#include "managed/libvirt/xml.hpp"

namespace tenon::managed::libvirt {

/// An element of <devices>.
struct Emulated {
    bool known = false;            ///< The element is one of libvirt's.
    std::optional<Wanted> wanted;  ///< None: it is on no PCI bus, or a part of the board.
};

/// What the element is. `q35`: of the machine q35, whose board has a SATA controller.
/// Source: libvirt 12.9, docs/formatdomain; run.
Emulated read_emulated(const Element& device, bool q35);

}  // namespace tenon::managed::libvirt
