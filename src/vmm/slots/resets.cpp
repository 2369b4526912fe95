#include "vmm/slots/resets.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/undo.hpp"

namespace tenon::vmm::slots {

using assigned::AssignedFunction;

namespace {

bool is_in(const AssignedFunction& function, const Functions& functions) {
    return std::ranges::any_of(functions,
                               [&](const auto& other) { return other.get() == &function; });
}

}  // namespace

void Resets::reset(const Functions& functions) {
    const MutexLock lock{turn_};
    // All quiet before the first one: DMA of one into another ends in order.
    for (const auto& function : functions)
        function->begin_reset();
    for (const auto& function : functions)
        function->reset_alone();
    warnings_.check(reset_each_bus(functions), "a reset that the guest asked for");
    for (const auto& function : functions)
        function->end_reset();
}

Result<void> Resets::reset_buses(const Functions& functions) {
    const MutexLock lock{turn_};
    return reset_each_bus(functions);
}

void Resets::settle() { const MutexLock lock{turn_}; }

Result<void> Resets::reset_each_bus(const Functions& functions) {
    Functions done;
    Result<void> all;
    for (const auto& function : functions) {
        if (is_in(*function, done)) continue;
        auto reset = reset_bus_of(*function, functions, done);
        if (all && !reset) all = std::move(reset);
    }
    return all;
}

Result<void> Resets::reset_bus_of(AssignedFunction& function, const Functions& functions,
                                  Functions& done) {
    const auto plan = function.reset_plan();
    if (!with_bus(plan)) return {};
    Undo release;
    Functions together;
    std::vector<std::shared_ptr<device::DeviceControl>> devices;
    for (const auto& other : chassis_.functions()) {
        if (std::ranges::find(plan.bus_set, other->host_address()) == plan.bus_set.end()) continue;
        if (!is_in(*other, functions)) {
            if (!other->hold_unused()) {
                warnings_.once(
                    fmt::format("{}: not reset: the bus above it would reset {} too, which "
                                "the guest uses",
                                function.name(), other->name()));
                return {};
            }
            release.add([other] { other->release(); });
        }
        together.push_back(other);
        if (auto device = other->borrow_device()) devices.push_back(std::move(device));
    }
    std::vector<int> owners(devices.size());
    std::ranges::transform(devices, owners.begin(),
                           [](const auto& device) { return device->kvm_file(); });
    std::ranges::move(together, std::back_inserter(done));
    auto reset = function.reset_bus(owners);
    if (plan.choice == model::chosen::ResetChoice::Bus) return reset;
    warnings_.check(reset, "it stays as it is");
    return {};
}

}  // namespace tenon::vmm::slots
