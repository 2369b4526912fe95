// Errors of assigned devices: what the guest is told, and whether it keeps the device.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "vmm/slots/chassis.hpp"
#include "vmm/slots/plug_event.hpp"

namespace tenon::vmm::slots {

/// Does what a function's `on-error` says. Not thread-safe: while it works, no function comes or
/// goes.
class DeviceErrors {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        Chassis& chassis;
        board::Warnings& warnings;
        std::function<Result<void>()> pause;  ///< Pauses the machine, and returns when it is.
        PlugListener tell;
    };

    explicit DeviceErrors(Outside outside) : outside_{std::move(outside)} {}

    /// The host was told of an error of the function `id`. Whether it is to be taken away.
    bool failed(const std::string& id);

    /// The function `id` read as if it were not there. Whether it is to be taken away: it has
    /// gone.
    bool missed(const std::string& id);

private:
    bool lost(const std::string& id, assigned::AssignedFunction& function);
    void detach(const std::string& id, const assigned::AssignedFunction& function);
    void show(const std::string& id, const Chassis::Found& failed);

    Outside outside_;
};

}  // namespace tenon::vmm::slots
