#include "vmm/iommu/remapper.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "model/iommu/common_target.hpp"
#include "model/iommu/registers.hpp"

namespace tenon::vmm::iommu {
namespace {

namespace effect = model::iommu::effect;
using model::iommu::Blocked;
using model::iommu::DeviceId;
using model::iommu::DomainId;
using model::iommu::Effects;
using model::iommu::Identity;
using model::iommu::SourceId;
using model::iommu::Target;

constexpr std::chrono::milliseconds between_tries{2};

// Memory alone: what other devices have is not reached through the unit.
model::iommu::DmaRegions regions_of(const board::GuestMemory& memory) {
    std::vector<model::iommu::DmaRegion> regions;
    for (const auto& part : memory.parts())
        regions.push_back(
            {.base = part.at, .size = part.bytes.size(), .allowed = {.read = true, .write = true}});
    return model::iommu::DmaRegions{std::move(regions)};
}

}  // namespace

Remapper::Remapper(const model::iommu::UnitShape& shape, const Outside& outside)
    : outside_{outside}, tables_{outside.memory}, unit_{shape, tables_, outside.limits} {
    // Nobody is there to whom anything would happen.
    [[maybe_unused]] const auto nothing = unit_.set_regions(regions_of(outside.memory));
}

std::uint64_t Remapper::read(std::uint64_t offset, unsigned size) {
    const MutexLock lock{turn_};
    return unit_.read(offset, static_cast<std::uint8_t>(size));
}

void Remapper::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (!memory_is_there(offset, value)) return;
    change([&]() TENON_REQUIRES(turn_) {
        return unit_.write(offset, static_cast<std::uint8_t>(size), value);
    });
    while (go_on()) {
    }
}

// Others get at the unit in between.
bool Remapper::go_on() {
    if (ending()) return false;
    {
        const MutexLock lock{turn_};
        if (!unit_.busy()) return false;
    }
    change([&]() TENON_REQUIRES(turn_) { return unit_.go_on(); });
    return true;
}

void Remapper::change(const std::function<Effects()>& step) {
    {
        const MutexLock lock{turn_};
        carry_out(step());
    }
    tell_failure();
}

// From then on whoever comes has its memory mapped before.
bool Remapper::memory_is_there(std::uint64_t offset, std::uint64_t value) {
    const bool switches_on = offset == model::iommu::at::global_command &&
                             (value & model::iommu::global::translation) != 0;
    if (!switches_on) return true;
    std::vector<std::function<Result<void>()>> waits;
    {
        const MutexLock lock{turn_};
        for (const auto& [device, seat] : seats_)
            waits.push_back(seat.member.wait_for_memory);
    }
    for (const auto& wait : waits)
        if (wait && !wait()) return false;  // The guest ends, by whoever found out why.
    return true;
}

Result<DeviceId> Remapper::add(Member member) {
    const MutexLock lock{turn_};
    if (space_ != nullptr && space_ != member.space)
        return fail(Error::Kind::Unsupported,
                    "{} is in another address space of the host than the devices behind the "
                    "guest's IOMMU",
                    member.name);
    // Now, not when the guest moves it: where there are no domains it could not be cut off either.
    if (space_ == nullptr) TENON_TRY_DO(member.space->make_domain(), member.name);
    space_ = member.space;
    const DeviceId device{++last_device_};
    const auto source = member.source;
    Seat seat{.member = std::move(member), .wanted = Identity{}, .at = Identity{}};
    // Who is in a group is where that is.
    if (const auto others = together_with(seat); !others.empty()) seat.at = others.front()->at;
    seats_.emplace(device, std::move(seat));
    carry_out(unit_.add(device, source));
    return device;
}

void Remapper::renumber(DeviceId device, SourceId source) {
    change([&]() TENON_REQUIRES(turn_) { return unit_.renumber(device, source); });
}

void Remapper::remove(DeviceId device) {
    change([&]() TENON_REQUIRES(turn_) { return unit_.remove(device); });
    {
        const MutexLock lock{turn_};
        const auto gone = seats_.extract(device);
        if (seats_.empty()) {
            domains_.clear();
            space_ = nullptr;
        }
        // Those it was led with go where they are led without it.
        if (!gone.empty()) go_on_without(together_with(gone.mapped()));
    }
    tell_failure();
}

void Remapper::record_lost() {
    for (const auto& lost : outside_.routes.take_lost())
        change([&]() TENON_REQUIRES(turn_) {
            // One that would lead somewhere by now is late.
            return unit_.send(lost.source, lost.message).effects;
        });
}

void Remapper::restart() {
    change([&]() TENON_REQUIRES(turn_) { return unit_.reset(); });
}

void Remapper::end() {
    const MutexLock lock{mutex_};
    ending_ = true;
    ended_.wake();
}

bool Remapper::ending() {
    const MutexLock lock{mutex_};
    return ending_;
}

// False: `end` has come, or the guest's.
bool Remapper::pause(std::chrono::steady_clock::time_point end) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) return false;
    const auto until = std::min(now + between_tries, end);
    const MutexLock lock{mutex_};
    while (!ending_ && ended_.wait_until(mutex_, until)) {
    }
    return !ending_;
}

std::size_t Remapper::domains() const {
    const MutexLock lock{turn_};
    return domains_.size();
}

void Remapper::carry_out(const Effects& effects) {
    for (const auto& one : effects)
        std::visit([this](const auto& what) TENON_REQUIRES(turn_) { apply(what); }, one);
}

device::Domain* Remapper::find(DomainId domain) {
    const auto found = domains_.find(domain);
    return found == domains_.end() ? nullptr : found->second.get();
}

void Remapper::check(DomainId domain, const Result<void>& done) {
    if (done) return;
    outside_.warnings.check(done, {.function = "", .kind = "mapping for the guest's IOMMU"},
                            "the guest's IOMMU: devices are cut off");
    carry_out(unit_.refused(domain));
}

void Remapper::keep(DomainId domain, Result<std::unique_ptr<device::Domain>> made) {
    if (made)
        domains_[domain] = *std::move(made);
    else
        check(domain, std::unexpected(std::move(made).error()));
}

void Remapper::apply(const effect::MakeDomain& what) {
    if (space_ != nullptr) keep(what.domain, space_->make_domain());
}

void Remapper::apply(const effect::MakeNested& what) {
    const auto& table = what.table;
    if (space_ == nullptr) return;
    keep(what.domain,
         space_->make_nested({.root = Iova{table.root.value()},
                              .levels = table.levels,
                              .supervisor = table.supervisor,
                              .write_protection = table.write_protection,
                              .extended_accessed_flag = table.extended_accessed_flag}));
}

void Remapper::apply(const effect::InvalidateNested& what) {
    if (auto* const domain = find(what.domain))
        check(what.domain, domain->invalidate(Iova{what.range.first}, Iova{what.range.last}));
}

void Remapper::apply(const effect::DropDomain& what) { domains_.erase(what.domain); }

void Remapper::apply(const effect::Unmap& what) {
    if (auto* const domain = find(what.domain))
        check(what.domain,
              domain->unmap(Iova{what.range.first}, what.range.last - what.range.first + 1));
}

void Remapper::apply(const effect::Map& what) {
    const auto& extent = what.extent;
    if (auto* const domain = find(what.domain))
        check(what.domain,
              domain->map(extent.iova, Iova{extent.address.value()}, extent.size,
                          {.read = extent.allowed.read, .write = extent.allowed.write}));
}

Result<void> Remapper::move(Seat& seat, const Target& to) {
    auto& device = *seat.member.device;
    if (std::holds_alternative<Blocked>(to)) return device.block();
    if (std::holds_alternative<Identity>(to)) return device.attach(nullptr);
    auto* const domain = find(std::get<DomainId>(to));
    return domain == nullptr ? device.block() : device.attach(domain);
}

// A reset ends by itself. Source: Linux drivers/iommu/iommu.c (a device that is blocked for a reset
// is attached nowhere else, EBUSY).
Result<void> Remapper::when_free(const std::function<Result<void>()>& move) {
    const auto end = std::chrono::steady_clock::now() + outside_.patience;
    for (;;) {
        auto moved = move();
        if (moved || moved.error().os_error != EBUSY || !pause(end)) return moved;
    }
}

// All that the host moves with it, itself too if it is here.
std::vector<Remapper::Seat*> Remapper::together_with(const Seat& seat) {
    std::vector<Seat*> found;
    for (auto& [device, other] : seats_)
        if (&other == &seat || (seat.member.group && other.member.group == seat.member.group))
            found.push_back(&other);
    return found;
}

Result<void> Remapper::settle(const std::vector<Seat*>& seats) {
    std::vector<Target> wanted;
    wanted.reserve(seats.size());
    for (const auto* seat : seats)
        wanted.push_back(seat->wanted);
    const auto to = model::iommu::common_target(wanted);
    for (auto* const seat : seats) {
        if (seat->at == to) continue;
        auto moved = when_free([&]() TENON_REQUIRES(turn_) { return move(*seat, to); });
        seat->at = moved ? std::optional{to} : std::nullopt;
        if (moved) continue;
        if (!std::holds_alternative<Blocked>(to)) return moved;
        // It reaches what the guest has taken from it. The others are blocked all the same.
        failure_ = Error{moved.error()}.during(seat->member.name);
    }
    return {};
}

// Those that a device was led with go where they are led without it.
void Remapper::go_on_without(const std::vector<Seat*>& seats) {
    const auto moved = settle(seats);
    if (moved) return;
    outside_.warnings.check(moved, {.function = "", .kind = "moving in the host's IOMMU"},
                            "cut off by the guest's IOMMU");
    for (auto* const seat : seats)
        seat->wanted = Blocked{};
    // Blocking is no refusal: where it fails the guest ends.
    [[maybe_unused]] const auto blocked = settle(seats);
}

void Remapper::apply(const effect::MoveDevice& what) {
    const auto found = seats_.find(what.device);
    if (found == seats_.end()) return;
    auto& seat = found->second;
    if (const auto* domain = std::get_if<DomainId>(&what.to); domain && find(*domain) == nullptr)
        return;
    seat.wanted = what.to;
    const auto moved = settle(together_with(seat));
    if (moved) return;
    outside_.warnings.check(moved,
                            {.function = seat.member.name, .kind = "moving in the host's IOMMU"},
                            fmt::format("{}: cut off by the guest's IOMMU", seat.member.name));
    carry_out(unit_.refused(what.device));
}

Result<void> Remapper::move_pasid(const Seat& seat, std::uint32_t pasid, const Target& to) {
    auto& device = *seat.member.device;
    if (std::holds_alternative<Identity>(to)) return device.attach_pasid(pasid, nullptr);
    return device.attach_pasid(pasid, find(std::get<DomainId>(to)));
}

void Remapper::apply(const effect::AttachPasid& what) {
    const auto found = seats_.find(what.device);
    if (found == seats_.end() || std::holds_alternative<Blocked>(what.to)) return;
    if (const auto* domain = std::get_if<DomainId>(&what.to); domain && find(*domain) == nullptr)
        return;
    auto& seat = found->second;
    auto attached = when_free([&]() TENON_REQUIRES(turn_) -> Result<void> {
        if (together_with(seat).size() > 1)
            return fail(Error::Kind::Unsupported,
                        "PASID {}: the host moves it with others of its IOMMU group", what.pasid);
        return move_pasid(seat, what.pasid, what.to);
    });
    if (attached) {
        seat.pasids.insert(what.pasid);
        return;
    }
    outside_.warnings.check(attached,
                            {.function = seat.member.name, .kind = "PASIDs in the host's IOMMU"},
                            fmt::format("{}: cut off by the guest's IOMMU", seat.member.name));
    carry_out(unit_.refused(what.device, what.pasid));
}

// The unit also lets go of what the host refused.
void Remapper::apply(const effect::DetachPasid& what) {
    const auto found = seats_.find(what.device);
    if (found == seats_.end() || found->second.pasids.erase(what.pasid) == 0) return;
    auto& seat = found->second;
    const auto left = when_free(
        [&]() TENON_REQUIRES(turn_) { return seat.member.device->detach_pasid(what.pasid); });
    if (!left) failure_ = Error{left.error()}.during(seat.member.name);
}

// One call to KVM for all that was invalidated before a wait.
void Remapper::apply(const effect::ResolveInterrupts& what) {
    outside_.warnings.check(outside_.routes.remap(unit_.interrupts(), what),
                            {.function = "", .kind = "interrupts of the guest's IOMMU"},
                            "interrupts by the guest's IOMMU");
}

void Remapper::apply(const effect::SendMessage& what) {
    outside_.warnings.check(outside_.vm.signal_msi(what.message.address, what.message.data),
                            {.function = "", .kind = "interrupts of the guest's IOMMU"},
                            "sending an interrupt of the guest's IOMMU");
}

void Remapper::apply(const effect::FaultRecorded& what) {
    const auto& fault = what.fault;
    outside_.warnings.once(
        {.function = "", .kind = "faults of the guest's IOMMU"},
        fmt::format("the guest's IOMMU: {:02x}:{:02x}.{}: {}", fault.source >> 8,
                    fault.source >> 3 & 0x1f, fault.source & 7, text_of(fault.reason)));
}

void Remapper::apply(const effect::WriteStatus& what) {
    const auto place = outside_.memory.span(what.at, sizeof what.data);
    if (place && what.at.value() % sizeof what.data == 0) store_once(*place, 0, what.data);
}

void Remapper::tell_failure() {
    std::optional<Error> failure;
    {
        const MutexLock lock{turn_};
        failure.swap(failure_);
    }
    if (failure && outside_.failed) outside_.failed(*failure);
}

}  // namespace tenon::vmm::iommu
