// What is inside the public classes: the plan of the model, and what a program sees of it.
#pragma once

#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "library/gather.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "tenon/config_space.hpp"
#include "tenon/plan.hpp"

namespace tenon {

struct Plan::Inside {
    explicit Inside(model::machine::MachinePlan made);

    /// The function with this id; null if there is none.
    const model::slot::FunctionPlan* find(std::string_view id) const;

    model::machine::MachinePlan plan;
    Guest guest;
    std::vector<Port> ports;
    std::vector<Reason> problems;
    std::vector<std::string> warnings;
    std::vector<SlotProposal> proposals;
};

struct ConfigSpace::Inside {
    std::shared_ptr<const Plan::Inside> plan;  ///< `state` refers into it.
    model::running::ConfigState state;
};

namespace library {

/// What a program means by it.
constexpr Opening opening_of(tenon::Opening opening) {
    return opening == tenon::Opening::Allowed ? Opening::Allowed : Opening::Forbidden;
}

/// What a program sees of a planned function.
Function function_of(const model::slot::FunctionPlan& plan, const model::slot::SlotView& slot);

/// What a program sees of properties.
std::vector<Property> properties_of(const std::vector<model::chosen::PropertyReport>& reports);

/// What a program sees of reasons.
std::vector<Reason> reasons_of(const std::vector<model::chosen::Reason>& reasons);

/// Runs `call`, whose error becomes a value where something below throws: memory that is not there,
/// a file that vanishes. We throw nothing ourselves.
template <typename Call>
auto without_exceptions(Call&& call) -> decltype(call()) {
    try {
        return call();
    } catch (const std::exception& error) {
        return fail(Error::Kind::Io, "{}", error.what());
    }
}

}  // namespace library
}  // namespace tenon
