#include "device/driver.hpp"

#include <fmt/core.h>

#include "base/shell.hpp"

namespace tenon::device {

bool is_vfio_driver(std::string_view driver) {
    return driver.starts_with("vfio") || driver.ends_with("vfio-pci") ||
           driver.ends_with("vfio_pci");
}

bool leaves_group_viable(const GroupMember& member) {
    return member.driver.empty() || member.is_bridge || is_vfio_driver(member.driver) ||
           member.driver == "pci-stub" || member.driver == "pcieport";
}

std::string unbind_command(const pci::Address& address) {
    const auto name = to_string(address);
    return fmt::format("echo {} > {}", name,
                       shell_word(fmt::format("/sys/bus/pci/devices/{}/driver/unbind", name)));
}

std::vector<std::string> bind_commands(const pci::Address& address, std::string_view driver) {
    const auto name = to_string(address);
    const auto place = shell_word("/sys/bus/pci/devices/" + name);
    std::vector<std::string> commands{"modprobe vfio-pci",
                                      fmt::format("echo vfio-pci > {}/driver_override", place)};
    if (!driver.empty()) commands.push_back(unbind_command(address));
    commands.push_back(fmt::format("echo {} > /sys/bus/pci/drivers_probe", name));
    return commands;
}

}  // namespace tenon::device
