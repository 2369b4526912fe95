// The AtomicOps of a slot: the decision, and its reasons in words.
#pragma once

#include <span>
#include <string>

#include "model/slot/slot_view.hpp"

namespace tenon::model::slot {

/// Decides from the functions of the slot, in order of their numbers, and fills in `slot`: widths,
/// reasons, what would change them, warnings, and each function's part, which is there already.
void view_atomics(const std::string& port, const SlotRules& rules,
                  std::span<const function::FunctionView* const> functions, SlotView& slot);

}  // namespace tenon::model::slot
