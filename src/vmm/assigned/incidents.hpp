// What happened to a function's interrupts that nobody asked for: in words, and as data.
#pragma once

#include <string>

#include "model/running/interrupt_action.hpp"

namespace tenon::vmm::assigned {

/// The incident in one line, without the function's name. `why` is what the host said, or empty.
std::string describe(const model::running::action::Report& report, const std::string& why);

}  // namespace tenon::vmm::assigned
