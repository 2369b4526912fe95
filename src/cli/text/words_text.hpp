// What the words of a text say of a function without bytes.
#pragma once

#include <cstddef>
#include <string>

#include "cli/text/terminal.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::cli::text {

/// Who it is, what is told of it and its host, and what bytes would add, each from column `indent`
/// on; empty if no text is about it.
std::string render_words(const model::slot::FunctionPlan& function, const TextStyle& style,
                         std::size_t indent);

}  // namespace tenon::cli::text
