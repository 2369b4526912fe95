// Who answers on a control socket.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tenon::vmm::control {

/// Who answers, as the greeting tells it.
struct QmpVersion {
    int major = 0;
    int minor = 0;
    int micro = 0;
    std::string package;  ///< The program's name.
};

/// The version as an object, which `query-version` gives as well. The protocol calls the three
/// numbers "qemu" whoever the server is.
nlohmann::json describe(const QmpVersion& version);

}  // namespace tenon::vmm::control
