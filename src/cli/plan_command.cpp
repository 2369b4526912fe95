#include "cli/plan_command.hpp"

#include <cerrno>
#include <fstream>

#include "cli/library.hpp"
#include "cli/map_svg.hpp"
#include "cli/map_text.hpp"
#include "cli/plan_lspci.hpp"
#include "cli/plan_text.hpp"
#include "cli/verdict_text.hpp"

namespace tenon::cli {

Outcome run_plan(const Host& host, const MachineArguments& arguments, PlanForm form,
                 const TextStyle& style) {
    const auto planned = plan_machine(host, arguments);
    if (!planned)
        return {.status = status::wrong,
                .err = fmt::format("tenon: {}\n", to_string(planned.error()))};
    const auto* const plan = &planned->plan;
    Outcome outcome{.status = plan->assignable() ? status::good : status::refused};
    switch (form) {
        case PlanForm::Text:
            outcome.out = render_text(*plan, style);
            break;
        case PlanForm::Json:
            outcome.out = render_json(*plan);
            break;
        case PlanForm::Lspci:
            outcome.out = render_lspci(*plan);
            outcome.err = render_refusal(*plan, {.width = style.width});
            break;
        case PlanForm::Map:
            outcome.out = render_map_text(*plan, style);
            outcome.err = render_refusal(*plan, {.width = style.width});
            break;
    }
    return outcome;
}

Outcome draw_plan(const Host& host, const MachineArguments& arguments, const std::string& file) {
    const auto planned = plan_machine(host, arguments);
    if (!planned)
        return {.status = status::wrong,
                .err = fmt::format("tenon: {}\n", to_string(planned.error()))};
    const auto* const plan = &planned->plan;
    std::ofstream out{file, std::ios::binary};
    out << render_map_svg(*plan);
    out.close();
    if (!out)
        return {.status = status::wrong,
                .err = fmt::format("tenon: {}\n",
                                   to_string(fail_system(errno, "writing " + file).error()))};
    return {.status = plan->assignable() ? status::good : status::refused,
            .out = fmt::format("wrote {}\n", file),
            .err = render_refusal(*plan, {})};
}

}  // namespace tenon::cli
