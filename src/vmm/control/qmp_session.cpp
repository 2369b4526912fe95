#include "vmm/control/qmp_session.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "base/json_place.hpp"

namespace tenon::vmm::control {
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

Result<void> QmpSession::feed(std::string_view bytes, std::vector<Fd> files) {
    const auto before = files.empty() || bytes.empty() ? bytes.size() : bytes.size() - 1;
    feed_bytes(bytes.substr(0, before));
    std::ranges::move(files, std::back_inserter(coming_));
    if (coming_.size() > QmpFiles::most) {
        coming_.clear();
        return fail(Error::Kind::Busy, "more than {} files come with a command", QmpFiles::most);
    }
    feed_bytes(bytes.substr(before));
    return {};
}

void QmpSession::feed_bytes(std::string_view bytes) {
    for (auto& input : stream_.feed(bytes))
        waiting_.push_back({.input = std::move(input), .files = std::exchange(coming_, {})});
}

QmpStep QmpSession::next() {
    auto [input, files] = std::move(waiting_.front());
    waiting_.pop_front();
    if (!input) return {.out = line(error("GenericError", to_string(input.error()))), .work = {}};
    files_.arrive(std::move(files));
    auto [answer, work] = carry_out(*input);
    // What the command has not taken was for nobody.
    files_.arrive({});
    const auto* const id = find_member(*input, "id");
    if (work) {
        working_ = true;
        id_ = id == nullptr ? std::nullopt : std::optional{*id};
        return {.out = {}, .work = std::move(work)};
    }
    if (id != nullptr) answer["id"] = *id;
    return {.out = line(answer), .work = {}};
}

std::string QmpSession::finish(const Result<Json>& result) {
    working_ = false;
    auto answer = answer_of(result);
    if (const auto id = std::exchange(id_, std::nullopt)) answer["id"] = *id;
    return line(answer);
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

QmpSession::Done QmpSession::carry_out(const Json& input) {
    const auto refuse = [](std::string_view kind, std::string_view text) {
        return Done{.answer = error(kind, text), .work = {}};
    };
    if (const auto name = unknown_member(input, {"execute", "arguments", "id"}); !name.empty())
        return refuse("GenericError", fmt::format("QMP input member '{}' is unexpected", name));
    const auto* const command = find_member(input, "execute");
    if (command == nullptr || !command->is_string())
        return refuse("GenericError", "QMP input lacks member 'execute', a string");
    const auto* const given = find_member(input, "arguments");
    if (given != nullptr && !given->is_object())
        return refuse("GenericError", "QMP input member 'arguments' must be an object");
    const auto arguments = given == nullptr ? Json::object() : *given;
    const auto& name = command->get_ref<const std::string&>();
    if (name == negotiation) {
        if (negotiated_) return refuse("CommandNotFound", "capabilities are negotiated already");
        return {.answer = answer_of(negotiate(arguments)), .work = {}};
    }
    if (!negotiated_)
        return refuse("CommandNotFound", fmt::format("'{}' comes first", negotiation));
    const auto found = std::ranges::find(commands_, name, &QmpCommand::name);
    if (found == commands_.end())
        return refuse("CommandNotFound", fmt::format("the command {} is not known", name));
    const auto extra =
        found->any_argument ? std::string{} : unknown_member(arguments, found->arguments);
    if (!extra.empty())
        return refuse("GenericError", fmt::format("parameter '{}' is unexpected", extra));
    // Whatever a command makes of what a client sends, the guest goes on.
    try {
        return carry_out(*found, arguments);
    } catch (const std::exception& failure) {
        return refuse("GenericError", failure.what());
    }
}

QmpSession::Done QmpSession::carry_out(const QmpCommand& command, const Json& arguments) {
    if (!command.begin) return {.answer = answer_of(command.run(arguments, files_)), .work = {}};
    auto work = command.begin(arguments, files_);
    if (work) return {.answer = {}, .work = *std::move(work)};
    return {.answer = answer_of(std::unexpected(work.error())), .work = {}};
}

Result<Json> QmpSession::negotiate(const Json& arguments) {
    if (const auto extra = unknown_member(arguments, {"enable"}); !extra.empty())
        return malformed("parameter '{}' is unexpected", extra);
    const auto* const enable = find_member(arguments, "enable");
    if (enable != nullptr && !(enable->is_array() && enable->empty()))
        return malformed("'enable' must be an empty list: no capability was offered");
    negotiated_ = true;
    return Json::object();
}

}  // namespace tenon::vmm::control
