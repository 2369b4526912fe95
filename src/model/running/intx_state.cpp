#include "model/running/intx_state.hpp"

namespace tenon::model::running {

void IntxState::begin(InterruptActions& actions) {
    attached_ = true;
    actions.emplace_back(action::AttachIntx{delivery_});
    if (enabled_) return;
    enabled_ = true;
    actions.emplace_back(action::EnableIntx{delivery_});
}

void IntxState::settle(bool open, InterruptActions& actions) {
    if (silent_ || open == attached_) return;
    if (open) return begin(actions);
    attached_ = false;
    actions.emplace_back(action::DetachIntx{});
}

void IntxState::leave(InterruptActions& actions) {
    if (attached_) actions.emplace_back(action::DetachIntx{});
    if (enabled_) actions.emplace_back(action::DisableIntx{});
    attached_ = false;
    enabled_ = false;
}

void IntxState::refused(function::IntxDelivery tried, InterruptActions& actions) {
    if (silent_ || tried != delivery_) return;
    leave(actions);
    if (delivery_ == function::IntxDelivery::Irqfd) {
        delivery_ = function::IntxDelivery::Trapped;
        actions.emplace_back(action::Report{.incident = Incident::IntxTrapped});
        return begin(actions);
    }
    silent_ = true;
    actions.emplace_back(action::Report{.incident = Incident::IntxSilent});
}

}  // namespace tenon::model::running
