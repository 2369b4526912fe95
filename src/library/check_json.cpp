#include <nlohmann/json.hpp>

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
                         {"findings", std::move(findings)},
                         {"questions", std::move(questions)},
                         {"unknown", std::move(unknown)}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tenon::library
