#include "vmm/assigned/bars.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace tenon::vmm::assigned {

// One BAR on a bus.
class Bars::OnBus final : public board::BusDevice {
public:
    OnBus(Bars& bars, const model::running::BarPlace& place, std::shared_ptr<BarAccess> access)
        : bars_{bars}, place_{place}, access_{std::move(access)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        return access_->read_bar(place_.index, offset, size);
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        access_->write_bar(place_.index, offset, size, value);
    }
    void appear() override { bars_.appear(place_); }
    void disappear() override { bars_.disappear(place_); }

private:
    Bars& bars_;  ///< Removes it from the bus before they end.
    model::running::BarPlace place_;
    std::shared_ptr<BarAccess> access_;
};

Result<std::unique_ptr<Bars>> Bars::create(std::string name,
                                           const model::function::FunctionView& view,
                                           device::DeviceControl& device, Outside outside) {
    std::unique_ptr<Bars> bars{new Bars{std::move(name), view, device, std::move(outside)}};
    for (const auto& bar : view.bars) {
        for (const auto& area : bar.mapped) {
            TENON_TRY(memory, device.map(bar.index, area),
                      fmt::format("{}: mapping BAR {}", bars->name_, bar.index));
            const MutexLock lock{bars->mutex_};
            bars->areas_.push_back(
                {.index = bar.index, .offset = area.offset, .memory = std::move(memory)});
        }
    }
    return bars;
}

Bars::~Bars() {
    while (!placed_.empty())
        remove(placed_.back().place);
}

const model::function::BarPlan* Bars::plan_of(unsigned index) const {
    const auto plan = std::ranges::find(view_.bars, index, &model::function::BarPlan::index);
    return plan == view_.bars.end() ? nullptr : &*plan;
}

board::Bus& Bars::bus_of(unsigned index) const {
    return plan_of(index)->kind == pci::BarKind::Io ? outside_.ports : outside_.memory;
}

void Bars::place(const model::running::BarPlace& place, std::shared_ptr<BarAccess> access) {
    const auto* const plan = plan_of(place.index);
    if (plan == nullptr || !plan->size) return;
    {
        const MutexLock lock{mutex_};
        for (auto& area : areas_)
            if (area.index == place.index) area.withdrawn = false;
    }
    const auto on_bus = std::make_shared<OnBus>(*this, place, std::move(access));
    const auto there = bus_of(place.index).place(place.address, *plan->size, on_bus);
    if (!there)
        return outside_.warnings.check(std::unexpected(there.error()), {name_, "placing BARs"},
                                       fmt::format("BAR {} of {}", place.index, name_));
    placed_.push_back({.place = place, .on_bus = on_bus.get()});
    // Without addresses, which the guest chooses: it is to be said once.
    if (!*there)
        outside_.warnings.once(
            fmt::format("BAR {} of {}: the guest put it where something else is; it is not there "
                        "until that has gone",
                        place.index, name_));
}

void Bars::remove(const model::running::BarPlace& place) {
    const auto found = std::ranges::find(placed_, place, &Placed::place);
    if (found == placed_.end()) return;
    const auto* const on_bus = found->on_bus;
    placed_.erase(found);
    bus_of(place.index).remove(*on_bus);
}

// From here on nothing may change the bus, which holds its lock.
void Bars::appear(const model::running::BarPlace& place) {
    const MutexLock lock{mutex_};
    for (auto& area : areas_) {
        if (area.index != place.index) continue;
        area.at = GuestAddress{place.address + area.offset};
        settle(area);
        outside_.peers.add(device_, part_of(area), *area.at);
    }
    connect_doorbells(place);
}

void Bars::disappear(const model::running::BarPlace& place) {
    const MutexLock lock{mutex_};
    disconnect_doorbells(place.index);
    for (auto& area : areas_) {
        if (area.index != place.index) continue;
        outside_.peers.remove(device_, part_of(area));
        area.at.reset();
        settle(area);
    }
}

void Bars::connect_doorbells(const model::running::BarPlace& place) {
    for (const auto& doorbell : outside_.doorbells) {
        if (doorbell.bar != place.index) continue;
        const GuestAddress at{place.address + doorbell.offset};
        // Without it the write traps, and rings all the same.
        if (const auto done = outside_.vm.connect_doorbell(at, doorbell.size, doorbell.event))
            connected_.push_back({.doorbell = doorbell, .at = at});
        else
            outside_.warnings.once({name_, "doorbells"},
                                   fmt::format("BAR {} of {}: its doorbells trap: {}", place.index,
                                               name_, to_string(done.error())));
    }
}

void Bars::disconnect_doorbells(unsigned index) {
    std::erase_if(connected_, [&](const Connected& one) {
        if (one.doorbell.bar != index) return false;
        outside_.warnings.check(
            outside_.vm.disconnect_doorbell(one.at, one.doorbell.size, one.doorbell.event),
            fmt::format("BAR {} of {}", index, name_));
        return true;
    });
}

PeerMemory::Part Bars::part_of(const MappedArea& area) {
    return {.bar = area.index, .offset = area.offset, .bytes = area.memory.bytes()};
}

// Gives the area the memory slot that it should have now, or none.
void Bars::settle(MappedArea& area) {
    const auto step = fmt::format("BAR {} of {}", area.index, name_);
    const bool wanted = area.at && !area.withdrawn && !trapped_;
    if (wanted == area.slot.has_value()) return;
    if (!wanted)
        return outside_.warnings.check(
            outside_.slots.remove(*std::exchange(area.slot, std::nullopt)), step);
    // Without a slot the accesses trap: slower, and still right.
    if (const auto slot = outside_.slots.add(*area.at, area.memory.bytes()))
        area.slot = *slot;
    else
        outside_.warnings.once({name_, "mapping BARs"},
                               fmt::format("{} stays trapped: {}", step, to_string(slot.error())));
}

void Bars::set_trapped(bool on) {
    const MutexLock lock{mutex_};
    if (std::exchange(trapped_, on) == on) return;
    for (auto& area : areas_)
        settle(area);
}

bool Bars::withdraw(std::optional<GuestAddress> where) {
    const MutexLock lock{mutex_};
    const bool any = std::ranges::any_of(areas_, [where](const MappedArea& area) {
        return area.slot && (!where || (*where >= *area.at &&
                                        where->value() - area.at->value() < area.memory.size()));
    });
    if (!any) return false;
    for (auto& area : areas_) {
        area.withdrawn = true;
        settle(area);
    }
    outside_.warnings.once(fmt::format(
        "{}: stopped to answer under a mapping: accesses to its BARs trap until the guest places "
        "them anew",
        name_));
    return true;
}

}  // namespace tenon::vmm::assigned
