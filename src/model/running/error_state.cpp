#include "model/running/error_state.hpp"

#include <bit>

#include "model/function/device_error.hpp"
#include "model/slot/root_port.hpp"
#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::running {
namespace {

namespace at = pci::error_reporting;
constexpr auto errors_at = slot::port_register::error_reporting;
constexpr auto express_at = slot::port_register::express;

pci::RootErrorStatus root_status(const ConfigState& port) {
    return pci::RootErrorStatus{port.bytes().read32(errors_at + at::root_status)};
}

void raise(ConfigState& port, std::size_t offset, std::uint16_t bits) {
    port.set(offset, bits, bits);
}

}  // namespace

bool ErrorState::receive(const ErrorMessage& message) {
    raise(port_, pci::header::secondary_status, pci::ReceivedSystemError::mask);
    const pci::BridgeControl control{port_.bytes().read16(pci::header::bridge_control)};
    if (control.get<pci::SerrForwarding>() != 0) record(message);
    return interrupt();
}

bool ErrorState::detect(std::uint16_t requester) {
    const auto& bytes = port_.bytes();
    const auto error = function::choose_error(bytes.read32(errors_at + at::mask),
                                              bytes.read32(errors_at + at::severity));
    raise(port_, express_at + pci::express::device_status, function::device_status_of(error));
    const bool first = bytes.read32(errors_at + at::status) == 0;
    raise(port_, errors_at + at::status, static_cast<std::uint16_t>(error.status));
    raise(port_, errors_at + at::status + 2, static_cast<std::uint16_t>(error.status >> 16));
    if (first && error.status != 0)
        port_.set(errors_at + at::control, pci::FirstErrorPointer::mask,
                  static_cast<std::uint16_t>(std::countr_zero(error.status)));
    const auto command = bytes.read16(pci::header::command);
    const auto control = bytes.read16(express_at + pci::express::device_control);
    if (function::may_send(error, command, control))
        record({.requester = requester, .fatal = error.fatal});
    return interrupt();
}

// Who was first is kept until the guest has seen it.
void ErrorState::record(const ErrorMessage& message) {
    const bool first = root_status(port_).get<pci::UncorrectableReceived>() == 0;
    std::uint16_t bits = message.fatal ? pci::FatalReceived::mask : pci::NonFatalReceived::mask;
    bits |= pci::UncorrectableReceived::mask;
    if (!first) bits |= pci::UncorrectablesReceived::mask;
    if (first && message.fatal) bits |= pci::FirstUncorrectableFatal::mask;
    raise(port_, errors_at + at::root_status, bits);
    // The upper half is of uncorrectable errors.
    if (first) port_.set(errors_at + at::source + 2, 0xffff, message.requester);
}

bool ErrorState::written() { return interrupt(); }

// Sent when the first enabled error comes, and not again before all are cleared.
// Source: PCIe Base Spec 6.0, 6.2.4.1.2.
bool ErrorState::interrupt() {
    const pci::RootErrorCommand command{port_.bytes().read32(errors_at + at::root_command)};
    const auto status = root_status(port_);
    const bool pending =
        (command.get<pci::NonFatalReportingEnable>() != 0 &&
         status.get<pci::NonFatalReceived>() != 0) ||
        (command.get<pci::FatalReportingEnable>() != 0 && status.get<pci::FatalReceived>() != 0);
    const bool send = pending && !notified_;
    notified_ = pending;
    return send;
}

}  // namespace tenon::model::running
