#include "cli/plan_command.hpp"

#include <fmt/core.h>

#include <utility>

#include "base/output.hpp"
#include "base/printable.hpp"
#include "cli/text/library.hpp"
#include "cli/text/map_svg.hpp"
#include "cli/text/map_text.hpp"
#include "cli/text/plan_lspci.hpp"
#include "cli/text/plan_report.hpp"
#include "cli/text/plan_text.hpp"
#include "cli/text/summary_text.hpp"
#include "cli/text/verdict_text.hpp"

namespace tenon::cli {

Outcome run_plan(const Host& host, const MachineArguments& arguments, PlanForm form,
                 const text::TextStyle& style) {
    const auto planned = plan_machine(host, arguments);
    if (!planned) return ended_with(status::wrong, planned.error());
    const auto* const plan = &planned->plan;
    Outcome outcome{.status = plan->assignable() ? status::good : status::refused};
    switch (form) {
        case PlanForm::Summary:
            outcome.out = text::render_summary(*plan, style);
            break;
        case PlanForm::Text:
            outcome.out = text::render_text(*plan, style);
            break;
        case PlanForm::Json:
            outcome.out = render_json(*plan);
            break;
        case PlanForm::JsonWithBytes:
            outcome.out = render_json(*plan, Bytes::Shown);
            break;
        case PlanForm::Lspci:
            outcome.out = text::render_lspci(*plan);
            outcome.err = text::render_refusal(*plan, {.width = style.width}) +
                          text::render_lack_of_bytes(*plan);
            // An empty dump would pass for one.
            if (outcome.out.empty() && !outcome.err.empty()) outcome.status = status::refused;
            break;
        case PlanForm::Map:
            outcome.out = text::render_map_text(*plan, style);
            outcome.err = text::render_refusal(*plan, {.width = style.width});
            break;
    }
    return outcome;
}

namespace {

// Plans, and writes what `render` makes of the plan.
Outcome write_plan(const Host& host, const MachineArguments& arguments, const std::string& file,
                   std::string (*render)(const model::machine::MachinePlan& plan)) {
    const auto planned = plan_machine(host, arguments);
    if (!planned) return ended_with(status::wrong, planned.error());
    const auto* const plan = &planned->plan;
    if (const auto written = replace_file(file, printable(render(*plan))); !written)
        return ended_with(status::wrong, written.error());
    return {.status = plan->assignable() ? status::good : status::refused,
            .out = fmt::format("wrote {}\n", file),
            .err = text::render_refusal(*plan, {})};
}

}  // namespace

Outcome emit_plan(const Host& host, const MachineArguments& arguments,
                  managed::said::Manager manager, managed::emit::Prefer prefer) {
    const auto planned = plan_machine(host, arguments);
    if (!planned) return ended_with(status::wrong, planned.error());
    const auto* const plan = &planned->plan;
    auto text = emit(*plan, manager, prefer);
    if (!text) return ended_with(status::wrong, text.error());
    return {.status = plan->assignable() ? status::good : status::refused,
            .out = std::move(*text),
            .err = text::render_refusal(*plan, {})};
}

Outcome draw_plan(const Host& host, const MachineArguments& arguments, const std::string& file) {
    return write_plan(host, arguments, file, text::render_map_svg);
}

Outcome report_plan(const Host& host, const MachineArguments& arguments, const std::string& file) {
    return write_plan(host, arguments, file, text::render_plan_report);
}

}  // namespace tenon::cli
