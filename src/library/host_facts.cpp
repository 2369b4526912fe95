#include "library/host_facts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "base/input.hpp"
#include "library/checked.hpp"
#include "library/recorded.hpp"

namespace tenon::library {

using managed::said::Configuration;
using managed::traps::HostView;

Result<HostFacts> HostFacts::open(const Host& host, std::string_view named, bool of_process) {
    HostFacts facts;
    const bool here = named == this_machine || (named.empty() && of_process);
    if (here) {
        facts.here_ = &host;
    } else if (!named.empty()) {
        TENON_TRY(entries, list_recorded(std::string{named}), "");
        facts.entries_ = std::move(entries);
    }
    facts.asked_ = here || !named.empty();
    return facts;
}

std::optional<std::vector<pci::Address>> HostFacts::functions_of(const pci::Address& slot) const {
    if (!asked_) return std::nullopt;
    std::vector<pci::Address> functions;
    if (here_ != nullptr) {
        const auto all = here_->sysfs.list_functions();
        if (!all) return std::nullopt;
        std::ranges::copy_if(*all, std::back_inserter(functions),
                             [&](const auto& one) { return one.same_slot(slot); });
    }
    for (const auto& entry : entries_)
        if (entry.address && entry.address->same_slot(slot)) functions.push_back(*entry.address);
    std::ranges::sort(functions);
    const auto again = std::ranges::unique(functions);
    functions.erase(again.begin(), again.end());
    return functions;
}

void HostFacts::look(std::span<const pci::Address> addresses, HostView& view) const {
    view.asked = asked_;
    if (!asked_) return;
    if (here_ != nullptr)
        if (const auto bits = here_->physical_bits({})) view.physical_bits = *bits;
    // A record of some functions alone has no host bridge.
    view.whole = here_ != nullptr || std::ranges::any_of(entries_, [](const capture::Entry& one) {
                     return one.address && *one.address == pci::Address{};
                 });
    for (const auto& address : addresses)
        here_ != nullptr ? look_here(address, view) : look_there(address, view);
    look_at_physical(view);
}

void HostFacts::look_at_limit(HostView& view) const {
    if (here_ == nullptr || !here_->dma_limits) return;
    const auto limits = here_->dma_limits();
    if (limits.lock_limit_applies && limits.lock_limit != ~std::uint64_t{0})
        view.lock_limit = limits.lock_limit;
}

void HostFacts::look_at_roms(const Configuration& configuration, HostView& view) const {
    if (here_ == nullptr) return;
    for (const auto& device : configuration.devices) {
        const std::string path{device.properties.text("romfile")};
        if (!managed::said::is_assigned(device) || !path.starts_with('/')) continue;
        std::array<std::byte, 2> begin{};
        const auto file = open_regular(path);
        if (!file && file.error().os_error == ENOENT)
            view.rom_files.push_back({.path = path, .is_there = false});
        if (!file) continue;
        const auto read = read_at(*file, 0, begin, path);
        constexpr std::array signature{std::byte{0x55}, std::byte{0xaa}};
        if ((!read && read.error().os_error == 0) || (read && begin != signature))
            view.rom_files.push_back({.path = path, .is_there = true});
    }
}

std::string HostFacts::driver_of(const pci::Address& address) const {
    if (here_ != nullptr) {
        const auto facts = read_facts(*here_, to_string(address));
        return facts && facts->driver ? *facts->driver : std::string{};
    }
    const auto entry = std::ranges::find_if(entries_, [&](const capture::Entry& one) {
        return one.address && *one.address == address;
    });
    auto facts = std::make_unique<device::DeviceFacts>();
    if (entry == entries_.end() || !entry->facts(*facts)) return {};
    return facts->driver ? *facts->driver : std::string{};
}

void HostFacts::look_at_physical(HostView& view) const {
    std::set<pci::Address> physical;
    for (const auto& facts : view.functions)
        if (facts->physical_function) physical.insert(facts->physical_function->address);
    for (const auto& address : physical)
        if (driver_of(address) == "vfio-pci") view.physical_on_vfio.push_back(address);
}

void HostFacts::look_here(const pci::Address& address, HostView& view) const {
    auto facts = read_facts(*here_, to_string(address));
    if (facts)
        view.functions.push_back(std::make_unique<device::DeviceFacts>(*std::move(facts)));
    else
        view.missing.push_back(address);
}

void HostFacts::look_there(const pci::Address& address, HostView& view) const {
    const auto entry = std::ranges::find_if(entries_, [&](const capture::Entry& one) {
        return one.address && *one.address == address;
    });
    if (entry == entries_.end()) return view.missing.push_back(address);
    auto facts = std::make_unique<device::DeviceFacts>();
    if (!entry->facts(*facts)) return;
    facts->address = address;
    view.functions.push_back(std::move(facts));
}

}  // namespace tenon::library
