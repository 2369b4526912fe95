#include "cli/check_command.hpp"

#include <fmt/core.h>

#include "base/output.hpp"
#include "base/printable.hpp"
#include "cli/text/check_report.hpp"
#include "cli/text/check_text.hpp"

namespace tenon::cli {

Outcome run_check(const Host& host, const CheckArguments& arguments, const text::TextStyle& style) {
    const auto checked = check(host, arguments.request);
    if (!checked) return ended_with(status::wrong, checked.error());
    Outcome outcome;
    outcome.status = (*checked)->diagnosis.findings.empty() ? status::good : status::refused;
    if (!arguments.report.empty()) {
        const auto page = printable(text::render_check_report(**checked));
        if (const auto written = replace_file(arguments.report, page); !written)
            return ended_with(status::wrong, written.error());
        outcome.out = fmt::format("wrote {}\n", arguments.report);
        return outcome;
    }
    outcome.out = arguments.json ? check_to_json(**checked) : text::render_check(**checked, style);
    return outcome;
}

}  // namespace tenon::cli
