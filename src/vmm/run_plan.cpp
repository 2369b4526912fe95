#include "vmm/run_plan.hpp"

#include <optional>

#include "vmm/machine.hpp"
#include "vmm/vfio_files.hpp"

namespace tenon::vmm {

Result<MachineEnd> run_plan(const model::MachinePlan& plan, const RunRequest& request,
                            const OpenerFactory& make_opener) {
    TENON_TRY(machine,
              Machine::create({.addresses = plan.addresses,
                               .memory = request.memory,
                               .vcpus = request.vcpus,
                               .boot = request.boot}),
              "");
    TENON_TRY(files, VfioFiles::create(machine->vm()), "");
    Warnings warnings;
    PciTopology topology{plan};
    // Declared after everything it works on, so that it gives the functions back first.
    TENON_TRY(assignment,
              Assignment::create(plan, make_opener,
                                 {.board = {.vm = machine->vm(),
                                            .routes = machine->routes(),
                                            .slots = machine->slots(),
                                            .memory = machine->memory_bus(),
                                            .ports = machine->port_bus(),
                                            .warnings = warnings},
                                  .memory = machine->memory(),
                                  .topology = topology,
                                  .files = &files}),
              "");
    machine->on_memory_fault([&assignment, &warnings](std::optional<GuestAddress> where) {
        if (!assignment->withdraw()) return false;
        warnings.once(
            fmt::format("a device stopped to answer under a mapping (guest address "
                        "{:#x}): its BARs are trapped from now on",
                        where.value_or(GuestAddress{0}).value()));
        return true;
    });
    auto end = machine->run(topology);
    machine->on_memory_fault({});
    return end;
}

}  // namespace tenon::vmm
