// The guest's two lists of capabilities, made from the host's.
#pragma once

#include "device/facts.hpp"
#include "model/function/function_view.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// Decides each capability and writes the lists into the view's register map, in the device's
/// order.
///
/// `config` are the device's bytes as the view takes them. The view has its BARs already.
void view_capabilities(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                       const HostLists& lists, const chosen::FunctionProperties& properties,
                       FunctionView& view);

/// What can be said of the properties where nothing past the header was read.
void view_unread_capabilities(const device::DeviceFacts& facts,
                              const chosen::FunctionProperties& properties, FunctionView& view);

/// The decisions for a function that no guest will ever see: everything stays with the host.
std::vector<chosen::Decision> decisions_without_guest(const pci::Capabilities& capabilities,
                                                      const std::string& why);

}  // namespace tenon::model::function
