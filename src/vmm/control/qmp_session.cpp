#include "vmm/control/qmp_session.hpp"

#include <algorithm>
#include <exception>

namespace tenon::vmm {
namespace {

using Json = nlohmann::json;

constexpr std::string_view negotiation = "qmp_capabilities";

Json error(std::string_view kind, std::string_view text) {
    return {{"error", {{"class", kind}, {"desc", text}}}};
}

Json answer_of(const Result<Json>& result) {
    if (result) return {{"return", *result}};
    return error(result.error().kind == Error::Kind::NotFound ? "DeviceNotFound" : "GenericError",
                 to_string(result.error()));
}

// What a client sent may hold bytes that are no UTF-8; they come back as question marks.
std::string line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\r\n";
}

/// The first member of `object` that is none of `known`; empty if there is none.
std::string unknown_member(const Json& object, const std::vector<std::string>& known) {
    for (const auto& [name, value] : object.items())
        if (std::ranges::find(known, name) == known.end()) return name;
    return {};
}

}  // namespace

Json describe(const QmpVersion& version) {
    return {
        {"qemu", {{"major", version.major}, {"minor", version.minor}, {"micro", version.micro}}},
        {"package", version.package}};
}

std::string QmpSession::greeting() const {
    return line({{"QMP", {{"version", describe(version_)}, {"capabilities", Json::array()}}}});
}

std::string QmpSession::feed(std::string_view bytes) {
    std::string out;
    for (const auto& input : stream_.feed(bytes))
        out += line(answer(input));
    return out;
}

std::string QmpSession::event(const QmpEvent& event) const {
    if (!negotiated_) return {};
    constexpr std::int64_t second = 1'000'000;
    Json json{{"event", event.name},
              {"timestamp",
               {{"seconds", event.microseconds / second},
                {"microseconds", event.microseconds % second}}}};
    if (!event.data.is_null()) json["data"] = event.data;
    return line(json);
}

Json QmpSession::answer(const Result<Json>& input) {
    if (!input) return error("GenericError", to_string(input.error()));
    auto answer = execute(*input);
    if (const auto id = input->find("id"); id != input->end()) answer["id"] = *id;
    return answer;
}

Json QmpSession::execute(const Json& input) {
    if (const auto name = unknown_member(input, {"execute", "arguments", "id"}); !name.empty())
        return error("GenericError", fmt::format("QMP input member '{}' is unexpected", name));
    const auto command = input.find("execute");
    if (command == input.end() || !command->is_string())
        return error("GenericError", "QMP input lacks member 'execute', a string");
    const auto given = input.find("arguments");
    if (given != input.end() && !given->is_object())
        return error("GenericError", "QMP input member 'arguments' must be an object");
    const auto arguments = given == input.end() ? Json::object() : *given;
    const auto& name = command->get_ref<const std::string&>();
    if (name == negotiation) {
        if (negotiated_) return error("CommandNotFound", "capabilities are negotiated already");
        return answer_of(negotiate(arguments));
    }
    if (!negotiated_) return error("CommandNotFound", fmt::format("'{}' comes first", negotiation));
    const auto found = std::ranges::find(commands_, name, &QmpCommand::name);
    if (found == commands_.end())
        return error("CommandNotFound", fmt::format("the command {} is not known", name));
    const auto extra =
        found->any_argument ? std::string{} : unknown_member(arguments, found->arguments);
    if (!extra.empty())
        return error("GenericError", fmt::format("parameter '{}' is unexpected", extra));
    // Whatever a command makes of what a client sends, the guest goes on.
    try {
        return answer_of(found->run(arguments, files_));
    } catch (const std::exception& failure) {
        return error("GenericError", failure.what());
    }
}

Result<Json> QmpSession::negotiate(const Json& arguments) {
    if (const auto extra = unknown_member(arguments, {"enable"}); !extra.empty())
        return malformed("parameter '{}' is unexpected", extra);
    const auto enable = arguments.find("enable");
    if (enable != arguments.end() && !(enable->is_array() && enable->empty()))
        return malformed("'enable' must be an empty list: no capability was offered");
    negotiated_ = true;
    return Json::object();
}

}  // namespace tenon::vmm
