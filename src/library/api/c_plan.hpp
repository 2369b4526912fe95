// What is behind the handles of the C face.
#pragma once

#include <utility>
#include <vector>

#include "tenon/config_space.hpp"
#include "tenon/libtenon.h"
#include "tenon/plan.hpp"

struct tenon_plan {
    tenon::Plan plan;
};

struct tenon_space {
    explicit tenon_space(tenon::ConfigSpace made) : space{std::move(made)} {}

    tenon::ConfigSpace space;
    std::vector<tenon_effect> effects{};  ///< Those of the last call.
};
