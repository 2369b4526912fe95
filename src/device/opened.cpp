#include "device/opened.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tenon::device {

Result<void> OpenedFunctions::prepare(const AccessKind& kind,
                                      std::span<const DeviceFacts> functions) {
    if (openers_.contains(kind)) return {};
    TENON_TRY(made, factory_(kind.interface, functions, kind.iommufd), "");
    std::shared_ptr<DeviceOpener> opener = std::move(made);
    for (const auto& [asked, other] : openers_)
        if (other->interface() == opener->interface() && asked.iommufd == kind.iommufd)
            opener = other;
    openers_.emplace(kind, std::move(opener));
    return {};
}

Result<DeviceControl*> OpenedFunctions::open(const DeviceFacts& facts, const Access& access) {
    const auto opener = openers_.find(kind_of(access));
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

AddressSpace* OpenedFunctions::address_space(const AccessKind& kind) const {
    const auto opener = openers_.find(kind);
    return opener == openers_.end() ? nullptr : &opener->second->address_space();
}

void OpenedFunctions::close_unused(std::span<AddressSpace* const> used) {
    std::erase_if(openers_, [&](const auto& entry) {
        return std::ranges::find(used, &entry.second->address_space()) == used.end();
    });
}

}  // namespace tenon::device
