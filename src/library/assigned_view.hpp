// What a guest of QEMU's sees of each function that a checked configuration assigns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "library/checked.hpp"
#include "model/function/function_view.hpp"

namespace tenon::library {

/// One of them, at its place and with its properties.
struct AssignedView {
    std::size_t device = 0;  ///< Of the configuration.
    std::string host;        ///< "0000:65:00.0"
    std::string by;          ///< By whose rules, and where: "QEMU 11.1, root-bus".
    std::unique_ptr<const model::function::FunctionView> view;  ///< Never null.
    std::uint32_t atomics = 0;           ///< Widths that the port above completes for it.
    std::vector<std::string> left_open;  ///< Properties that may change it and were not looked at.
};

/// Predicts, by the rules of the newest QEMU: each function that the host of the check has facts
/// of and the guest finds. In QEMU's order.
std::vector<AssignedView> view_assigned(const Checked& checked);

/// The capabilities that the guest finds: "PCI Express at 0x40, MSI-X at 0xa0".
std::string capabilities_in_words(const model::function::FunctionView& view);

/// Those of the device that it does not, with the reason: "SR-IOV (QEMU drops it)".
std::vector<std::string> lost_in_words(const model::function::FunctionView& view);

}  // namespace tenon::library
