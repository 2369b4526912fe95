#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "device/atomic_widths.hpp"
#include "library/assigned_view.hpp"
#include "library/checked.hpp"

namespace tenon::library {
namespace {

using Json = nlohmann::ordered_json;
using managed::guest::BusKind;
using managed::said::Note;
using managed::said::Place;
using managed::traps::Kind;

std::string_view name_of(BusKind kind) {
    switch (kind) {
        case BusKind::ExpressRoot:
            return "express-root";
        case BusKind::ConventionalRoot:
            return "conventional-root";
        case BusKind::Port:
            return "port";
        case BusKind::SwitchInside:
            return "switch";
        case BusKind::Conventional:
            return "conventional";
    }
    return "unknown";
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::FailsToStart:
            return "fails-to-start";
        case Kind::GuestLoses:
            return "guest-loses";
        case Kind::Slow:
            return "slow";
        case Kind::Dangerous:
            return "dangerous";
    }
    return "unknown";
}

Json place_json(const Place& place) {
    return {{"file", place.file},
            {"line", place.line == 0 ? Json{} : Json(place.line)},
            {"word", place.word == 0 ? Json{} : Json(place.word)}};
}

Json note_json(const Note& note) {
    auto json = place_json(note.place);
    json["text"] = note.word;
    json["what"] = note.what;
    return json;
}

Json bus_json(const Checked& checked, std::size_t bus) {
    const auto& tree = checked.tree;
    auto functions = Json::array();
    for (const auto index : tree.buses[bus].nodes) {
        const auto& node = tree.nodes[index];
        Json json = {{"address", slot_text(node)},
                     {"driver", node.driver},
                     {"id", nullptr},
                     {"host", nullptr},
                     {"multifunction", node.multifunction},
                     {"automatic", node.automatic},
                     {"found", tree.is_found(node)},
                     {"bus", nullptr}};
        if (node.device) {
            const auto& option = checked.configuration.devices[*node.device];
            if (!option.id.empty()) json["id"] = option.id;
            if (const auto host = managed::said::host_of(option)) json["host"] = to_string(*host);
        }
        if (node.behind) json["bus"] = *node.behind;
        functions.push_back(std::move(json));
    }
    return {{"name", tree.buses[bus].name},
            {"kind", name_of(tree.buses[bus].kind)},
            {"functions", std::move(functions)}};
}

Json capability_json(const model::chosen::Decision& decision) {
    const bool extended = decision.list == model::chosen::CapabilityList::Extended;
    return {
        {"list", extended ? "extended" : "standard"},
        {"id", fmt::format("{:#04x}", decision.id)},
        {"name", decision.name},
        {"at", decision.guest_offset ? Json(fmt::format("{:#x}", *decision.guest_offset)) : Json{}},
        {"why", decision.why},
        {"source", decision.source}};
}

Json view_json(const Checked& checked, const AssignedView& one) {
    const auto& option = checked.configuration.devices[one.device];
    const auto& view = *one.view;
    auto capabilities = Json::array();
    for (const auto& decision : view.capabilities)
        capabilities.push_back(capability_json(decision));
    auto reasons = Json::array();
    for (const auto& reason : view.reasons)
        reasons.push_back(reason.what);
    return {{"id", option.id.empty() ? Json{} : Json(option.id)},
            {"host", one.host},
            {"by", one.by},
            {"config_size", view.guest_view ? view.config_size : 0},
            {"capabilities", std::move(capabilities)},
            {"atomics", one.atomics == 0 ? std::string{} : device::words_of_widths(one.atomics)},
            {"reasons", std::move(reasons)},
            {"warnings", view.warnings},
            {"unknowns", view.unknowns},
            {"left_open", one.left_open}};
}

Json finding_json(const managed::traps::Finding& finding) {
    auto evidence = Json::array();
    for (const auto& one : finding.evidence) {
        auto json = place_json(one.place);
        json["text"] = one.word;
        evidence.push_back(std::move(json));
    }
    return {{"trap", finding.trap},     {"kind", name_of(finding.kind)},
            {"what", finding.what},     {"evidence", std::move(evidence)},
            {"why", finding.why},       {"source", finding.source},
            {"change", finding.change}, {"paste", finding.paste}};
}

}  // namespace

std::string check_to_json(const Checked& checked) {
    auto buses = Json::array();
    for (std::size_t bus = 0; bus < checked.tree.buses.size(); ++bus)
        buses.push_back(bus_json(checked, bus));
    auto views = Json::array();
    for (const auto& view : view_assigned(checked))
        views.push_back(view_json(checked, view));
    auto findings = Json::array();
    for (const auto& finding : checked.diagnosis.findings)
        findings.push_back(finding_json(finding));
    auto questions = Json::array();
    for (const auto& question : checked.diagnosis.questions)
        questions.push_back({{"trap", question.trap}, {"what", question.what}});
    auto unknown = Json::array();
    for (const auto& note : checked.configuration.unknown)
        unknown.push_back(note_json(note));
    const auto* const cpu = checked.configuration.cpu();
    const Json object = {{"format", 1},
                         {"input", checked.configuration.name},
                         {"machine", std::string{checked.configuration.machine.text("type")}},
                         {"cpu", cpu == nullptr ? Json{} : Json(cpu->type)},
                         {"host", checked.host.asked},
                         {"buses", std::move(buses)},
                         {"views", std::move(views)},
                         {"findings", std::move(findings)},
                         {"questions", std::move(questions)},
                         {"unknown", std::move(unknown)}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tenon::library
