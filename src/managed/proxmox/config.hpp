// A guest's .conf of Proxmox VE, as the command of QEMU that Proxmox makes of it: as far as PCI
// devices of the host, the machine, the CPU and the vIOMMU go.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/said/configuration.hpp"
#include "pci/address.hpp"

namespace tenon::managed::proxmox {

/// The functions of a slot of the host, in order; none: nobody knows.
using SlotFunctions =
    std::function<std::optional<std::vector<pci::Address>>(const pci::Address& slot)>;

/// Whether a text is such a file rather than a command: its first line that says anything is
/// "key: value".
bool is_config(std::string_view text);

/// Reads the part of the file that counts now: sections, as of snapshots, are passed over. `file`
/// is its name. A function of the host without its number ("01:00") is all functions of the slot;
/// where nobody knows them, it is taken for one of several.
/// Errors: Malformed for no line of "key: value", and for too much text.
/// Source: Proxmox qemu-server 9.2.6, PVE/QemuServer.pm, QemuServer/PCI.pm.
Result<said::Configuration> read_config(std::string_view text, std::string_view file,
                                        const qemu::ReadFile& read_file,
                                        const SlotFunctions& functions_of);

}  // namespace tenon::managed::proxmox
