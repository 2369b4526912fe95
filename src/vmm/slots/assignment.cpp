#include "vmm/slots/assignment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>

#include "model/machine/peers.hpp"
#include "vmm/virtio/function.hpp"

namespace tenon::vmm::slots {

using device::IrqIndex;

namespace {

constexpr std::string_view memory_mapped = "memory mapped for DMA";

}  // namespace

Assignment::~Assignment() {
    stop_waiting();
    std::vector<Slot*> all;
    for (auto& slot : outside_.chassis.slots())
        all.push_back(&slot);
    give_back(all);
}

Result<std::unique_ptr<Assignment>> Assignment::create(const model::machine::MachinePlan& plan,
                                                       device::OpenedFunctions& opened,
                                                       const Outside& outside) {
    std::unique_ptr<Assignment> assignment{new Assignment{opened, outside}};
    TENON_TRY(devices, assignment->open_all(plan), "");
    // What is mapped stays so until a function holds it.
    std::vector<std::shared_ptr<assigned::DmaMapping>> memory;
    const bool beside = outside.memory_failed != nullptr;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions) {
            if (function.backend) continue;
            TENON_TRY(mapped, assignment->map_memory(device::kind_of(function.access), beside), "");
            memory.push_back(std::move(mapped));
        }
    for (std::size_t port = 0; port < outside.chassis.size(); ++port) {
        auto& slot = outside.chassis.slot(port);
        const auto planned = slot.content()->plan;
        for (const auto& function : planned->functions) {
            auto device = std::move(devices[function.view.id]);
            TENON_TRY(occupant, assignment->bring_in(slot, {planned, &function}, std::move(device)),
                      "");
            slot.seat(planned, std::move(occupant));
        }
        assignment->renumber(port);
    }
    TENON_TRY_DO(outside.resets.reset_buses(outside.chassis.functions()), "");
    outside.board.peers.settle();
    assignment->note_peers();
    mark(outside.timeline, "functions ready, BARs mapped");
    return assignment;
}

void Assignment::follow(std::span<const model::machine::PortChange> changes) {
    for (const auto& change : changes)
        outside_.chassis.slot(change.port).follow(change.plan);
}

// The way out is the way in. Each function is reset when it is closed; a bus is reset while all on
// it are still open, and quiet. A reset that the guest began may still go on with them.
void Assignment::give_back(std::span<Slot* const> slots) {
    Functions leaving;
    for (auto* const slot : slots)
        std::ranges::move(slot->content()->functions(), std::back_inserter(leaving));
    for (const auto& function : leaving)
        function->shut_down();
    const auto with_others = [](const auto& function) { return with_bus(function->reset_plan()); };
    if (std::ranges::any_of(leaving, with_others))
        for (const auto& function : leaving)
            function->silence();
    outside_.board.warnings.check(outside_.resets.reset_buses(leaving), "giving functions back");
    std::vector<std::shared_ptr<Occupant>> taken;
    for (auto* const slot : slots)
        std::ranges::move(slot->take(), std::back_inserter(taken));
    settle();
    for (const auto& occupant : taken | std::views::reverse)
        occupant->leave();
}

// Who was in the chassis a moment ago is in nobody's work any more.
void Assignment::settle() {
    outside_.resets.settle();
    outside_.board.peers.settle();
}

Result<Assignment::OpenedById> Assignment::open_all(const model::machine::MachinePlan& plan) {
    std::map<device::AccessKind, std::vector<device::DeviceFacts>> by_kind;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (!function.backend)
                by_kind[device::kind_of(function.access)].push_back(function.facts);
    for (const auto& [kind, facts] : by_kind)
        TENON_TRY_DO(opened_.prepare(kind, facts), "");
    OpenedById devices;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions) {
            TENON_TRY(device, open(function), "");
            devices[function.view.id] = std::move(device);
        }
    return devices;
}

Result<Assignment::Opened> Assignment::open(const model::slot::FunctionPlan& function) {
    if (function.backend) return connect(function);
    const auto address = function.facts.address.value_or({});
    if (auto device = opened_.take(address))
        return Opened{.device = std::move(device), .doorbells = {}};
    // Asking for the plan failed; the reason may be gone, or comes out now.
    TENON_TRY_DO(opened_.open(function.facts, function.access),
                 fmt::format("assigning {}", function.view.host));
    return Opened{.device = opened_.take(address), .doorbells = {}};
}

Result<Assignment::Opened> Assignment::connect(const model::slot::FunctionPlan& function) const {
    const auto& view = function.view;
    TENON_TRY(device,
              virtio::VirtioFunction::connect(*function.backend,
                                              fmt::format("{} ({})", view.id, view.host),
                                              {.memory = outside_.memory,
                                               .warnings = outside_.board.warnings,
                                               .events = outside_.board.events}),
              "");
    auto doorbells = device->doorbells();
    return Opened{.device = std::move(device), .doorbells = std::move(doorbells)};
}

Result<std::shared_ptr<assigned::DmaMapping>> Assignment::map_memory(const device::AccessKind& kind,
                                                                     bool beside) {
    auto* const space = opened_.address_space(kind);
    if (space == nullptr) return malformed("no address space for this function's DMA");
    {
        const MutexLock lock{mapped_mutex_};
        if (auto mapped = mapped_[space].mapping.lock()) return mapped;
    }
    const assigned::DmaMapping::Outside outside{
        .space = *space, .memory = outside_.memory, .warnings = outside_.board.warnings};
    auto mapped = std::make_shared<assigned::DmaMapping>(outside);
    {
        // Known before it begins, so that the end of the guest finds it.
        const MutexLock lock{mapped_mutex_};
        if (ending_) mapped->progress()->cancel();
        mapped_[space] = {.mapping = mapped, .progress = mapped->progress()};
    }
    if (beside) {
        to_map_.push_back(mapped);
        return mapped;
    }
    TENON_TRY_DO(mapped->map(), "");
    mark(outside_.timeline, memory_mapped);
    return mapped;
}

void Assignment::begin_to_map_memory() {
    for (const auto& weak : std::exchange(to_map_, {}))
        if (const auto mapping = weak.lock())
            mapping->begin([this](const Result<void>& result) {
                mark(outside_.timeline, memory_mapped);
                if (result) outside_.board.peers.settle();
                if (!result) outside_.memory_failed(result.error());
            });
}

std::vector<std::shared_ptr<assigned::DmaProgress>> Assignment::mappings() {
    const MutexLock lock{mapped_mutex_};
    std::vector<std::shared_ptr<assigned::DmaProgress>> all;
    for (const auto& [space, mapped] : mapped_)
        if (mapped.progress != nullptr) all.push_back(mapped.progress);
    return all;
}

void Assignment::wait_for_memory() {
    for (const auto& mapping : mappings()) {
        // Whoever is to know of a failure is told.
        [[maybe_unused]] const auto mapped = mapping->wait();
    }
}

void Assignment::stop_waiting() {
    const MutexLock lock{mapped_mutex_};
    ending_ = true;
    for (const auto& [space, mapped] : mapped_)
        if (mapped.progress != nullptr) mapped.progress->cancel();
}

Result<std::shared_ptr<Occupant>> Assignment::bring_in(
    const Slot& slot, const std::shared_ptr<const model::slot::FunctionPlan>& planned,
    Opened opened) {
    const auto& plan = *planned;
    const auto step = fmt::format("assigning {}", plan.view.host);
    std::shared_ptr<assigned::DmaMapping> memory;
    if (!plan.backend) {
        TENON_TRY(mapped, map_memory(device::kind_of(plan.access), false), "");
        memory = std::move(mapped);
    }
    const int file = opened.device->kvm_file();
    TENON_TRY(function,
              assigned::AssignedFunction::create(planned, std::move(opened.device), outside_.board,
                                                 memory ? memory->progress() : nullptr,
                                                 std::move(opened.doorbells)),
              step);
    auto occupant = std::make_shared<Occupant>(plan.guest.devfn(), memory, function);
    if (memory) {
        TENON_TRY_DO(give_dma(slot, plan, *occupant, *memory, file), step);
        return occupant;
    }
    // A process maps the memory by itself.
    occupant->on_leave([&function = *function] { function.shut_down(); });
    return occupant;
}

Result<void> Assignment::give_dma(const Slot& slot, const model::slot::FunctionPlan& plan,
                                  Occupant& occupant, const assigned::DmaMapping& memory,
                                  int file) {
    const auto& function = occupant.function();
    TENON_TRY_DO(put_behind_iommu(slot, plan, occupant, memory), "");
    // KVM holds a reference to the file: it has to let go before the device can be closed.
    occupant.on_leave([this, file, &function = *function] {
        function.shut_down();
        if (outside_.files != nullptr)
            outside_.board.warnings.check(outside_.files->remove(file), "taking a file from KVM");
    });
    TENON_TRY_DO(watch(plan, occupant), "");
    if (outside_.files != nullptr)
        TENON_TRY_DO(outside_.files->add(file), fmt::format("telling KVM of {}", function->name()));
    return {};
}

// It leaves the IOMMU when it is shut down, and masters the bus no more.
Result<void> Assignment::put_behind_iommu(const Slot& slot, const model::slot::FunctionPlan& plan,
                                          Occupant& occupant, const assigned::DmaMapping& memory) {
    auto* const remapper = outside_.remapper;
    if (remapper == nullptr) return {};
    const auto bus = static_cast<unsigned>(slot.secondary_bus()) << 8;
    const auto& group = plan.view.group;
    TENON_TRY(device,
              remapper->add(
                  {.name = occupant.function()->name(),
                   .device = occupant.function()->borrow_device(),
                   .space = &memory.space(),
                   .source = static_cast<model::iommu::SourceId>(bus | occupant.devfn()),
                   .group = group ? std::optional{group->number} : std::nullopt,
                   .wait_for_memory = [progress = memory.progress()] { return progress->wait(); }}),
              "");
    occupant.put_behind(device);
    occupant.on_leave([remapper, device] { remapper->remove(device); });
    return {};
}

// The guest may have given the bus its number just before they were seated.
void Assignment::renumber(std::size_t port) {
    if (outside_.remapper != nullptr) outside_.chassis.renumber(port, *outside_.remapper);
}

// One line where functions do not reach each other, all of them, and it is known.
void Assignment::note_peers() {
    const auto ports = outside_.chassis.plans();
    std::vector<const model::slot::FunctionPlan*> functions;
    for (const auto& port : ports)
        for (const auto& function : port->functions)
            functions.push_back(&function);
    const auto plan = model::machine::plan_peers(functions);
    if (!plan || plan->state == model::machine::PeerPlan::State::Mapped ||
        plan->state == model::machine::PeerPlan::State::Unknown)
        return;
    outside_.board.warnings.once("peer-to-peer: " + plan->line);
}

Result<void> Assignment::watch(const model::slot::FunctionPlan& plan, Occupant& occupant) {
    occupant.function()->on_gone([this, id = plan.view.id] { notice_(id, DeviceNotice::Gone); });
    if (!plan.facts.vfio) return {};
    for (const auto& [index, notice] : {std::pair{IrqIndex::Request, DeviceNotice::WantedBack},
                                        std::pair{IrqIndex::Error, DeviceNotice::Error}}) {
        TENON_TRY(notifier,
                  DeviceNotifier::create(
                      occupant.function()->device(), *plan.facts.vfio, index, outside_.board.events,
                      [this, id = plan.view.id, notice] { notice_(id, notice); }),
                  "");
        if (notifier) occupant.keep(std::move(notifier));
    }
    return {};
}

Result<void> Assignment::insert(const model::machine::Arrival& arrival) {
    auto& slot = outside_.chassis.slot(arrival.port);
    const auto planned = std::ranges::find_if(arrival.plan->functions,
                                              [&](const model::slot::FunctionPlan& function) {
                                                  return function.view.function == arrival.number;
                                              });
    if (planned == arrival.plan->functions.end())
        return malformed("port {} has no function {}", arrival.plan->name, arrival.number);
    TENON_TRY(device, open(*planned), "");
    TENON_TRY(occupant, bring_in(slot, {arrival.plan, &*planned}, std::move(device)), "");
    occupant->function()->unplace();
    // Those who wait go by the plan with all of them: it says how they are reset.
    const auto before = slot.content();
    slot.seat(arrival.plan, occupant);
    renumber(arrival.port);
    if (arrival.number == 0) {
        const auto reset = outside_.resets.reset_buses(slot.content()->functions());
        if (!reset) {
            slot.unseat(before->plan, *occupant);
            settle();
            occupant->leave();
            return reset;
        }
    }
    outside_.board.peers.settle();
    follow(arrival.others);
    note_peers();
    if (arrival.number == 0) slot.arrive();
    return {};
}

std::vector<model::machine::FunctionWarnings> Assignment::take_out(std::size_t port) {
    auto& slot = outside_.chassis.slot(port);
    auto departure = model::machine::plan_departure(outside_.chassis.plans(), port);
    slot.depart(departure.plan);
    give_back(std::array{&slot});
    follow(departure.others);
    close_unused();
    return std::move(departure.of_others);
}

void Assignment::close_unused() {
    const MutexLock lock{mapped_mutex_};
    std::erase_if(mapped_, [](const auto& entry) { return entry.second.mapping.expired(); });
    std::vector<device::AddressSpace*> used;
    for (const auto& [space, mapped] : mapped_)
        used.push_back(space);
    opened_.close_unused(used);
}

// A function whose device answers may have lost its mappings all the same, by a reset on the host
// that we do not know of. While one is gone the fault is its own: taking the others' as well would
// be wrong for the second vCPU that meets it.
bool Assignment::withdraw(std::optional<GuestAddress> where) {
    auto suspects = outside_.chassis.functions();
    if (!where) {
        const auto here = std::ranges::stable_partition(
            suspects, [](const auto& function) { return function->is_gone(); });
        if (here.size() != suspects.size()) suspects.erase(here.begin(), here.end());
    }
    bool any = false;
    for (const auto& function : suspects)
        any |= function->withdraw(where);
    return any;
}

}  // namespace tenon::vmm::slots
