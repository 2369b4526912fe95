// Commands of the control socket, carried out without a socket.
#pragma once

#include "vmm/control/qmp_session.hpp"

namespace tenon::vmm {

/// The command's answer, also of one that is worked on elsewhere.
inline Result<nlohmann::json> carry_out(const control::QmpCommand& command,
                                        const nlohmann::json& arguments, control::QmpFiles& files) {
    if (command.run) return command.run(arguments, files);
    TENON_TRY(work, command.begin(arguments, files), "");
    return work();
}

}  // namespace tenon::vmm
