#include "cli/check_command.hpp"

#include "cli/text/check_text.hpp"

namespace tenon::cli {

Outcome run_check(const Host& host, const CheckArguments& arguments, const text::TextStyle& style) {
    const auto checked = check(host, arguments.request);
    if (!checked) return ended_with(status::wrong, checked.error());
    Outcome outcome;
    outcome.status = (*checked)->diagnosis.findings.empty() ? status::good : status::refused;
    outcome.out = arguments.json ? check_to_json(**checked) : text::render_check(**checked, style);
    return outcome;
}

}  // namespace tenon::cli
