#include "vmm/assigned/incidents.hpp"

#include <fmt/core.h>

namespace tenon::vmm::assigned {
namespace {

std::string because(std::string what, const std::string& why) {
    return why.empty() ? what : fmt::format("{}: {}", what, why);
}

}  // namespace

std::string describe(const model::running::action::Report& report, const std::string& why) {
    using enum model::running::Incident;
    switch (report.incident) {
        case NoInterrupt:
            return fmt::format(
                "vector {}: the guest gave it the message address {:#x}, which is no interrupt; it "
                "is not delivered",
                report.vector, report.message.address);
        case NotEnabled:
            return because("message interrupts cannot be switched on in the device", why);
        case Silent:
            return because(fmt::format("vector {} stays silent", report.vector), why);
        case FewerVectors:
            return because(fmt::format("MSI has only {} vector{}, the others stay silent",
                                       report.vector, report.vector == 1 ? "" : "s"),
                           why);
        case Relayed:
            return because(fmt::format("vector {}, and others that KVM refuses, are delivered by "
                                       "Tenon, slower",
                                       report.vector),
                           why);
        case IntxTrapped:
            return because("INTx is delivered by Tenon, with BARs trapped meanwhile", why);
        case IntxSilent:
            return because("INTx stays silent", why);
        case NotSwitchedOff:
            return because("interrupts are not wholly switched off", why);
    }
    return why;
}

}  // namespace tenon::vmm::assigned
