#include "host/advice.hpp"

#include <fmt/ranges.h>

#include <cerrno>
#include <utility>

#include "base/shell.hpp"
#include "device/driver.hpp"
#include "device/uses.hpp"

namespace tenon::host {
namespace {

std::string hint_for(int os_error, const std::string& node) {
    switch (os_error) {
        case EACCES:
        case EPERM:
            return fmt::format("Run as root, or give your user the node: chown $USER {}",
                               shell_word(node));
        case EBUSY:
            return fmt::format("Another program has it; this shows which: fuser -v {}",
                               shell_word(node));
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return "Load the drivers: modprobe -a vfio-pci vfio_iommu_type1";
        default:
            return {};
    }
}

}  // namespace

std::string how_to_bind(const device::DeviceFacts& facts) {
    if (auto why_not = device::why_not_to_take(facts); !why_not.empty()) return why_not;
    return fmt::format(
        "Bind it to vfio-pci: {}",
        fmt::join(device::bind_commands(facts.address.value_or({}), facts.driver.value_or("")),
                  "; "));
}

Result<void> check_openable(const device::DeviceFacts& facts) {
    if (facts.origin != device::Origin::Live || !facts.address)
        return malformed("{}: not a function of this host", facts.source);
    const auto name = to_string(*facts.address);
    if (facts.driver && !device::is_vfio_driver(*facts.driver))
        return std::unexpected(Error{
            .kind = facts.driver->empty() ? Error::Kind::NotFound : Error::Kind::Busy,
            .what = facts.driver->empty()
                        ? fmt::format("{}: no driver is bound to it, vfio-pci has to be", name)
                        : fmt::format("{}: the host's driver {} has it", name, *facts.driver),
            .os_error = 0,
            .hint = how_to_bind(facts)});
    if (facts.has_iommu && !*facts.has_iommu)
        return std::unexpected(
            Error{.kind = Error::Kind::Unsupported,
                  .what = fmt::format("{}: no IOMMU translates its DMA", name),
                  .os_error = 0,
                  .hint = "Enable the IOMMU in the firmware (VT-d, AMD-Vi); an Intel host also "
                          "needs intel_iommu=on on its kernel's command line"});
    return {};
}

Error cannot_open(int os_error, const std::string& node) {
    return system_error(os_error, node, hint_for(os_error, node));
}

Error token_needed(int os_error, std::string_view step) {
    return system_error(os_error, step,
                        "VFIO has its physical function as well: give vf-token=UUID, the one that "
                        "the program with the physical function set; or leave the physical "
                        "function with its host driver");
}

Error token_refused(int os_error, std::string_view step) {
    return system_error(os_error, step,
                        "A VF token is for a virtual function whose physical function VFIO has as "
                        "well, and iommufd takes it since Linux 6.17: leave vf-token away, or use "
                        "iommu=group");
}

Error not_viable(const device::DeviceFacts& facts) {
    std::string users;
    std::string hint;
    if (facts.group) {
        for (const auto& member : facts.group->members) {
            if (device::leaves_group_viable(member)) continue;
            users += fmt::format("{}{} (driver {})", users.empty() ? "" : ", ",
                                 to_string(member.address), member.driver);
            auto advice = device::advice_for(member);
            if (!advice.remedy.empty())
                advice.commands.insert(advice.commands.begin(), std::move(advice.remedy));
            hint += fmt::format("{}{}", hint.empty() ? "" : "; ", fmt::join(advice.commands, "; "));
        }
    }
    const auto group = facts.group ? fmt::format("IOMMU group {}", facts.group->number)
                                   : std::string{"the IOMMU group"};
    return Error{
        .kind = Error::Kind::Busy,
        .what = users.empty()
                    ? fmt::format("{}: the host or another program uses a member of it", group)
                    : fmt::format("{}: the host uses {} of it", group, users),
        .os_error = 0,
        .hint = users.empty()
                    ? "All members of a group are assigned together or not at all"
                    : fmt::format("All members of a group leave the host together: {}", hint)};
}

}  // namespace tenon::host
