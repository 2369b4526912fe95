#include "tenon/plan.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "device/atomic_widths.hpp"
#include "library/api/inside.hpp"
#include "library/api/request_file.hpp"
#include "library/gather.hpp"
#include "library/plan_json.hpp"
#include "library/request.hpp"
#include "library/words.hpp"
#include "library/words/backend_options.hpp"
#include "model/chosen/target.hpp"
#include "model/machine/plan_warnings.hpp"

namespace tenon {
namespace {

namespace words = library::words;

Window window_of(const model::slot::Window& window) {
    return {.base = window.base, .size = window.size};
}

Port port_of(const model::slot::PortPlan& plan) {
    Port port{.name = plan.name,
              .guest = library::guest_address(plan.guest),
              .secondary_bus = plan.secondary_bus,
              .link_speed = std::string{library::link_speed_name(plan.slot.link_speed)},
              .link_width = plan.slot.link_width,
              .max_payload = 128u << plan.slot.max_payload,
              .link_why = plan.slot.link_why,
              .atomic_completer = device::list_widths(plan.slot.atomic_completer),
              .memory = window_of(plan.memory),
              .prefetchable = window_of(plan.prefetchable),
              .io = window_of(plan.io),
              .functions = {},
              .warnings = model::machine::warnings_of_port(plan),
              .properties = library::properties_of(plan.properties)};
    for (const auto& function : plan.functions)
        port.functions.push_back(library::function_of(function, plan.slot));
    return port;
}

Guest guest_of(const model::machine::MachinePlan& plan) {
    Guest guest{.processors = plan.vcpus,
                .memory = plan.memory.size,
                .parts = {},
                .huge_page = plan.memory.page,
                .node = plan.memory.node,
                .physical_bits = plan.physical_bits,
                .window64 = window_of(plan.addresses.memory64),
                .properties = library::properties_of(plan.properties)};
    for (const auto& part : plan.memory.parts)
        guest.parts.push_back(window_of(part));
    return guest;
}

std::vector<ProposedSet> sets_of(const std::vector<model::slot::ProposedSet>& sets) {
    std::vector<ProposedSet> copies;
    for (const auto& set : sets)
        copies.push_back({.hosts = set.hosts, .why = set.why});
    return copies;
}

SlotProposal proposal_of(const model::slot::SlotProposal& made) {
    SlotProposal proposal{.host_slot = made.host,
                          .slots = {},
                          .bound = sets_of(made.bound),
                          .may_share = sets_of(made.may_share),
                          .left_out = {},
                          .unknowns = made.unknowns,
                          .arguments = made.arguments};
    for (const auto& slot : made.slots) {
        ProposedSlot copy{.port = slot.port, .functions = {}, .why = slot.why};
        for (const auto& function : slot.functions)
            copy.functions.push_back(
                {.host = function.host, .function = function.function, .why = function.why});
        proposal.slots.push_back(std::move(copy));
    }
    for (const auto& function : made.left_out)
        proposal.left_out.push_back(
            {.host = function.host, .reason = library::reasons_of({function.reason}).front()});
    return proposal;
}

std::unexpected<Error> no_function(std::string_view id) {
    return fail(Error::Kind::NotFound, "the plan has no function \"{}\"", id);
}

// "disk=FILE" to where the words of `--disk FILE` go.
Result<void> add_process(const std::string& text, words::BackendTexts& backends) {
    const auto end = text.find('=');
    const auto name = text.substr(0, end);
    if (words::find_backend_option(name) == nullptr)
        return malformed("\"{}\": no process is a device by this name", name);
    backends[name].push_back(end == std::string::npos ? "" : text.substr(end + 1));
    return {};
}

// Inside, the name of a target stands where a version's does; a version's own word is not the way
// there.
Result<std::string> version_of(const PlanRequest& request) {
    if (model::chosen::find_target(request.machine))
        return malformed("{}: this is no machine version", request.machine);
    if (request.target.empty()) return request.machine;
    TENON_TRY(version, model::chosen::version_of_target(request.target), "");
    if (version.empty()) return request.machine;
    if (!request.machine.empty())
        return malformed("{} is QEMU itself, {} Tenon with its defaults: give one of them",
                         request.target, request.machine);
    return version;
}

}  // namespace

Plan::Inside::Inside(model::machine::MachinePlan made)
    : plan{std::move(made)},
      guest{guest_of(plan)},
      problems{library::reasons_of(plan.problems)},
      warnings{model::machine::warnings_of(plan)} {
    for (const auto& port : plan.ports)
        ports.push_back(port_of(*port));
    for (const auto& proposal : plan.proposals)
        proposals.push_back(proposal_of(proposal));
}

const model::slot::FunctionPlan* Plan::Inside::find(std::string_view id) const {
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (function.view.id == id) return &function;
    return nullptr;
}

Plan::Plan(std::shared_ptr<const Inside> inside) : inside_{std::move(inside)} {}

Result<Plan> Plan::make(const PlanRequest& request) {
    return library::without_exceptions([&]() -> Result<Plan> {
        TENON_TRY(whole, library::with_file(request), "");
        TENON_TRY(version, version_of(whole), "");
        library::MachineArguments arguments{.version = version,
                                            .viommu = whole.viommu,
                                            .ports = whole.ports,
                                            .devices = whole.devices,
                                            .iommufd = whole.iommufd,
                                            .kvm = whole.kvm,
                                            .opening = library::opening_of(whole.opening),
                                            .anonymize = whole.anonymize};
        for (const auto& process : whole.processes)
            TENON_TRY_DO(add_process(process, arguments.backends), "");
        if (!whole.memory.empty()) arguments.memory = whole.memory;
        if (!whole.cpus.empty()) arguments.cpus = whole.cpus;
        TENON_TRY(planned, library::plan_machine(library::this_host(), arguments), "");
        return Plan{std::make_shared<const Inside>(std::move(planned.plan))};
    });
}

const std::string& Plan::machine() const { return inside_->plan.version; }

bool Plan::assignable() const { return inside_->plan.assignable(); }

const std::vector<Reason>& Plan::problems() const { return inside_->problems; }

const std::vector<std::string>& Plan::warnings() const { return inside_->warnings; }

const Guest& Plan::guest() const { return inside_->guest; }

const std::vector<Port>& Plan::ports() const { return inside_->ports; }

const std::vector<SlotProposal>& Plan::proposals() const { return inside_->proposals; }

const Function* Plan::find_function(std::string_view id) const {
    for (const auto& port : inside_->ports)
        for (const auto& function : port.functions)
            if (function.id == id) return &function;
    return nullptr;
}

std::string Plan::json() const { return library::render_json(inside_->plan); }

Result<std::vector<std::byte>> Plan::start_bytes(std::string_view id) const {
    const auto* const function = inside_->find(id);
    if (function == nullptr) return no_function(id);
    if (!function->view.guest_view)
        return fail(Error::Kind::Unsupported, "{}: no guest can see it", function->view.host);
    const auto image = function->start();
    return std::vector<std::byte>{image.bytes().begin(), image.bytes().end()};
}

Result<ConfigSpace> Plan::config_space(std::string_view id) const {
    const auto* const function = inside_->find(id);
    if (function == nullptr) return no_function(id);
    if (!function->view.guest_view)
        return fail(Error::Kind::Unsupported, "{}: no guest can see it", function->view.host);
    return ConfigSpace{std::make_unique<ConfigSpace::Inside>(
        inside_, model::running::ConfigState{function->view, function->start()})};
}

Result<ConfigSpace> Plan::port_config_space(std::string_view name) const {
    const auto& ports = inside_->plan.ports;
    const auto port =
        std::ranges::find(ports, name, [](const auto& one) -> const auto& { return one->name; });
    if (port == ports.end())
        return fail(Error::Kind::NotFound, "the plan has no port \"{}\"", name);
    return ConfigSpace{
        std::make_unique<ConfigSpace::Inside>(inside_, model::running::ConfigState{(*port)->map})};
}

ConfigSpace Plan::host_bridge_config_space() const {
    return ConfigSpace{std::make_unique<ConfigSpace::Inside>(
        inside_, model::running::ConfigState{inside_->plan.host_bridge})};
}

}  // namespace tenon
