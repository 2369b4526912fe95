#include "library/device_list.hpp"

#include <algorithm>
#include <utility>

#include "capture/anonymize.hpp"
#include "library/slot_argument.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/rom.hpp"
#include "model/slot/slot_proposal.hpp"

namespace tenon::library {
namespace {

// Where the device is: as it was named, or behind the file that somebody else opened.
Result<std::string> name_of(const Host& host, const words::DeviceArgument& argument) {
    if (!argument.access.file) return argument.name;
    TENON_TRY(address, host.find_function_of(*argument.access.file), argument.name);
    if (argument.name.empty()) return to_string(address);
    TENON_TRY(named, host.sysfs.find(argument.name), "");
    if (named == address) return argument.name;
    return malformed("{}: fd={} is {}", argument.name, *argument.access.file, to_string(address));
}

bool has_place(const model::machine::DeviceRequest& device) {
    return !device.port.empty() || device.function;
}

std::vector<std::string> names_of(const std::vector<model::chosen::PortRequest>& ports) {
    std::vector<std::string> names;
    names.reserve(ports.size());
    for (const auto& port : ports)
        names.push_back(port.name);
    return names;
}

}  // namespace

Result<DeviceList> DeviceList::read(const Host& host, const std::vector<std::string>& texts) {
    DeviceList list;
    std::vector<std::string> slots;
    // Devices first: a function that is named beside its slot is not taken from the slot.
    for (const auto& text : texts) {
        TENON_TRY(argument, words::parse_device_argument(text), "");
        if (is_slot(argument.name)) {
            list.items_.push_back({.is_slot = true, .number = slots.size()});
            slots.push_back(text);
        } else if (is_whole_file(argument.name)) {
            TENON_TRY_DO(list.add_whole_file(text), "");
        } else {
            TENON_TRY_DO(list.add(host, text), "");
        }
    }
    for (const auto& text : slots)
        TENON_TRY_DO(list.add_slot(host, text), "");
    return list;
}

Result<void> DeviceList::add_request(const words::DeviceArgument& argument, const std::string& name,
                                     device::DeviceFacts&& facts) {
    TENON_TRY(rom, words::read_rom(argument.rom), fmt::format("{}: rom={}", name, argument.rom));
    // Made in its place: it is too large for a frame.
    auto& request = requests_.emplace_back();
    request.facts = std::move(facts);
    request.id = argument.id;
    request.port = argument.port;
    request.function = argument.function;
    request.access = argument.access;
    request.access.resets =
        model::chosen::resets_alone(argument.keys.reset.value_or(model::chosen::ResetChoice::Auto));
    request.keys = argument.keys;
    request.rom = std::move(rom);
    stated_.push_back(argument.stated);
    return {};
}

Result<void> DeviceList::add(const Host& host, const std::string& text) {
    TENON_TRY(argument, words::parse_device_argument(text), "");
    TENON_TRY(name, name_of(host, argument), "");
    auto facts = read_facts(host, name);
    if (!facts) return std::unexpected(std::move(facts).error());
    items_.push_back({.is_slot = false, .number = requests_.size()});
    TENON_TRY_DO(add_request(argument, name, *std::move(facts)), "");
    words_.push_back(text);
    slot_.emplace_back();
    return {};
}

Result<void> DeviceList::add_slot(const Host& host, const std::string& text) {
    TENON_TRY(argument, words::parse_device_argument(text), "");
    TENON_TRY(slot, read_slot(host, argument), "");
    const auto number = slots_.size();
    slots_.push_back(slot.slot);
    const auto keys = words::keys_in(text);
    for (auto& facts : slot.functions) {
        const auto named =
            std::ranges::find_if(requests_, [&](const model::machine::DeviceRequest& one) {
                return same_function(one.facts, facts);
            });
        if (named != requests_.end()) {
            auto& proposed_for = slot_[static_cast<std::size_t>(named - requests_.begin())];
            if (proposed_for) return malformed("{}: the slot is given twice", argument.name);
            if (!has_place(*named)) proposed_for = number;
            continue;
        }
        const auto name = facts.source;
        TENON_TRY_DO(add_request(argument, name, std::move(facts)), "");
        words_.push_back(keys.empty() ? name : fmt::format("{},{}", name, keys));
        slot_.emplace_back(number);
    }
    return {};
}

// Each of them as if it had been named by itself.
Result<void> DeviceList::add_whole_file(const std::string& text) {
    TENON_TRY(argument, words::parse_device_argument(text), "");
    TENON_TRY(functions, read_whole_file(argument), "");
    const auto keys = words::keys_in(text);
    for (auto& facts : functions) {
        const auto name = facts.source;
        items_.push_back({.is_slot = false, .number = requests_.size()});
        TENON_TRY_DO(add_request(argument, name, std::move(facts)), "");
        words_.push_back(keys.empty() ? name : fmt::format("{},{}", name, keys));
        slot_.emplace_back();
    }
    return {};
}

// Those of a file that were said to be of one group know each other.
void DeviceList::fill_stated_groups() {
    for (std::size_t n = 0; n < requests_.size(); ++n) {
        if (!stated_[n].group) continue;
        auto& facts = requests_[n].facts;
        for (std::size_t other = 0; other < requests_.size(); ++other) {
            const auto& others = requests_[other].facts;
            if (other == n || stated_[other].group != stated_[n].group || !others.address ||
                !facts.address || *others.address == *facts.address)
                continue;
            facts.group->members.push_back({.address = *others.address, .driver = {}});
        }
        std::ranges::sort(facts.group->members, {}, &device::GroupMember::address);
    }
}

Result<void> DeviceList::apply_stated() {
    for (std::size_t n = 0; n < requests_.size(); ++n)
        TENON_TRY_DO(library::words::apply_stated(stated_[n], requests_[n].facts), "");
    fill_stated_groups();
    return {};
}

void DeviceList::anonymize() {
    capture::Anonymizer anonymizer;
    for (std::size_t n = 0; n < requests_.size(); ++n) {
        auto& request = requests_[n];
        anonymizer.take_names(request.facts);
        if (!request.rom.file.empty()) request.rom.file = words::anonymous_rom;
        request.access.vf_token.reset();  // It was asked with it already.
        const auto keys = words::anonymous_keys(words::keys_in(words_[n]));
        words_[n] = request.facts.source;
        if (!keys.empty()) words_[n] += "," + keys;
    }
}

void DeviceList::propose_slot(std::size_t slot, std::span<const std::string> named_ports,
                              model::machine::MachineRequest& request) {
    std::vector<model::slot::SlotCandidate> candidates;
    std::vector<std::size_t> numbers;
    for (std::size_t n = 0; n < requests_.size(); ++n) {
        if (slot_[n] != slot) continue;
        candidates.push_back({.facts = &requests_[n].facts, .argument = words_[n]});
        numbers.push_back(n);
    }
    std::vector<std::string> taken;
    for (const auto& other : request.proposals)
        for (const auto& one : other.slots)
            taken.push_back(one.port);
    auto proposal = model::slot::propose_slots(slots_[slot], candidates,
                                               {.named = named_ports, .taken = taken});
    std::vector<std::size_t> order;
    for (const auto& proposed : proposal.slots) {
        if (std::ranges::find(request.ports, proposed.port, &model::chosen::PortRequest::name) ==
            request.ports.end())
            request.ports.push_back({.name = proposed.port});
        for (const auto& function : proposed.functions) {
            order.push_back(numbers[function.candidate]);
            requests_[order.back()].port = proposed.port;
            requests_[order.back()].function = function.function;
        }
    }
    // Where no guest can have any of them, the plan says so of each.
    if (order.empty()) order = numbers;
    for (const auto n : order)
        request.devices.push_back(std::move(requests_[n]));
    request.proposals.push_back(std::move(proposal));
}

void DeviceList::propose(model::machine::MachineRequest& request) && {
    const auto named_ports = names_of(request.ports);
    for (const auto& item : items_) {
        if (item.is_slot)
            propose_slot(item.number, named_ports, request);
        else if (!slot_[item.number])
            request.devices.push_back(std::move(requests_[item.number]));
    }
}

}  // namespace tenon::library
