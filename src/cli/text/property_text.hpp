// What came of what could be chosen: of the machine, a port, a function.
#pragma once

#include <string>
#include <vector>

#include "cli/text/terminal.hpp"
#include "model/chosen/property.hpp"

namespace tenon::cli::text {

/// A table of properties, or nothing if there are none.
std::string render_properties(const std::vector<model::chosen::PropertyReport>& properties,
                              const TextStyle& style, std::size_t indent);

}  // namespace tenon::cli::text
