#include "model/function/device_error.hpp"

#include <array>

#include "pci/error_reporting.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::function {

ShownError choose_error(std::uint32_t mask, std::uint32_t severity) {
    constexpr std::array<std::uint32_t, 10> order{pci::UncorrectableInternalError::mask,
                                                  pci::DataLinkProtocolError::mask,
                                                  pci::MalformedTlp::mask,
                                                  pci::ReceiverOverflow::mask,
                                                  pci::FlowControlProtocolError::mask,
                                                  pci::CompletionTimeout::mask,
                                                  pci::CompleterAbort::mask,
                                                  pci::PoisonedTlpReceived::mask,
                                                  pci::UnexpectedCompletion::mask,
                                                  pci::UnsupportedRequestError::mask};
    for (const bool fatal : {true, false})
        for (const auto bit : order)
            if ((mask & bit) == 0 && ((severity & bit) != 0) == fatal)
                return {.status = bit, .fatal = fatal};
    return {};
}

std::uint16_t device_status_of(const ShownError& error) {
    if (error.status == 0) return 0;
    return error.fatal ? pci::FatalErrorDetected::mask : pci::NonFatalErrorDetected::mask;
}

bool may_send(const ShownError& error, std::uint16_t command, std::uint16_t device_control) {
    if (error.status == 0) return false;
    const pci::DeviceControl control{device_control};
    const auto enabled = error.fatal ? control.get<pci::FatalErrorReportingEnable>()
                                     : control.get<pci::NonFatalErrorReportingEnable>();
    return enabled != 0 || pci::Command{command}.get<pci::SerrEnable>() != 0;
}

}  // namespace tenon::model::function
