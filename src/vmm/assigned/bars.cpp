#include "vmm/assigned/bars.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace tenon::vmm::assigned {
namespace {

// One BAR on a bus.
class BarOnBus final : public board::BusDevice {
public:
    BarOnBus(unsigned index, std::shared_ptr<BarAccess> access)
        : index_{index}, access_{std::move(access)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        return access_->read_bar(index_, offset, size);
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        access_->write_bar(index_, offset, size, value);
    }

private:
    unsigned index_;
    std::shared_ptr<BarAccess> access_;
};

}  // namespace

Result<std::unique_ptr<Bars>> Bars::create(std::string name,
                                           const model::function::FunctionView& view,
                                           device::DeviceControl& device, Outside outside) {
    std::unique_ptr<Bars> bars{new Bars{std::move(name), view, device, outside}};
    for (const auto& bar : view.bars) {
        for (const auto& area : bar.mapped) {
            TENON_TRY(memory, device.map(bar.index, area),
                      fmt::format("{}: mapping BAR {}", bars->name_, bar.index));
            bars->areas_.push_back(
                {.index = bar.index, .offset = area.offset, .memory = std::move(memory)});
        }
    }
    return bars;
}

Bars::~Bars() {
    for (const auto& place : std::vector{placed_})
        remove(place);
}

const model::function::BarPlan* Bars::plan_of(unsigned index) const {
    const auto plan = std::ranges::find(view_.bars, index, &model::function::BarPlan::index);
    return plan == view_.bars.end() ? nullptr : &*plan;
}

void Bars::place(const model::running::BarPlace& place, std::shared_ptr<BarAccess> access) {
    const auto* const plan = plan_of(place.index);
    if (plan == nullptr || !plan->size) return;
    auto& bus = plan->kind == pci::BarKind::Io ? outside_.ports : outside_.memory;
    const auto step = fmt::format("BAR {} of {} at {:#x}", place.index, name_, place.address);
    auto added = bus.add(place.address, *plan->size,
                         std::make_shared<BarOnBus>(place.index, std::move(access)));
    if (!added) return outside_.warnings.check(added, {name_, "placing BARs"}, step);
    placed_.push_back(place);
    for (auto& area : areas_) {
        if (area.index != place.index) continue;
        enter(area, place);
        outside_.peers.add(device_, part_of(area), GuestAddress{place.address + area.offset});
    }
}

PeerMemory::Part Bars::part_of(const MappedArea& area) {
    return {.bar = area.index, .offset = area.offset, .bytes = area.memory.bytes()};
}

void Bars::enter(MappedArea& area, const model::running::BarPlace& place) {
    if (withdrawn_ || trapped_ || area.slot) return;
    auto slot = outside_.slots.add(GuestAddress{place.address + area.offset}, area.memory.bytes());
    // Without a slot the accesses trap: slower, and still right.
    if (slot)
        area.slot = *slot;
    else
        outside_.warnings.once({name_, "mapping BARs"},
                               fmt::format("BAR {} of {} at {:#x} stays trapped: {}", place.index,
                                           name_, place.address, to_string(slot.error())));
}

void Bars::set_trapped(bool on) {
    if (std::exchange(trapped_, on) == on) return;
    if (on) {
        for (auto& area : areas_)
            withdraw(area);
        return;
    }
    for (const auto& place : placed_)
        for (auto& area : areas_)
            if (area.index == place.index) enter(area, place);
}

void Bars::withdraw(MappedArea& area) {
    if (!area.slot) return;
    outside_.warnings.check(outside_.slots.remove(*std::exchange(area.slot, std::nullopt)),
                            fmt::format("BAR {} of {}", area.index, name_));
}

void Bars::remove(const model::running::BarPlace& place) {
    const auto found = std::ranges::find(placed_, place);
    if (found == placed_.end()) return;
    placed_.erase(found);
    for (auto& area : areas_) {
        if (area.index != place.index) continue;
        outside_.peers.remove(device_, part_of(area));
        withdraw(area);
    }
    const auto* const plan = plan_of(place.index);
    auto& bus = plan->kind == pci::BarKind::Io ? outside_.ports : outside_.memory;
    bus.remove(place.address);
}

bool Bars::withdraw() {
    bool any = false;
    withdrawn_ = true;
    for (auto& area : areas_) {
        any = any || area.slot.has_value();
        withdraw(area);
    }
    return any;
}

}  // namespace tenon::vmm::assigned
