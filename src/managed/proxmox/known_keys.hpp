// The keys of a guest's .conf of Proxmox VE.
#pragma once

#include <optional>
#include <string_view>

namespace tenon::managed::proxmox {

/// The number behind a key that is numbered, up to 255: 3 of "hostpci3", whose name is "hostpci".
std::optional<unsigned> number_of(std::string_view key, std::string_view name);

/// Whether Proxmox has the key, "hostpciN" left aside: what is read here, and what is passed over.
/// Source: Proxmox qemu-server 9.2.6, PVE/QemuServer.pm.
bool is_known_key(std::string_view key);

}  // namespace tenon::managed::proxmox
