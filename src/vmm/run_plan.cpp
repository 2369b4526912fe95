#include "vmm/run_plan.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "base/undo.hpp"
#include "model/machine/iommu_plan.hpp"
#include "vmm/board/layout.hpp"
#include "vmm/control/control_service.hpp"
#include "vmm/control/query_pci.hpp"
#include "vmm/iommu/remapper.hpp"
#include "vmm/kvm/split_vm.hpp"
#include "vmm/kvm/vfio_files.hpp"
#include "vmm/machine.hpp"
#include "vmm/seal/thread.hpp"
#include "vmm/sealing.hpp"

namespace tenon::vmm {

namespace {

// All of it gets locked for the devices' DMA: more than the host has would end in the hands of the
// kernel's OOM killer, without a word.
Result<void> check_memory(std::uint64_t memory) {
    const auto pages = ::sysconf(_SC_PHYS_PAGES);
    const auto page = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) return {};
    const auto host = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
    if (memory < host) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::Unsupported,
              .what = fmt::format("guest memory of {}: this host has {} MiB in all, and what a "
                                  "device may reach has to stay in memory",
                                  format_size(memory), host >> 20),
              .hint = "Give the guest less with --memory"});
}

// Before anything that takes long: a path that cannot be had ends the start.
Result<void> bind_control(const RunRequest& request,
                          std::optional<control::ControlSocket::Listener>& listener) {
    if (!request.control) return {};
    TENON_TRY(bound, control::ControlSocket::Listener::bind(request.control->path), "");
    listener.emplace(std::move(bound));
    return {};
}

acpi::ScopePath path_of(const model::slot::PortPlan& port) {
    return {.bus = 0, .device = port.guest.device, .function = port.guest.function};
}

// What the guest's firmware tells of its IOMMU.
std::optional<acpi::RemappingTable> remapping_of(const model::machine::MachinePlan& plan) {
    if (plan.iommu == nullptr) return std::nullopt;
    const auto& shape = plan.iommu->unit.shape;
    acpi::RemappingTable table{.registers = GuestAddress{model::machine::IommuPlan::registers},
                               .address_bits = shape.memory_bits,
                               .interrupt_remapping = shape.interrupt_remapping(),
                               .ports = {},
                               .ats_ports = {}};
    for (const auto& port : plan.ports)
        if (std::ranges::any_of(port->functions, model::machine::shows_ats))
            table.ats_ports.push_back(path_of(*port));
    return table;
}

// The guest's IOMMU, in its place; null: the plan has none.
Result<std::shared_ptr<iommu::Remapper>> make_remapper(const model::machine::MachinePlan& plan,
                                                       Machine& machine,
                                                       board::Warnings& warnings) {
    if (plan.iommu == nullptr) return std::shared_ptr<iommu::Remapper>{};
    auto remapper = std::make_shared<iommu::Remapper>(
        plan.iommu->unit.shape,
        iommu::Remapper::Outside{.memory = machine.memory(),
                                 .vm = machine.vm(),
                                 .routes = machine.routes(),
                                 .warnings = warnings,
                                 .failed = [&machine](const Error& why) { machine.fail_with(why); },
                                 .limits = model::machine::unit_limits(plan.dma)});
    TENON_TRY_DO(machine.memory_bus().add(model::machine::IommuPlan::registers,
                                          board::remapping_page, remapper),
                 "placing the guest's IOMMU");
    return remapper;
}

// What the guest's table leads nowhere becomes a fault that the guest finds.
Result<void> record_lost(iommu::Remapper& remapper, kvm::IrqRoutes& routes,
                         board::EventLoop& events, Undo& undo) {
    TENON_TRY(event, routes.lost_event(), "");
    TENON_TRY(token, events.add(event, [&remapper] { remapper.record_lost(); }),
              "interrupts that are lost");
    undo.add([&events, token] {
        events.remove(token);
        events.settle();
    });
    return {};
}

// Of a function of `plan`.
template <typename Holds>
bool any_function(const model::machine::MachinePlan& plan, Holds&& holds) {
    return std::ranges::any_of(
        plan.ports, [&](const auto& port) { return std::ranges::any_of(port->functions, holds); });
}

// Processes that are devices map the guest's memory.
bool shares_memory(const model::machine::MachinePlan& plan) {
    return any_function(plan, [](const auto& function) { return function.backend.has_value(); });
}

bool has_programs(const model::machine::MachinePlan& plan) {
    return any_function(plan, [](const auto& function) {
        return function.backend && function.backend->program.has_value();
    });
}

Result<std::unique_ptr<Machine>> create_machine(const model::machine::MachinePlan& plan,
                                                const RunRequest& request) {
    const auto& memory = plan.memory;
    return Machine::create({.addresses = plan.addresses,
                            .memory = memory.size,
                            .backing = {.page = memory.page,
                                        .node = memory.node,
                                        .strict = memory.strict,
                                        .shared = shares_memory(plan)},
                            .vcpus = plan.vcpus,
                            .apic_step = plan.apic_step,
                            .kvm = request.kvm,
                            .boot = request.boot,
                            .intx = plan.intx,
                            .remapping = remapping_of(plan),
                            .firmware = plan.firmware,
                            .restarts = request.restarts,
                            .timeline = request.timeline});
}

}  // namespace

Result<board::MachineEnd> run_plan(const model::machine::MachinePlan& plan,
                                   const RunRequest& request, device::OpenedFunctions& opened) {
    TENON_TRY_DO(check_memory(plan.memory.size), "");
    const SealRequest sealing{.level = request.seal,
                              .control = request.control ? request.control->path : "",
                              .has_programs = has_programs(plan)};
    TENON_TRY(opener, start_opener(sealing), "");
    // Until the process is sealed it has one thread, which opens everything.
    seal::Hold hold;
    std::optional<control::ControlSocket::Listener> listener;
    TENON_TRY_DO(bind_control(request, listener), "");
    TENON_TRY(machine, create_machine(plan, request), "");
    mark(request.timeline, "memory and KVM");
    TENON_TRY(files, kvm::KvmVfioFiles::create(machine->vm()), "");
    board::Warnings warnings;
    board::EventLoop events;
    TENON_TRY_DO(events.begin(), "");
    std::optional<kvm::SplitVm> split;
    if (auto* const ioapic = machine->ioapic())
        split.emplace(machine->vm(), *ioapic, events, warnings);
    kvm::Vm& vm = split ? static_cast<kvm::Vm&>(*split) : machine->vm();
    kvm::PinLevels pins{vm};
    board::TranslationListener translation;
    slots::Chassis chassis{plan, machine->routes(), warnings};
    assigned::PeerMemory peers{warnings, [&chassis] { return chassis.peers(); }};
    slots::Resets resets{chassis, warnings};
    slots::PciTopology topology{plan, chassis, resets};
    TENON_TRY(remapper, make_remapper(plan, *machine, warnings), "");
    Undo lost;
    if (remapper) topology.translate_by(*remapper);
    if (split) TENON_TRY_DO(record_lost(*remapper, machine->routes(), events, lost), "");
    // Declared after everything it works on, so that it gives the functions back first.
    TENON_TRY(
        assignment,
        slots::Assignment::create(
            plan, opened,
            {.board = {.vm = vm,
                       .routes = machine->routes(),
                       .slots = machine->slots(),
                       .memory = machine->memory_bus(),
                       .ports = machine->port_bus(),
                       .warnings = warnings,
                       .events = events,
                       .pins = pins,
                       .peers = peers,
                       .translation = translation,
                       .takes_pasids = plan.iommu && plan.iommu->unit.shape.pasid_width() != 0},
             .memory = machine->memory(),
             .chassis = chassis,
             .resets = resets,
             .files = files.get(),
             .remapper = remapper.get(),
             .timeline = request.timeline,
             .memory_failed = [&machine = *machine](const Error& why) { machine.fail_with(why); }}),
        "");
    Undo listeners;  // Nobody is told of what the assignment no longer sees.
    listeners.add([&machine] {
        machine->on_memory_fault({});
        machine->on_ending({});
    });
    machine->on_started([&assignment] { assignment->begin_to_map_memory(); });
    machine->on_ending([&assignment, &remapper] {
        assignment->stop_waiting();
        if (remapper) remapper->end();
    });
    machine->on_memory_fault(
        [&assignment](std::optional<GuestAddress> where) { return assignment->withdraw(where); });
    TENON_TRY_DO(machine->prepare(topology), "before the start");
    TENON_TRY_DO(seal_machine(sealing, warnings), "");
    Undo opens;
    if (opener && request.open_nodes_by) {
        request.open_nodes_by([&opener](const std::string& path) { return opener->open(path); });
        opens.add([&request] { request.open_nodes_by({}); });
    }
    hold.end();
    TENON_TRY_DO(warnings.start(STDERR_FILENO), "");
    const auto hot_plug = std::make_unique<slots::HotPlug>(
        slots::HotPlug::Outside{.plan = plan,
                                .opened = opened,
                                .chassis = chassis,
                                .assignment = *assignment,
                                .topology = topology,
                                .plan_arrival = request.plan_arrival,
                                .warnings = warnings,
                                .pause = [&machine = *machine] { return machine.pause(); }});
    control::ControlService control{*machine, warnings, translation, *hot_plug};
    if (listener)
        TENON_TRY_DO(control.serve(std::move(*listener), request.control->version,
                                   [&] {
                                       return control::query_pci(topology, chassis.seen_plans(),
                                                                 request.control->describe_port);
                                   }),
                     "");
    return machine->run(topology);
}

}  // namespace tenon::vmm
