// A guest that reads and writes configuration space as it likes, and a judge who knows what it must
// not be able to do. Shared by the property test and the fuzzer.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"
#include "tests/support/random_function.hpp"

namespace tenon::support {

/// Lets a guest do what `bytes` say to the function. The first thing that must not happen, in
/// words; empty if all was well.
///
/// The judge does not trust the register map: which bytes a write may reach follows from the
/// decisions and the table of capabilities as well.
std::string misdeed_of_guest(const model::slot::FunctionPlan& function, ByteSource& bytes);

}  // namespace tenon::support
