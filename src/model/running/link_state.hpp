// The link below a root port while the guest runs: whether what is in the slot answers.
//
// The registers are the port's own, in its ConfigState; this sets what the hardware sets. The link
// is trained as soon as it may be: Retrain Link has nothing to do and reads zero.
// Source: PCIe Base Spec 6.0, 7.5.1.3.13, 7.5.3.7, 7.5.3.8.
#pragma once

#include "model/running/config_state.hpp"

namespace tenon::model::running {

/// What came of a write to the port's registers.
struct LinkChange {
    bool reset = false;           ///< The functions below are to be reset, before all else.
    bool active_changed = false;  ///< Data Link Layer Link Active has changed.
};

/// Run-time state of a link. Not thread-safe.
class LinkState {
public:
    /// Works on the registers of `port`, which must outlive it.
    explicit LinkState(ConfigState& port) : port_{port} {}

    /// The guest has written the port's registers.
    LinkChange written();

    /// The port goes by the registers of another plan.
    void followed();

    /// The machine was reset; the registers are as the port's plan has them.
    void restart() { down_ = false; }

    /// Whether functions below can be reached: not while the link is disabled or the bus below is
    /// held in reset.
    bool up() const { return !down_; }

private:
    bool show_active();

    ConfigState& port_;
    bool down_ = false;
};

}  // namespace tenon::model::running
