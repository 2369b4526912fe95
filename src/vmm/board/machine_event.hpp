// What happens to a machine as a whole.
#pragma once

#include "vmm/board/power.hpp"

namespace tenon::vmm::board {

/// For who follows a machine from outside.
struct MachineEvent {
    enum class Kind {
        Paused,
        Resumed,
        PowerButton,  ///< It was pressed.
        Reset,        ///< It starts again.
        Ended,
    };
    Kind kind = Kind::Ended;
    EndCause cause = EndCause::HostCommand;    ///< Of Reset and Ended.
    MachineEnd end = MachineEnd::Interrupted;  ///< Of Ended, unless by Crash.

    bool operator==(const MachineEvent&) const = default;
};

}  // namespace tenon::vmm::board
