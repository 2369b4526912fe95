// A plan for people on one screen: verdict, what differs and why, warnings, what to do.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// The short text. plan_text.hpp has the long one, with all of it.
std::string render_summary(const model::machine::MachinePlan& plan, const TextStyle& style);

/// "BAR 0 of 16 KiB; INTx, 65 MSI-X vectors; IOMMU group 14, alone; reset by flr": what a guest
/// gets of a function, in one line.
std::string facts_in_short(const model::slot::FunctionPlan& function);

}  // namespace tenon::cli::text
