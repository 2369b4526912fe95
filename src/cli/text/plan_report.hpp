// A plan as one page of HTML, for a ticket.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// The page: verdict, what differs and why, warnings, what to do, the places on host and in guest,
/// configuration space as a picture, capabilities, BARs, facts and what is unknown, all of the
/// text.
std::string render_plan_report(const model::machine::MachinePlan& plan);

}  // namespace tenon::cli::text
