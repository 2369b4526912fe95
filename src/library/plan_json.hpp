// A plan for scripts: one JSON object. docs/plan.schema.json and docs/plan-json.md describe it.
#pragma once

#include <cstddef>
#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::library {

/// Bytes in a row of configuration space.
inline constexpr std::size_t config_row = 16;

/// Whether each function has `config`: what was read of its configuration space as the guest finds
/// it, in rows of hex digits.
enum class Bytes { LeftOut, Shown };

/// The plan as indented JSON, keys always in the same order, with a line end.
std::string render_json(const model::machine::MachinePlan& plan, Bytes bytes = Bytes::LeftOut);

/// One port of it, which is a member of "ports".
std::string render_json(const model::slot::PortPlan& plan);

}  // namespace tenon::library
