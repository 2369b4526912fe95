#include "library/plan_json.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "device/atomic_widths.hpp"
#include "library/host_json.hpp"
#include "library/words.hpp"
#include "model/machine/peers.hpp"
#include "model/machine/plan_warnings.hpp"
#include "model/virtio/program.hpp"

namespace tenon::library {
namespace {

using Json = nlohmann::ordered_json;

Json offset(std::optional<std::uint16_t> at) { return at ? Json(hex(*at)) : Json(nullptr); }

Json window(const model::slot::Window& window) {
    if (window.size == 0) return nullptr;
    return {{"base", hex(window.base)}, {"size", window.size}};
}

Json capability(const model::chosen::Decision& decision) {
    const bool standard = decision.list == model::chosen::CapabilityList::Standard;
    return {{"list", standard ? "standard" : "extended"},
            {"id", hex(decision.id)},
            {"name", decision.name},
            {"host_offset", offset(decision.host_offset)},
            {"guest_offset", offset(decision.guest_offset)},
            {"size", decision.size},
            {"action", model::chosen::name_of(decision.action)},
            {"why", decision.why},
            {"source", decision.source}};
}

std::string_view name_of(const model::function::BarPlan& bar) {
    if (bar.index == device::rom_region) return "rom";
    switch (bar.kind) {
        case pci::BarKind::Memory32:
            return "memory32";
        case pci::BarKind::Memory64:
            return "memory64";
        case pci::BarKind::Io:
            return "io";
    }
    return "";
}

Json bar(const model::function::BarPlan& plan, std::uint64_t address) {
    auto mapped = Json::array();
    for (const auto& area : plan.mapped)
        mapped.push_back({{"offset", hex(area.offset)}, {"size", area.size}});
    return {{"index", plan.index},
            {"kind", name_of(plan)},
            {"prefetchable", plan.prefetchable},
            {"size", plan.size ? Json(*plan.size) : Json(nullptr)},
            {"guest_address", address == 0 ? Json(nullptr) : Json(hex(address))},
            {"mapped", std::move(mapped)},
            {"why", plan.why}};
}

Json bars(const model::slot::FunctionPlan& function) {
    auto list = Json::array();
    for (const auto& plan : function.view.bars)
        list.push_back(bar(plan, function.bar_address[plan.index]));
    return list;
}

Json msi(const std::optional<model::function::MsiPlan>& plan) {
    if (!plan) return nullptr;
    return {{"offset", hex(plan->at)},
            {"vectors", plan->vectors},
            {"wide_address", plan->wide},
            {"maskable", plan->maskable}};
}

Json intx(const std::optional<model::function::IntxPlan>& plan) {
    if (!plan) return nullptr;
    const bool by_kvm = plan->delivery == model::function::IntxDelivery::Irqfd;
    return {{"pin", std::string{static_cast<char>('A' + plan->pin - 1)}},
            {"interrupt", plan->interrupt},
            {"delivery", by_kvm ? "irqfd" : "trapped"},
            {"why", plan->why}};
}

Json msix(const std::optional<model::function::MsixPlan>& plan) {
    if (!plan) return nullptr;
    return {{"offset", hex(plan->at)},      {"vectors", plan->vectors},
            {"table_bar", plan->table_bar}, {"table_offset", hex(plan->table_offset)},
            {"pba_bar", plan->pba_bar},     {"pba_offset", hex(plan->pba_offset)}};
}

Json pasid(const std::optional<model::function::PasidPlan>& plan) {
    if (!plan) return nullptr;
    return {{"offset", hex(plan->at)},
            {"width", plan->width},
            {"execute", plan->execute},
            {"privileged", plan->privileged}};
}

Json group(const model::function::FunctionView& view) {
    if (!view.group) return nullptr;
    auto members = Json::array();
    for (const auto& member : view.group->members)
        members.push_back({{"address", to_string(member.address)},
                           {"driver", member.driver_known ? Json(member.driver) : Json(nullptr)},
                           {"bridge", member.is_bridge}});
    return {{"number", view.group->number}, {"members", std::move(members)}};
}

// Null: not known. Empty: none is bound.
Json driver(const device::DeviceFacts& facts) {
    return facts.driver ? Json(*facts.driver) : Json(nullptr);
}

Json reasons(const std::vector<model::chosen::Reason>& list) {
    auto texts = Json::array();
    for (const auto& reason : list)
        texts.push_back(sentence(reason));
    return texts;
}

Json widths(const Known<std::uint32_t>& mask) {
    return mask ? Json(device::list_widths(*mask)) : Json(nullptr);
}

// Commands for a root shell, in order, that mend what commands can.
Json mend(const std::vector<model::chosen::Reason>& list) {
    auto commands = Json::array();
    for (const auto& reason : list)
        for (const auto& command : reason.commands)
            commands.push_back(command);
    return commands;
}

Json properties(const std::vector<model::chosen::PropertyReport>& reports) {
    auto list = Json::array();
    for (const auto& report : reports)
        list.push_back({{"name", report.name},
                        {"value", report.value},
                        {"origin", name_of(report.origin)},
                        {"host", report.host},
                        {"effect", report.effect},
                        {"change", report.change}});
    return list;
}

Json atomics(const model::function::FunctionView& view, const model::slot::SlotFunction& in_slot) {
    return {{"host", widths(view.atomics.widths)},
            {"why", view.atomics.why},
            {"requester_enable", in_slot.atomics_participant ? "guest" : "gated"}};
}

Json reset(const model::function::ResetPlan& plan) {
    return {{"choice", name_of(plan.choice)},
            {"way", plan.way ? Json(name_of(*plan.way)) : Json(nullptr)},
            {"method", plan.method.empty() ? Json(nullptr) : Json(plan.method)},
            {"bus_set", plan.bus_set}};
}

Json forwards(const model::virtio::StartedProgram& one) {
    auto rows = Json::array();
    for (const auto& forward : one.forwards)
        rows.push_back({{"protocol", forward.udp ? "udp" : "tcp"},
                        {"address", forward.address},
                        {"host", forward.host},
                        {"guest", forward.guest}});
    return rows;
}

Json program(const model::virtio::StartedProgram& one) {
    using enum model::virtio::ProgramKind;
    Json object{{"name", model::virtio::program_of(one.kind).name}};
    if (one.kind != Network) {
        object["path"] = one.path;
        object["readonly"] = one.readonly;
    }
    if (one.kind == Disk) object["format"] = model::virtio::name_of(model::virtio::format_of(one));
    if (one.kind == Share) object["tag"] = one.tag;
    if (one.kind == Network) {
        object["forwards"] = forwards(one);
        object["host"] = one.host;
    }
    return object;
}

Json backend(const model::virtio::Backend& one) {
    return {{"socket", one.socket.empty() ? Json(nullptr) : Json(one.socket)},
            {"file", one.file ? Json(*one.file) : Json(nullptr)},
            {"program", one.program ? program(*one.program) : Json(nullptr)},
            {"type", one.type},
            {"queues", one.queues},
            {"queue_size", one.queue_size},
            {"config_size", one.config_size},
            {"mac", one.mac ? Json(model::virtio::to_string(*one.mac)) : Json(nullptr)}};
}

Json config(const model::slot::FunctionPlan& plan) {
    auto rows = Json::array();
    if (!plan.view.guest_view) return rows;
    const auto image = plan.start();
    const auto size = std::min(plan.view.config_size, known_config(plan.facts));
    for (std::size_t offset = 0; offset + config_row <= size; offset += config_row) {
        std::string row;
        for (std::size_t at = offset; at < offset + config_row; ++at)
            row += fmt::format("{:02x}", image.read8(at));
        rows.push_back(std::move(row));
    }
    return rows;
}

Json function(const model::slot::FunctionPlan& plan, const model::slot::SlotView& slot,
              const model::slot::SlotFunction& in_slot, Bytes bytes) {
    const auto& view = plan.view;
    auto capabilities = Json::array();
    for (const auto& decision : view.capabilities)
        capabilities.push_back(capability(decision));
    Json object{{"id", view.id},
                {"host", view.host},
                {"source", plan.facts.source},
                {"guest", view.guest_view ? Json(guest_address(plan.guest)) : Json(nullptr)},
                {"guest_function", view.function},
                {"vendor", hex(view.vendor, 4)},
                {"device", hex(view.device, 4)},
                {"class", hex(view.class_code, 6)},
                {"revision", hex(view.revision, 2)},
                {"assignable", view.assignable},
                {"reasons", reasons(view.reasons)},
                {"mend", mend(view.reasons)},
                {"warnings", model::machine::warnings_of_function(plan, slot)},
                {"unknowns", view.unknowns},
                {"config_known", known_config(plan.facts)},
                {"config_size", view.guest_view ? Json(view.config_size) : Json(nullptr)},
                {"capabilities", std::move(capabilities)},
                {"bars", bars(plan)},
                {"intx", intx(view.intx)},
                {"msi", msi(view.msi)},
                {"msix", msix(view.msix)},
                {"pasid", pasid(view.pasid)},
                {"driver", driver(plan.facts)},
                {"iommu_group", group(view)},
                {"opened", bool{plan.facts.vfio}},
                {"host_facts", host_facts(plan.facts)},
                {"properties", properties(view.properties)},
                {"atomics", atomics(view, in_slot)},
                {"reset", reset(plan.reset)}};
    if (plan.backend) object["backend"] = backend(*plan.backend);
    // Of a function without bytes: what is known of it is in these sentences.
    if (plan.facts.words && known_config(plan.facts) == 0) object["told"] = plan.facts.words->told;
    if (bytes == Bytes::Shown) object["config"] = config(plan);
    return object;
}

Json guest(const model::machine::MachinePlan& plan) {
    const auto& memory = plan.memory;
    auto parts = Json::array();
    for (const auto& part : memory.parts)
        parts.push_back(window(part));
    return {{"processors", plan.vcpus},
            {"memory",
             {{"size", memory.size},
              {"parts", std::move(parts)},
              {"huge_page", memory.page == 0 ? Json(nullptr) : Json(memory.page)},
              {"numa_node", memory.node ? Json(*memory.node) : Json(nullptr)},
              {"numa_why", memory.node_why}}},
            {"physical_bits", plan.physical_bits ? Json(*plan.physical_bits) : Json(nullptr)},
            {"window64", window(plan.addresses.memory64)},
            {"window64_needed", plan.memory64_needed}};
}

Json port(const model::slot::PortPlan& plan, Bytes bytes) {
    auto functions = Json::array();
    for (std::size_t n = 0; n < plan.functions.size(); ++n)
        functions.push_back(
            function(plan.functions[n], plan.slot, plan.slot.functions.at(n), bytes));
    auto reasons = plan.slot.atomics_why;
    if (!plan.slot.atomics_change.empty())
        reasons.push_back("what would change it: " + plan.slot.atomics_change);
    return {{"name", plan.name},
            {"guest", guest_address(plan.guest)},
            {"secondary_bus", plan.secondary_bus},
            {"atomic_completer", device::list_widths(plan.slot.atomic_completer)},
            {"link",
             {{"speed", link_speed_name(plan.slot.link_speed)},
              {"width", plan.slot.link_width},
              {"max_payload", 128u << plan.slot.max_payload},
              {"why", plan.slot.link_why}}},
            {"windows",
             {{"memory", window(plan.memory)},
              {"prefetchable", window(plan.prefetchable)},
              {"io", window(plan.io)}}},
            {"functions", std::move(functions)},
            {"properties", properties(plan.properties)},
            {"reasons", std::move(reasons)},
            {"warnings", model::machine::warnings_of_port(plan)}};
}

Json sets(const std::vector<model::slot::ProposedSet>& list) {
    auto objects = Json::array();
    for (const auto& set : list)
        objects.push_back({{"hosts", set.hosts}, {"why", set.why}});
    return objects;
}

Json proposed(const model::slot::ProposedSlot& slot) {
    auto functions = Json::array();
    for (const auto& function : slot.functions)
        functions.push_back({{"host", function.host},
                             {"guest_function", function.function},
                             {"why", function.why}});
    return {{"port", slot.port}, {"functions", std::move(functions)}, {"why", slot.why}};
}

Json proposal(const model::slot::SlotProposal& proposal) {
    auto slots = Json::array();
    for (const auto& slot : proposal.slots)
        slots.push_back(proposed(slot));
    auto left_out = Json::array();
    for (const auto& function : proposal.left_out)
        left_out.push_back({{"host", function.host}, {"why", sentence(function.reason)}});
    return {{"host_slot", proposal.host},      {"slots", std::move(slots)},
            {"bound", sets(proposal.bound)},   {"may_share", sets(proposal.may_share)},
            {"left_out", std::move(left_out)}, {"unknowns", proposal.unknowns},
            {"arguments", proposal.arguments}};
}

Json proposals(const std::vector<model::slot::SlotProposal>& list) {
    auto objects = Json::array();
    for (const auto& one : list)
        objects.push_back(proposal(one));
    return objects;
}

Json peers(const std::optional<model::machine::PeerPlan>& plan) {
    if (!plan) return nullptr;
    return {{"state", name_of(plan->state)}, {"why", plan->line}};
}

Json interrupts(const model::machine::MachinePlan& plan) {
    const auto& budget = plan.interrupts;
    return {{"vectors", budget.vectors},
            {"kvm_routes", model::machine::kvm_message_routes},
            {"host_vectors", budget.host ? Json(*budget.host) : Json(nullptr)},
            {"warnings", model::machine::warnings_of_budgets(plan)}};
}

// Text that is not UTF-8, as a file's name may be, must not stop the plan.
std::string render(const Json& object) {
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string render_json(const model::slot::PortPlan& plan) {
    return render(port(plan, Bytes::LeftOut));
}

std::string render_json(const model::machine::MachinePlan& plan, Bytes bytes) {
    auto ports = Json::array();
    for (const auto& one : plan.ports)
        ports.push_back(port(*one, bytes));
    const Json object = {{"format", 1},
                         {"machine", plan.version},
                         {"assignable", plan.assignable()},
                         {"problems", reasons(plan.problems)},
                         {"mend", mend(plan.problems)},
                         {"interrupts", interrupts(plan)},
                         {"guest", guest(plan)},
                         {"dma", dma_budgets(plan.dma)},
                         {"peers", peers(plan.peers)},
                         {"ports", std::move(ports)},
                         {"properties", properties(plan.properties)},
                         {"proposals", proposals(plan.proposals)}};
    return render(object);
}

}  // namespace tenon::library
