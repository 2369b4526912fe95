#include "library/checked.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/file.hpp"
#include "base/input.hpp"
#include "library/recorded.hpp"
#include "managed/proxmox/config.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::library {
namespace {

using managed::said::Configuration;
using managed::traps::HostView;

Result<std::string> read_named(const std::string& path) {
    return read_input(path, managed::qemu::longest_input);
}

// Whose facts count, and the functions that it has.
class Facts {
public:
    // Errors: those of list_recorded().
    static Result<Facts> open(const Host& host, const CheckRequest& request) {
        Facts facts;
        const bool here =
            request.host == this_machine || (request.host.empty() && request.process.has_value());
        if (here) {
            facts.here_ = &host;
        } else if (!request.host.empty()) {
            TENON_TRY(entries, list_recorded(request.host), "");
            facts.entries_ = std::move(entries);
        }
        facts.asked_ = here || !request.host.empty();
        return facts;
    }

    std::optional<std::vector<pci::Address>> functions_of(const pci::Address& slot) const {
        if (!asked_) return std::nullopt;
        std::vector<pci::Address> functions;
        if (here_ != nullptr) {
            const auto all = here_->sysfs.list_functions();
            if (!all) return std::nullopt;
            std::ranges::copy_if(*all, std::back_inserter(functions),
                                 [&](const auto& one) { return one.same_slot(slot); });
        }
        for (const auto& entry : entries_)
            if (entry.address && entry.address->same_slot(slot))
                functions.push_back(*entry.address);
        std::ranges::sort(functions);
        const auto again = std::ranges::unique(functions);
        functions.erase(again.begin(), again.end());
        return functions;
    }

    // Puts the facts of the functions, or that one is not there, into the view.
    void look(std::span<const pci::Address> addresses, HostView& view) const {
        view.asked = asked_;
        if (!asked_) return;
        if (here_ != nullptr)
            if (const auto bits = here_->physical_bits()) view.physical_bits = *bits;
        for (const auto& address : addresses)
            here_ != nullptr ? look_here(address, view) : look_there(address, view);
    }

private:
    void look_here(const pci::Address& address, HostView& view) const {
        auto facts = read_facts(*here_, to_string(address));
        if (facts)
            view.functions.push_back(std::make_unique<device::DeviceFacts>(*std::move(facts)));
        else
            view.missing.push_back(address);
    }

    void look_there(const pci::Address& address, HostView& view) const {
        const auto entry = std::ranges::find_if(entries_, [&](const capture::Entry& one) {
            return one.address && *one.address == address;
        });
        if (entry == entries_.end()) return view.missing.push_back(address);
        auto facts = std::make_unique<device::DeviceFacts>();
        if (!entry->facts(*facts)) return;
        facts->address = address;
        view.functions.push_back(std::move(facts));
    }

    const Host* here_ = nullptr;
    std::vector<capture::Entry> entries_;
    bool asked_ = false;
};

Result<Configuration> read_process(unsigned process, const std::string& proc) {
    const auto folder = fmt::format("{}/{}", proc, process);
    auto text = read_file(folder + "/cmdline", managed::qemu::longest_input);
    if (!text && text.error().os_error == ENOENT)
        return fail(Error::Kind::NotFound, "there is no process {}", process);
    TENON_TRY(line, std::move(text), "");
    TENON_TRY(words, managed::qemu::read_command(line, fmt::format("process {}", process)), "");
    return managed::qemu::read_command_line(words, read_named);
}

Result<Configuration> read_text(const std::string& path, const Facts& facts) {
    TENON_TRY(text, read_named(path), "");
    const auto name = name_of_input(path);
    if (managed::proxmox::is_config(text))
        return managed::proxmox::read_config(text, name, read_named, [&](const pci::Address& slot) {
            return facts.functions_of(slot);
        });
    TENON_TRY(words, managed::qemu::read_command(text, name), "");
    return managed::qemu::read_command_line(words, read_named);
}

Result<Configuration> read_configuration(const Host& host, const CheckRequest& request,
                                         const Facts& facts) {
    if (request.process) return read_process(*request.process, host.sysfs.paths().proc);
    if (request.words.empty()) return read_text(request.file, facts);
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

Result<std::unique_ptr<Checked>> check(const Host& host, const CheckRequest& request) {
    auto checked = std::make_unique<Checked>();
    TENON_TRY(facts, Facts::open(host, request), "");
    TENON_TRY(configuration, read_configuration(host, request, facts), "");
    checked->configuration = std::move(configuration);
    facts.look(addresses_of(checked->configuration), checked->host);
    checked->tree = managed::guest::make_tree(checked->configuration);
    checked->diagnosis = managed::traps::diagnose(
        managed::traps::Case{checked->configuration, checked->tree, checked->host});
    return checked;
}

}  // namespace tenon::library
