#include "vmm/assigned/resets.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "vmm/assigned/function.hpp"

namespace tenon::vmm::assigned {
namespace {

bool is_in(const AssignedFunction* function, std::span<AssignedFunction* const> functions) {
    return std::ranges::find(functions, function) != functions.end();
}

}  // namespace

void Resets::add(AssignedFunction& function) {
    const std::lock_guard lock{mutex_};
    all_.push_back(&function);
}

void Resets::remove(AssignedFunction& function) {
    const std::lock_guard lock{mutex_};
    std::erase(all_, &function);
}

void Resets::reset(std::span<AssignedFunction* const> functions) {
    // All quiet before the first one: DMA of one into another ends in order.
    for (auto* const function : functions)
        function->begin_reset();
    for (auto* const function : functions)
        function->reset_alone();
    warnings_.check(reset_buses(functions), "a reset that the guest asked for");
    for (auto* const function : functions)
        function->end_reset();
}

Result<void> Resets::reset_buses(std::span<AssignedFunction* const> functions) {
    const std::lock_guard lock{mutex_};
    std::vector<AssignedFunction*> done;
    Result<void> all;
    for (auto* const function : functions) {
        if (is_in(function, done)) continue;
        auto reset = reset_bus_of(*function, functions, done);
        if (all && !reset) all = std::move(reset);
    }
    return all;
}

Result<void> Resets::reset_bus_of(AssignedFunction& function,
                                  std::span<AssignedFunction* const> functions,
                                  std::vector<AssignedFunction*>& done) {
    const auto plan = function.reset_plan();
    if (!with_bus(plan)) return {};
    std::vector<AssignedFunction*> together;
    std::vector<int> owners;
    for (auto* const other : all_) {
        if (std::ranges::find(plan.bus_set, other->host_address()) == plan.bus_set.end()) continue;
        if (!is_in(other, functions) && other->in_use()) {
            warnings_.once(
                fmt::format("{}: not reset: the bus above it would reset {} too, which "
                            "the guest uses",
                            function.name(), other->name()));
            return {};
        }
        together.push_back(other);
        owners.push_back(other->device().kvm_file());
    }
    done.insert(done.end(), together.begin(), together.end());
    auto reset = function.reset_bus(owners);
    if (plan.choice == model::chosen::ResetChoice::Bus) return reset;
    warnings_.check(reset, "it stays as it is");
    return {};
}

}  // namespace tenon::vmm::assigned
