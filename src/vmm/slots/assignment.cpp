#include "vmm/slots/assignment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>

#include "model/machine/peers.hpp"

namespace tenon::vmm::slots {

using device::IrqIndex;

namespace {

constexpr std::string_view memory_mapped = "memory mapped for DMA";

}  // namespace

Assignment::Assignment(const model::machine::MachinePlan& plan, device::OpenedFunctions& opened,
                       const Outside& outside)
    : outside_{outside}, opened_{opened} {
    for (const auto& port : plan.ports)
        slots_.push_back({.plan = port, .seats = {}});
}

// The way out is the way in.
Assignment::~Assignment() {
    stop_waiting();
    reset_before_leaving(functions());
    for (auto& slot : slots_ | std::views::reverse)
        while (!slot.seats.empty())
            slot.seats.pop_back();
}

Result<std::unique_ptr<Assignment>> Assignment::create(const model::machine::MachinePlan& plan,
                                                       device::OpenedFunctions& opened,
                                                       const Outside& outside) {
    std::unique_ptr<Assignment> assignment{new Assignment{plan, opened, outside}};
    TENON_TRY_DO(assignment->open_all(plan), "");
    // What is mapped stays so until a function holds it.
    std::vector<std::shared_ptr<assigned::DmaMapping>> memory;
    const bool beside = outside.memory_failed != nullptr;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions) {
            TENON_TRY(mapped, assignment->map_memory(device::kind_of(function.access), beside), "");
            memory.push_back(std::move(mapped));
        }
    for (std::size_t port = 0; port < plan.ports.size(); ++port) {
        auto& slot = assignment->slots_[port];
        for (const auto& function : plan.ports[port]->functions) {
            TENON_TRY(seat, assignment->bring_in(slot.plan, function), "");
            outside.topology.add(port, function, seat.function);
            slot.seats.push_back(std::move(seat));
        }
    }
    TENON_TRY_DO(outside.board.resets.reset_buses(assignment->functions()), "");
    assignment->note_peers();
    mark(outside.timeline, "functions ready, BARs mapped");
    return assignment;
}

std::vector<assigned::AssignedFunction*> Assignment::Slot::functions() const {
    std::vector<assigned::AssignedFunction*> all;
    for (const auto& seat : seats)
        all.push_back(seat.function.get());
    return all;
}

void Assignment::Slot::follow(const std::shared_ptr<const model::slot::PortPlan>& next) {
    for (const auto& function : next->functions)
        for (const auto& seat : seats)
            if (seat.devfn == function.guest.devfn())
                seat.function->follow(
                    std::shared_ptr<const model::slot::FunctionPlan>{next, &function});
}

// Functions that wait are not the topology's yet.
void Assignment::follow(std::span<const model::machine::PortChange> changes) {
    for (const auto& change : changes) {
        auto& slot = slots_[change.port];
        if (outside_.topology.phase(change.port) == model::running::SlotPhase::Empty)
            slot.follow(change.plan);
        else
            outside_.topology.follow(change.port, change.plan);
        slot.plan = change.plan;
    }
}

std::vector<assigned::AssignedFunction*> Assignment::functions() const {
    std::vector<assigned::AssignedFunction*> all;
    for (const auto& slot : slots_)
        std::ranges::copy(slot.functions(), std::back_inserter(all));
    return all;
}

// Each resets itself when it is closed; a bus is reset while all on it are still open.
void Assignment::reset_before_leaving(std::span<assigned::AssignedFunction* const> functions) {
    const bool any = std::ranges::any_of(
        functions, [](const auto* function) { return with_bus(function->reset_plan()); });
    if (!any) return;
    for (auto* const function : functions)
        function->begin_reset();
    outside_.board.warnings.check(outside_.board.resets.reset_buses(functions),
                                  "giving functions back");
}

Result<void> Assignment::open_all(const model::machine::MachinePlan& plan) {
    std::map<device::AccessKind, std::vector<device::DeviceFacts>> by_kind;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            by_kind[device::kind_of(function.access)].push_back(function.facts);
    for (const auto& [kind, facts] : by_kind)
        TENON_TRY_DO(opened_.prepare(kind, facts), "");
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions) {
            TENON_TRY(device, open(function), "");
            waiting_[function.facts.address.value_or({})] = std::move(device);
        }
    return {};
}

Result<std::unique_ptr<device::DeviceControl>> Assignment::open(
    const model::slot::FunctionPlan& function) {
    const auto address = function.facts.address.value_or({});
    if (const auto found = waiting_.find(address); found != waiting_.end()) {
        auto device = std::move(found->second);
        waiting_.erase(found);
        return device;
    }
    if (auto device = opened_.take(address)) return device;
    // Asking for the plan failed; the reason may be gone, or comes out now.
    TENON_TRY_DO(opened_.open(function.facts, function.access),
                 fmt::format("assigning {}", function.view.host));
    return opened_.take(address);
}

Result<std::shared_ptr<assigned::DmaMapping>> Assignment::map_memory(const device::AccessKind& kind,
                                                                     bool beside) {
    auto* const space = opened_.address_space(kind);
    if (space == nullptr) return malformed("no address space for this function's DMA");
    {
        const std::lock_guard lock{mapped_mutex_};
        if (auto mapped = mapped_[space].mapping.lock()) return mapped;
    }
    const assigned::DmaMapping::Outside outside{
        .space = *space, .memory = outside_.memory, .warnings = outside_.board.warnings};
    auto mapped = std::make_shared<assigned::DmaMapping>(outside);
    {
        // Known before it begins, so that the end of the guest finds it.
        const std::lock_guard lock{mapped_mutex_};
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
            mapping->begin([this, &space = mapping->space()](const Result<void>& result) {
                mark(outside_.timeline, memory_mapped);
                if (result) outside_.board.peers.memory_mapped(space);
                if (!result) outside_.memory_failed(result.error());
            });
}

std::vector<std::shared_ptr<assigned::DmaProgress>> Assignment::mappings() {
    const std::lock_guard lock{mapped_mutex_};
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
    const std::lock_guard lock{mapped_mutex_};
    ending_ = true;
    for (const auto& [space, mapped] : mapped_)
        if (mapped.progress != nullptr) mapped.progress->cancel();
}

Result<Assignment::Seat> Assignment::bring_in(
    const std::shared_ptr<const model::slot::PortPlan>& plan,
    const model::slot::FunctionPlan& function) {
    TENON_TRY(device, open(function), "");
    TENON_TRY(memory, map_memory(device::kind_of(function.access), false), "");
    const int file = device->kvm_file();
    TENON_TRY(
        made,
        assigned::AssignedFunction::create(
            std::shared_ptr<const model::slot::FunctionPlan>{plan, &function}, std::move(device),
            outside_.board, [progress = memory->progress()] { return progress->wait(); }),
        fmt::format("assigning {}", function.view.host));
    Seat seat{
        .memory = std::move(memory), .function = std::move(made), .devfn = function.guest.devfn()};
    seat.leave.add(share(function, *seat.function, *seat.memory));
    // KVM holds a reference to the file: it has to let go before the device can be closed.
    seat.leave.add([this, file, function = seat.function.get()] {
        function->shut_down();
        if (outside_.files != nullptr)
            outside_.board.warnings.check(outside_.files->remove(file), "taking a file from KVM");
    });
    // First of all; one that hot-plug has seated as well.
    seat.leave.add([&topology = outside_.topology, function = seat.function.get()] {
        topology.remove(*function);
    });
    TENON_TRY_DO(watch(function, seat), fmt::format("assigning {}", function.view.host));
    if (outside_.files != nullptr)
        TENON_TRY_DO(outside_.files->add(file),
                     fmt::format("telling KVM of {}", seat.function->name()));
    return seat;
}

// From now on its BARs are there for the DMA of others, and theirs for its own. How to end that.
std::move_only_function<void()> Assignment::share(const model::slot::FunctionPlan& plan,
                                                  assigned::AssignedFunction& function,
                                                  const assigned::DmaMapping& memory) {
    auto& peers = outside_.board.peers;
    peers.join({.name = function.name(),
                .device = &function.device(),
                .space = &memory.space(),
                .memory_mapped = memory.progress()->mapped(),
                .gives_files = plan.facts.iommu.bar_files});
    return [&peers, &device = function.device()] { peers.leave(device); };
}

// One line where functions do not reach each other, all of them, and it is known.
void Assignment::note_peers() {
    std::vector<const model::slot::FunctionPlan*> functions;
    for (const auto& slot : slots_)
        for (const auto& function : slot.plan->functions)
            functions.push_back(&function);
    const auto plan = model::machine::plan_peers(functions);
    if (!plan || plan->state == model::machine::PeerPlan::State::Mapped ||
        plan->state == model::machine::PeerPlan::State::Unknown)
        return;
    outside_.board.warnings.once("peer-to-peer: " + plan->line);
}

Result<void> Assignment::watch(const model::slot::FunctionPlan& plan, Seat& seat) {
    seat.function->on_gone([this, id = plan.view.id] { tell(id, DeviceNotice::Gone); });
    if (!plan.facts.vfio) return {};
    for (const auto& [index, notice] : {std::pair{IrqIndex::Request, DeviceNotice::WantedBack},
                                        std::pair{IrqIndex::Error, DeviceNotice::Error}}) {
        TENON_TRY(notifier,
                  DeviceNotifier::create(seat.function->device(), *plan.facts.vfio, index,
                                         outside_.board.events,
                                         [this, id = plan.view.id, notice] { tell(id, notice); }),
                  "");
        if (notifier) seat.notifiers.push_back(std::move(notifier));
    }
    return {};
}

void Assignment::tell(const std::string& id, DeviceNotice notice) {
    const std::lock_guard lock{notice_mutex_};
    if (notice_) notice_(id, notice);
}

void Assignment::on_notice(NoticeListener listener) {
    const std::lock_guard lock{notice_mutex_};
    notice_ = std::move(listener);
}

std::optional<Assignment::Found> Assignment::find(const std::string& id) const {
    for (const auto& slot : slots_)
        for (const auto& planned : slot.plan->functions)
            for (const auto& seat : slot.seats)
                if (planned.view.id == id && planned.guest.devfn() == seat.devfn)
                    return Found{.function = *seat.function, .plan = planned};
    return std::nullopt;
}

Result<void> Assignment::insert(const model::machine::Arrival& arrival) {
    auto& slot = slots_[arrival.port];
    const auto planned = std::ranges::find_if(arrival.plan->functions,
                                              [&](const model::slot::FunctionPlan& function) {
                                                  return function.view.function == arrival.number;
                                              });
    if (planned == arrival.plan->functions.end())
        return malformed("port {} has no function {}", arrival.plan->name, arrival.number);
    TENON_TRY(seat, bring_in(arrival.plan, *planned), "");
    seat.function->unplace();
    // Those who wait go by the plan with all of them: it says how they are reset.
    slot.follow(arrival.plan);
    if (arrival.number == 0) {
        auto arriving = slot.functions();
        arriving.push_back(seat.function.get());
        if (auto reset = outside_.board.resets.reset_buses(arriving); !reset) {
            slot.follow(slot.plan);
            return reset;
        }
    }
    slot.seats.push_back(std::move(seat));
    slot.plan = arrival.plan;
    follow(arrival.others);
    note_peers();
    if (arrival.number != 0) return {};
    std::vector<PciTopology::Seated> seated;
    for (const auto& one : slot.seats)
        seated.push_back({.devfn = one.devfn, .function = one.function});
    outside_.topology.arrive(arrival.port, arrival.plan, std::move(seated));
    return {};
}

std::vector<model::machine::FunctionWarnings> Assignment::take_out(std::size_t port) {
    auto& slot = slots_[port];
    auto departure = model::machine::plan_departure(ports(), port);
    slot.plan = departure.plan;
    // Of functions that wait the guest knows nothing.
    if (outside_.topology.phase(port) != model::running::SlotPhase::Empty)
        outside_.topology.depart(port, slot.plan);
    reset_before_leaving(slot.functions());
    while (!slot.seats.empty())
        slot.seats.pop_back();
    follow(departure.others);
    close_unused();
    return std::move(departure.of_others);
}

void Assignment::close_unused() {
    const std::lock_guard lock{mapped_mutex_};
    std::erase_if(mapped_, [](const auto& entry) { return entry.second.mapping.expired(); });
    std::vector<device::AddressSpace*> used;
    for (const auto& [space, mapped] : mapped_)
        used.push_back(space);
    opened_.close_unused(used);
}

std::vector<std::shared_ptr<const model::slot::PortPlan>> Assignment::ports() const {
    std::vector<std::shared_ptr<const model::slot::PortPlan>> plans;
    for (const auto& slot : slots_)
        plans.push_back(slot.plan);
    return plans;
}

// A function whose device answers may have lost its mappings all the same, by a reset on the host
// that we do not know of. While one is gone the fault is its own: taking the others' as well would
// be wrong for the second vCPU that meets it.
bool Assignment::withdraw(std::optional<GuestAddress> where) {
    auto suspects = outside_.topology.functions();
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
