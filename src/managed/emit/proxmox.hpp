// A machine as a guest's .conf of Proxmox VE.
#pragma once

#include <string>

#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// The machine as Proxmox can have it, with what it cannot in `lacks`: its ports stand where they
/// stand, functions count from 0, and nothing goes through iommufd. The machine is a prepared one.
/// Source: Proxmox qemu-server 9.2.6, QemuServer/PCI.pm, pve-q35-4.0.cfg.
Machine as_proxmox_has_it(Machine machine);

/// Lines for /etc/pve/qemu-server/ID.conf; comments say what cannot be said. The machine is a
/// prepared one.
std::string proxmox_config(const Machine& machine);

}  // namespace tenon::managed::emit
