#include "library/checked.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/file.hpp"
#include "base/input.hpp"
#include "base/text.hpp"
#include "library/host_facts.hpp"
#include "managed/kubevirt/machine.hpp"
#include "managed/libvirt/domain.hpp"
#include "managed/proxmox/config.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"
#include "model/chosen/target.hpp"

namespace tenon::library {
namespace {

using managed::said::Configuration;

Result<std::string> read_named(const std::string& path) {
    return read_input(path, managed::qemu::longest_input);
}

// A file of VFIO that a process has open by this number: the function that it is of. None: it is no
// such file, or this user may not see it.
std::optional<pci::Address> function_of_file(const Host& host, unsigned process,
                                             std::string_view number) {
    if (!parse_number(number)) return std::nullopt;
    const auto name =
        link_name(fmt::format("{}/{}/fd/{}", host.sysfs.paths().proc, process, number));
    if (!name || !name->starts_with("vfio") || name->contains('/')) return std::nullopt;
    const auto all = host.sysfs.list_functions();
    if (!all) return std::nullopt;
    const auto found = std::ranges::find_if(*all, [&](const pci::Address& address) {
        std::error_code error;
        return std::filesystem::exists(
            fmt::format("{}/vfio-dev/{}", host.sysfs.folder(address), *name), error);
    });
    return found == all->end() ? std::nullopt : std::optional{*found};
}

// What goes through iommufd has a file in place of an address.
void name_hosts(const Host& host, unsigned process, Configuration& configuration) {
    for (auto& device : configuration.devices) {
        const auto* const file = device.properties.find("fd");
        if (file == nullptr || !managed::said::is_assigned(device) ||
            managed::said::host_of(device))
            continue;
        const auto place = file->place;
        if (const auto address = function_of_file(host, process, file->text))
            device.properties.add("host", {.text = to_string(*address), .place = place});
    }
}

Result<Configuration> read_process(unsigned process, const std::string& proc) {
    const auto folder = fmt::format("{}/{}", proc, process);
    auto text = read_file(folder + "/cmdline", managed::qemu::longest_input);
    if (!text && text.error().os_error == ENOENT)
        return fail(Error::Kind::NotFound, "there is no process {}", process);
    TENON_TRY(line, std::move(text), "");
    TENON_TRY(words, managed::qemu::read_command(line, fmt::format("process {}", process)), "");
    return managed::qemu::read_command_line(words, read_named);
}

// Whether another user than this one may be meant to start what the words start.
bool names_another_user(std::string_view text) {
    constexpr std::array<std::string_view, 6> programs{"sudo", "doas",    "pkexec",
                                                       "su ",  "runuser", "systemd-run"};
    return std::ranges::any_of(programs, [&](std::string_view one) { return text.contains(one); });
}

Result<Configuration> read_text(const std::string& path, const HostFacts& facts,
                                bool& by_this_user) {
    TENON_TRY(text, read_named(path), "");
    by_this_user = !names_another_user(text);
    const auto name = name_of_input(path);
    if (managed::libvirt::is_domain(text))
        return managed::libvirt::read_domain(text, name, read_named);
    if (managed::kubevirt::is_machine(text)) return managed::kubevirt::read_machine(text, name);
    if (managed::proxmox::is_config(text))
        return managed::proxmox::read_config(text, name, read_named, [&](const pci::Address& slot) {
            return facts.functions_of(slot);
        });
    TENON_TRY(words, managed::qemu::read_command(text, name), "");
    return managed::qemu::read_command_line(words, read_named);
}

Result<Configuration> read_configuration(const Host& host, const CheckRequest& request,
                                         const HostFacts& facts, bool& by_this_user) {
    // It runs: what it had to lock is locked.
    if (request.process) {
        TENON_TRY(running, read_process(*request.process, host.sysfs.paths().proc), "");
        name_hosts(host, *request.process, running);
        return std::move(running);
    }
    if (request.words.empty()) return read_text(request.file, facts, by_this_user);
    by_this_user = std::ranges::none_of(request.words, names_another_user);
    TENON_TRY(words, managed::qemu::read_command(request.words, "command line"), "");
    return managed::qemu::read_command_line(words, read_named);
}

// The functions of the host in the configuration, each once.
std::vector<pci::Address> addresses_of(const Configuration& configuration) {
    std::vector<pci::Address> addresses;
    for (const auto& device : configuration.devices)
        if (managed::said::is_assigned(device) && !managed::said::is_mediated(device))
            if (const auto address = managed::said::host_of(device)) addresses.push_back(*address);
    std::ranges::sort(addresses);
    const auto again = std::ranges::unique(addresses);
    addresses.erase(again.begin(), again.end());
    return addresses;
}

}  // namespace

Result<std::string> target_of_check(std::string_view text) {
    auto version = model::chosen::version_of_target(text);
    if (!version || version->empty() || text.contains(','))
        return malformed(
            "--target {}: known are qemu, qemu-11.1, qemu-11.0; the place is the configuration's",
            text);
    return version;
}

Result<std::unique_ptr<Checked>> check(const Host& host, const CheckRequest& request) {
    auto checked = std::make_unique<Checked>();
    TENON_TRY(facts, HostFacts::open(host, request.host, request.process.has_value()), "");
    bool by_this_user = false;
    TENON_TRY(configuration, read_configuration(host, request, facts, by_this_user), "");
    checked->configuration = std::move(configuration);
    facts.look(addresses_of(checked->configuration), checked->host);
    facts.look_at_roms(checked->configuration, checked->host);
    if (by_this_user) facts.look_at_limit(checked->host);
    checked->target = request.target;
    checked->tree = managed::guest::make_tree(checked->configuration);
    checked->diagnosis = managed::traps::diagnose(
        managed::traps::Case{checked->configuration, checked->tree, checked->host});
    return checked;
}

}  // namespace tenon::library
