// The library layer, whose names the commands use as their own.
#pragma once

#include "library/function_list.hpp"
#include "library/gather.hpp"
#include "library/plan_json.hpp"
#include "library/request.hpp"
#include "library/words.hpp"

namespace tenon::library {}

namespace tenon::cli {
using namespace library;  // What a plan is made of and told in has one set of words.
}  // namespace tenon::cli
