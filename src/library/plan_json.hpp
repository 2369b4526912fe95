// A plan for scripts: one JSON object. docs/plan.schema.json and docs/plan-json.md describe it.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::library {

/// The plan as indented JSON, keys always in the same order, with a line end.
std::string render_json(const model::machine::MachinePlan& plan);

/// One port of it, which is a member of "ports".
std::string render_json(const model::slot::PortPlan& plan);

}  // namespace tenon::library
