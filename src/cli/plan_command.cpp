#include "cli/plan_command.hpp"

#include "cli/plan_json.hpp"
#include "cli/plan_lspci.hpp"
#include "cli/plan_text.hpp"
#include "cli/verdict_text.hpp"

namespace tenon::cli {

Outcome run_plan(const Host& host, const MachineArguments& arguments, PlanForm form,
                 const TextStyle& style) {
    const auto plan = plan_machine(host, arguments);
    if (!plan)
        return {.status = status::wrong,
                .err = fmt::format("tenon: {}\n", to_string(plan.error()))};
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
    }
    return outcome;
}

}  // namespace tenon::cli
