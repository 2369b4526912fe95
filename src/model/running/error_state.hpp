// Advanced Error Reporting of a root port while the guest runs: messages in, its interrupt out.
//
// The registers are the port's own, in its ConfigState; this sets those that a guest only reads or
// clears. Source: PCIe Base Spec 6.0, 6.2, 7.8.4.
#pragma once

#include <cstdint>

#include "model/running/config_state.hpp"

namespace tenon::model::running {

/// ERR_FATAL or ERR_NONFATAL, as it comes up a link.
struct ErrorMessage {
    std::uint16_t requester = 0;  ///< Bus, device and function in 8, 5 and 3 bits.
    bool fatal = false;
};

/// Run-time state of a root port's error registers. Not thread-safe.
class ErrorState {
public:
    /// Works on the registers of `port`, which must outlive it.
    explicit ErrorState(ConfigState& port) : port_{port} {}

    /// A message of a function below has come. Whether the port's interrupt is to be sent.
    bool receive(const ErrorMessage& message);

    /// The port itself, which is `requester`, finds an error of what is below it. Whether its
    /// interrupt is to be sent.
    bool detect(std::uint16_t requester);

    /// The guest has written the port's registers. Whether the interrupt is to be sent.
    bool written();

    /// The machine was reset; the registers are as the port's plan has them.
    void restart() { notified_ = false; }

private:
    void record(const ErrorMessage& message);
    bool interrupt();

    ConfigState& port_;
    bool notified_ = false;  ///< Whether an enabled error is pending, which is told once.
};

}  // namespace tenon::model::running
