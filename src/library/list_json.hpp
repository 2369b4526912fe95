// What `tenon list` shows, for scripts and programs.
#pragma once

#include <string>

#include "library/function_list.hpp"

namespace tenon::library {

/// The list as one JSON object, with a line end; docs/users/list-and-diff.md describes it.
std::string list_to_json(const FunctionList& list);

}  // namespace tenon::library
