#include "cli/file_options.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "library/words/backend_options.hpp"

namespace tenon::cli {
namespace {

std::vector<std::string> known_keys(const CLI::App& command) {
    std::vector<std::string> keys;
    for (const auto* const option : command.get_options())
        for (const auto& name : option->get_lnames())
            if (name != "help") keys.push_back(name);
    std::ranges::sort(keys);
    return keys;
}

// Whether the value goes to the option; a flag that is false is one that is not there.
Result<bool> check_kind(const CLI::Option& option, const words::FileOption& entry) {
    const bool takes_flag = option.get_items_expected_max() == 0;
    if (takes_flag != entry.is_flag)
        return malformed("{}: {}", entry.where,
                         takes_flag ? "it is true or false" : "it has a value, not true or false");
    return !entry.is_flag || entry.value == "true";
}

}  // namespace

Result<void> apply_file(CLI::App& command, const CLI::App& complete,
                        const std::vector<words::FileOption>& file) {
    for (const auto& entry : file) {
        if (entry.key == "device" || entry.key == "port" ||
            words::find_backend_option(entry.key) != nullptr)
            continue;
        const auto name = "--" + entry.key;
        const auto* const known = complete.get_option_no_throw(name);
        if (known == nullptr || entry.key == "help")
            return malformed("{}: no such key; known: {}", entry.where,
                             fmt::join(known_keys(complete), ", "));
        TENON_TRY(wanted, check_kind(*known, entry), "");
        auto* const option = command.get_option_no_throw(name);
        if (option == nullptr || option->count() != 0 || !wanted) continue;
        option->add_result(entry.value);
        option->run_callback();
    }
    return {};
}

}  // namespace tenon::cli
