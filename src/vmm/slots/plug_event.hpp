// What became of a function that came, goes, or failed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/function/device_error.hpp"
#include "vmm/assigned/function.hpp"

namespace tenon::vmm::slots {

struct PlugEvent {
    enum class Kind {
        Deleted,   ///< It is gone, and given back.
        NotLetGo,  ///< The guest did not let go of it in time; it stays.
        Failed,    ///< The host was told of an error of it.
        Lost,      ///< It answers no more, and will be deleted.
        Warned,    ///< There is something to know of it since something has come or gone.
    };
    Kind kind = Kind::Deleted;
    std::string id;
    model::chosen::ErrorAction action = model::chosen::ErrorAction::Report;  ///< Of Failed.
    assigned::ErrorReport report;       ///< Of Failed, unless by Detach.
    std::vector<std::string> warnings;  ///< Of Warned.

    bool operator==(const PlugEvent&) const = default;
};

/// Who is told; it is to note the event and return.
using PlugListener = std::function<void(const PlugEvent&)>;

}  // namespace tenon::vmm::slots
