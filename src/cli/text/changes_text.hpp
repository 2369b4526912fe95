// What a guest gets otherwise than the hardware has it, in few lines.
#pragma once

#include <string>
#include <vector>

#include "model/slot/port_plan.hpp"

namespace tenon::cli::text {

/// Things that are changed in one way for one reason.
struct Change {
    enum class Kind { Hidden, Ours, Added, Moved, Other };
    Kind kind = Kind::Other;
    std::string what;  ///< "MSI-X, Power Management"; of Kind::Other "link".
    std::string why;   ///< Up to the first semicolon of the plan's own words.
};

/// "hidden", "emulated", "added", "moved"; empty of Kind::Other.
std::string_view name_of(Change::Kind kind);

/// Those of one function, hidden ones first. Empty if no guest sees it.
std::vector<Change> changes_of(const model::slot::FunctionPlan& function,
                               const model::slot::PortPlan& port);

}  // namespace tenon::cli::text
