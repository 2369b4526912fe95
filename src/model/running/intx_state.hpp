// INTx of one function: off, or led to the guest's pin, or kept back by Interrupt Disable. Pure.
#pragma once

#include <compare>
#include <cstdint>

#include "model/running/interrupt_action.hpp"

namespace tenon::model::running {

/// Not thread-safe.
class IntxState {
public:
    explicit IntxState(function::IntxDelivery delivery) : delivery_{delivery} {}

    /// What the guest's registers say: `open` unless Interrupt Disable is set.
    /// The host's INTx is switched on when it is first needed, and stays on until leave().
    void settle(bool open, InterruptActions& actions);

    /// The function leaves INTx: MSI or MSI-X was switched on, or nothing can raise it.
    void leave(InterruptActions& actions);

    /// The shell could not attach or enable INTx in the way that `tried` says.
    void refused(function::IntxDelivery tried, InterruptActions& actions);

    auto operator<=>(const IntxState&) const = default;

private:
    void begin(InterruptActions& actions);

    function::IntxDelivery delivery_;
    bool attached_ = false;
    bool enabled_ = false;
    bool silent_ = false;  ///< Neither way works.
};

}  // namespace tenon::model::running
