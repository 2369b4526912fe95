// A function as QEMU's vfio-pci shows it to its guest: predicted, by QEMU's rules instead of ours.
//
// QEMU starts from what VFIO shows, keeps some registers itself, and links both lists anew. Unlike
// Tenon it reads every other byte from the device, also what is in no list any more, and forwards
// every write; what the kernel takes of it is the kernel's affair.
#pragma once

#include "device/facts.hpp"
#include "model/chosen/target.hpp"
#include "model/function/function_view.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// Writes header and capabilities into the view, which has ids, BARs and INTx already. What keeps
/// QEMU from starting is a reason, what it leaves open to the guest a warning.
void view_as_qemu(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                  const HostLists& lists, const chosen::FunctionProperties& properties,
                  const chosen::Target& target, FunctionView& view);

/// The option ROM that QEMU shows: none of devices whose ROM it does not trust.
/// Source: QEMU, hw/vfio/pci.c, vfio_pci_size_rom().
chosen::RomRequest rom_of_qemu(const FunctionView& view, const chosen::RomRequest& rom);

/// Moves the MSI-X table, as x-msix-relocation does. Source: the same, vfio_pci_relocate_msix().
void relocate_msix_as_qemu(const chosen::FunctionProperties& properties, FunctionView& view);

}  // namespace tenon::model::function
