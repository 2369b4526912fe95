// A plan in the words of a manager of virtual machines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/emit/machine.hpp"
#include "managed/said/configuration.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::library {

/// Names of the managers that emit() has words of, as --emit takes them.
std::vector<std::string_view> emitted_managers();

/// The manager of the name; none: emit() has no words of it.
std::optional<managed::said::Manager> find_emitted(std::string_view name);

/// The value of --prefer: "atomics", "one-slot"; empty: what the plan's user asked for.
/// Errors: Malformed for another.
Result<managed::emit::Prefer> parse_prefer(std::string_view text);

/// What the plan decided, as far as a manager may be told of it; the rest is in `lacks`.
managed::emit::Machine machine_to_emit(const model::machine::MachinePlan& plan);

/// A configuration that gives the planned result, as text, with what the manager cannot say as
/// comments.
/// Errors: those of managed::emit::prepared().
Result<std::string> emit(const model::machine::MachinePlan& plan, managed::said::Manager manager,
                         managed::emit::Prefer prefer);

}  // namespace tenon::library
