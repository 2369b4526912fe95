// The addresses that libvirt gives what names none, and the ports and bridges that it adds.
#pragma once

#include "managed/libvirt/wanted.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// Buses that a domain may have: they are numbered with a byte.
inline constexpr unsigned most_buses = 256;

/// Gives every device a place, and puts all of them into `to` as QEMU gets them: controllers by
/// their index, vIOMMUs, what is emulated, what is assigned. Root ports that are needed are added,
/// eight to a slot; where no controller is wanted at all, one more for what may come. What finds no
/// place stays without an address, and a note says so.
///
/// Of devices of the host each gets a port of its own, also where they are functions of one card;
/// one of which nobody knows whether it has PCI Express is taken for one that has. What is added
/// stands at `added`.
/// Source: libvirt 12.9, run; docs/pci-addresses.
void place_devices(WantedDevices all, const said::Place& added, said::Configuration& to);

}  // namespace tenon::managed::libvirt
