#include "cli/ctl_command.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "vmm/control/control_client.hpp"

namespace tenon::cli {
namespace {

using Json = nlohmann::json;

Json value_of(const std::string& text) {
    const auto json = Json::parse(text, nullptr, false);
    return json.is_number_integer() || json.is_boolean() ? json : Json(text);
}

Result<Json> command_of(const std::vector<std::string>& words) {
    if (words.empty()) return Json{{"execute", "query-commands"}};
    Json command{{"execute", words.front()}};
    for (std::size_t n = 1; n < words.size(); ++n) {
        const auto equals = words[n].find('=');
        if (equals == std::string::npos || equals == 0)
            return malformed("{}: an argument is key=value", words[n]);
        command["arguments"][words[n].substr(0, equals)] = value_of(words[n].substr(equals + 1));
    }
    return command;
}

}  // namespace

Outcome run_ctl(const CtlArguments& arguments) {
    const auto command = command_of(arguments.words);
    if (!command) return ended_with(status::wrong, command.error());
    auto client = vmm::control::ControlClient::connect(arguments.socket, arguments.patience);
    if (!client) return ended_with(status::wrong, client.error());
    const auto answer = client->execute(*command);
    if (!answer) return ended_with(status::wrong, answer.error());
    if (const auto& refusal = answer->refusal)
        return ended_with(status::refused, fmt::format("{}: {}", refusal->kind, refusal->text));
    if (answer->value.empty()) return {};
    return {.out = answer->value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace tenon::cli
