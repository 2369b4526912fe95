#include "device/opened.hpp"

#include <set>
#include <utility>

namespace tenon::device {

Result<void> OpenedFunctions::prepare(Interface interface, std::span<const DeviceFacts> functions) {
    if (openers_.contains(interface)) return {};
    TENON_TRY(made, factory_(interface, functions), "");
    std::shared_ptr<DeviceOpener> opener = std::move(made);
    for (const auto& [asked, other] : openers_)
        if (other->interface() == opener->interface()) opener = other;
    openers_.emplace(interface, std::move(opener));
    return {};
}

Result<DeviceControl*> OpenedFunctions::open(const DeviceFacts& facts, const Access& access) {
    const auto opener = openers_.find(access.interface);
    if (opener == openers_.end() || !facts.address)
        return malformed("{}: nothing was prepared to open it", facts.source);
    TENON_TRY(device, opener->second->open(facts, access), "");
    auto& kept = devices_[*facts.address];
    kept = std::move(device);
    return kept.get();
}

std::unique_ptr<DeviceControl> OpenedFunctions::take(const pci::Address& address) {
    const auto found = devices_.find(address);
    if (found == devices_.end()) return nullptr;
    auto device = std::move(found->second);
    devices_.erase(found);
    return device;
}

std::vector<Interface> OpenedFunctions::interfaces() const {
    std::set<Interface> used;
    for (const auto& [asked, opener] : openers_)
        used.insert(opener->interface());
    return {used.begin(), used.end()};
}

std::vector<AddressSpace*> OpenedFunctions::address_spaces() const {
    std::set<AddressSpace*> spaces;
    for (const auto& [interface, opener] : openers_)
        spaces.insert(&opener->address_space());
    return {spaces.begin(), spaces.end()};
}

}  // namespace tenon::device
