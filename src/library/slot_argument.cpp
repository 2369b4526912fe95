#include "library/slot_argument.hpp"

#include "capture/file.hpp"

namespace tenon::library {
namespace {

Result<void> check_keys(const words::DeviceArgument& argument) {
    const auto refuse = [&](std::string_view key, std::string_view why) {
        return std::unexpected(
            Error{.kind = Error::Kind::Malformed,
                  .what = fmt::format("{}: {}= {}", argument.name, key, why),
                  .hint = "Name the function on its own as well, with this key"});
    };
    constexpr auto of_one = "is of one function, not of a slot";
    if (!argument.id.empty()) return refuse("id", of_one);
    if (argument.access.file) return refuse("fd", of_one);
    if (!argument.port.empty()) return refuse("port", "is what the proposal for a slot chooses");
    if (argument.function) return refuse("function", "is what the proposal for a slot chooses");
    return {};
}

// "card.json" of "card.json#0b:00.0".
std::string_view file_of(std::string_view source) { return source.substr(0, source.rfind('#')); }

}  // namespace

bool is_slot(std::string_view name) {
    return pci::Address::parse_slot(name) || capture::names_slot(name);
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
    TENON_TRY(functions, capture::read_capture_slot(argument.name), "");
    slot.functions = std::move(functions);
    slot.slot = slot.functions.front().address.value_or({});
    slot.slot.function = 0;
    return slot;
}

bool same_function(const device::DeviceFacts& one, const device::DeviceFacts& other) {
    if (!one.address || !other.address || *one.address != *other.address) return false;
    if (one.origin != other.origin) return false;
    return one.origin == device::Origin::Live || file_of(one.source) == file_of(other.source);
}

}  // namespace tenon::library
