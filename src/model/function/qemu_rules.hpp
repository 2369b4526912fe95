// What QEMU makes of one capability: a row each.
#pragma once

#include <optional>
#include <string>

#include "model/chosen/target.hpp"
#include "model/function/ats.hpp"
#include "model/function/function_view.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// What a rule works on.
struct QemuContext {
    const device::DeviceFacts& facts;
    const pci::ConfigImage& config;  ///< What VFIO shows.
    const chosen::FunctionProperties& properties;
    const chosen::Target& target;
    const AtsOutcome& ats;
    FunctionView& view;
    bool bars_known = false;
};

/// What becomes of a capability.
struct QemuOutcome {
    bool linked = true;
    chosen::Action action = chosen::Action::Pass;
    std::string why;
    std::string source;
};

/// Applies the row of the capability to the view. `room` are bytes to the next header that VFIO
/// shows, or to the end of the list's space: what QEMU takes for its size.
QemuOutcome apply_qemu_rule(const QemuContext& context, const pci::Capability& capability,
                            std::size_t room);

}  // namespace tenon::model::function
