// A machine as QEMU can have it: names that it takes, ports where it has room for them.
#pragma once

#include "base/result.hpp"
#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// Changes what QEMU, below every manager, cannot have as it was planned, and says so in `lacks`:
/// AtomicOps of a slot with several functions, a slot without function 0, a port where the
/// chipset is. In another place than below ports it has no ports, and slots of that bus.
/// Errors: Unsupported if there is no room for a port or a slot; Malformed for a path that no line
/// of a configuration can have.
Result<Machine> prepared(Machine machine, Prefer prefer);

}  // namespace tenon::managed::emit
