#include "managed/proxmox/known_keys.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"

namespace tenon::managed::proxmox {
namespace {

// What decides the devices of the host, the machine, the CPU and the vIOMMU.
constexpr auto read = std::to_array<std::string_view>(
    {"args", "balloon", "bios", "cpu", "hugepages", "machine", "memory", "ostype", "vga"});

// What does not touch them.
// clang-format off
constexpr auto passed_over = std::to_array<std::string_view>({
    "acpi", "affinity", "agent", "allow-ksm", "amd-sev", "arch", "audio0", "autostart", "boot",
    "bootdisk", "cdrom", "cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "cores",
    "cpulimit", "cpuunits", "description", "digest", "efidisk0", "freeze", "hookscript",
    "hotplug", "intel-tdx", "keephugepages", "keyboard", "kvm", "localtime", "lock", "meta",
    "migrate_downtime", "migrate_speed", "name", "nameserver", "onboot", "parent",
    "protection", "reboot", "runningcpu", "runningmachine", "scsihw", "searchdomain", "shares",
    "smbios1", "smp", "snapstate", "snaptime", "sockets", "spice_enhancements", "sshkeys",
    "startdate", "startup", "tablet", "tags", "tdf", "template", "tpmstate0", "vcpus",
    "vmgenid", "vmstate", "vmstatestorage", "watchdog", "numa"});
constexpr auto numbered = std::to_array<std::string_view>({
    "ide", "ipconfig", "net", "numa", "parallel", "rng", "sata", "scsi", "serial", "unused", "usb",
    "virtio", "virtiofs"});
// clang-format on

bool is_in(std::span<const std::string_view> names, std::string_view key) {
    return std::ranges::find(names, key) != names.end();
}

}  // namespace

std::optional<unsigned> number_of(std::string_view key, std::string_view name) {
    if (!key.starts_with(name) || key.size() == name.size()) return std::nullopt;
    const auto number = tenon::parse_number(key.substr(name.size()));
    if (!number || *number > 255) return std::nullopt;
    return static_cast<unsigned>(*number);
}

bool is_known_key(std::string_view key) {
    return is_in(read, key) || is_in(passed_over, key) ||
           std::ranges::any_of(
               numbered, [&](std::string_view name) { return number_of(key, name).has_value(); });
}

}  // namespace tenon::managed::proxmox
