#include "library/slot_argument.hpp"

#include "capture/choice.hpp"
#include "library/recorded.hpp"

namespace tenon::library {
namespace {

std::unexpected<Error> refuse(const words::DeviceArgument& argument, std::string_view key,
                              std::string_view why) {
    return std::unexpected(Error{.kind = Error::Kind::Malformed,
                                 .what = fmt::format("{}: {}= {}", argument.name, key, why),
                                 .hint = "Name the function on its own as well, with this key"});
}

Result<void> check_keys_of_many(const words::DeviceArgument& argument, std::string_view why) {
    if (!argument.id.empty()) return refuse(argument, "id", why);
    if (argument.access.file) return refuse(argument, "fd", why);
    return {};
}

Result<void> check_keys(const words::DeviceArgument& argument) {
    TENON_TRY_DO(check_keys_of_many(argument, "is of one function, not of a slot"), "");
    constexpr auto chosen = "is what the proposal for a slot chooses";
    if (!argument.port.empty()) return refuse(argument, "port", chosen);
    if (argument.function) return refuse(argument, "function", chosen);
    return {};
}

// "card.json" of "card.json#0b:00.0".
std::string_view file_of(std::string_view source) { return source.substr(0, source.rfind('#')); }

}  // namespace

bool is_slot(std::string_view name) {
    return pci::Address::parse_slot(name) || capture::Named::take_apart(name).means_slot();
}

Result<SlotFunctions> read_slot(const Host& host, const words::DeviceArgument& argument) {
    TENON_TRY_DO(check_keys(argument), "");
    SlotFunctions slot;
    if (const auto address = pci::Address::parse_slot(argument.name)) {
        TENON_TRY(addresses, host.sysfs.find_slot(*address), "");
        for (const auto& one : addresses) {
            TENON_TRY(facts, read_facts(host, to_string(one)), "");
            slot.functions.push_back(std::move(facts));
        }
        slot.slot = *address;
        return slot;
    }
    TENON_TRY(functions, read_recorded_slot(argument.name), "");
    slot.functions = std::move(functions);
    slot.slot = slot.functions.front().address.value_or({});
    slot.slot.function = 0;
    return slot;
}

bool is_whole_file(std::string_view name) { return capture::Named::take_apart(name).means_all(); }

Result<std::vector<device::DeviceFacts>> read_whole_file(const words::DeviceArgument& argument) {
    constexpr auto of_one = "is of one function, not of all of a file";
    TENON_TRY_DO(check_keys_of_many(argument, of_one), "");
    if (argument.function) return refuse(argument, "function", of_one);
    return read_recorded_all(argument.name);
}

bool same_function(const device::DeviceFacts& one, const device::DeviceFacts& other) {
    if (!one.address || !other.address || *one.address != *other.address) return false;
    if (one.origin != other.origin) return false;
    return one.origin == device::Origin::Live || file_of(one.source) == file_of(other.source);
}

}  // namespace tenon::library
