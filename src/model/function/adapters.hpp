// Capabilities whose registers need more than their table row says: one function, one file each.
//
// An adapter runs after the row's own rule was applied to the capability's bytes; it changes the
// register map, notes what the rest of the plan needs in the view, and says what came of it.
#pragma once

#include <string>

#include "model/function/function_view.hpp"
#include "pci/capability.hpp"
#include "pci/capability_table.hpp"

namespace tenon::model::function {

/// What an adapter works on. `config` are the device's bytes as the view takes them.
struct AdaptContext {
    const pci::ConfigImage& config;
    FunctionView& view;
    /// Whether the view's BARs are all there are. A dump shows no BAR that had no address, and none
    /// of a virtual function.
    bool bars_known = false;
};

/// What the guest gets of the capability in the end, and why.
struct Adapted {
    chosen::Action action;
    std::string why;
};

/// Power Management: the power state is ours to read and passed to the kernel.
Adapted adapt_power_management(const AdaptContext& context, const pci::Capability& capability);
/// MSI: all of it is ours.
Adapted adapt_msi(const AdaptContext& context, const pci::Capability& capability);
/// MSI-X: enable and mask are ours; hidden where table or pending bits are not inside their BAR.
Adapted adapt_msix(const AdaptContext& context, const pci::Capability& capability);
/// PCI Express: the type fits the place below a root port; a function reset goes through us.
Adapted adapt_express(const AdaptContext& context, const pci::Capability& capability);
/// Advanced Features: a function reset goes through us.
Adapted adapt_advanced_features(const AdaptContext& context, const pci::Capability& capability);
/// Advanced Error Reporting: where errors of the host are shown.
Adapted adapt_error_reporting(const AdaptContext& context, const pci::Capability& capability);
/// Resizable BAR: the present size of each BAR is the only one on offer.
Adapted adapt_resizable_bar(const AdaptContext& context, const pci::Capability& capability);

}  // namespace tenon::model::function
