// What QEMU's devices are to a PCI bus, by the names of their drivers.
#pragma once

#include <string_view>

namespace tenon::managed::guest {

/// What a device is.
enum class DriverKind {
    RootPort,            ///< PCI Express, onto a root bus.
    UpstreamPort,        ///< Of a switch.
    DownstreamPort,      ///< Of a switch.
    ConventionalBridge,  ///< A conventional bus is behind it, whatever is before it.
    RootExpander,        ///< A root bus of its own (pxb-pcie).
    Function,            ///< Of PCI, without a bus behind it.
    NotPci,
    Unknown,
};

/// By its name; Unknown if it is not known here.
/// Source: `-device help` of QEMU 11.1.
DriverKind kind_of(std::string_view driver);

/// Whether it is an emulated display, so that QEMU leaves its own out.
/// Source: QEMU 11.1, system/vl.c, default_list.
bool is_display(std::string_view driver);

/// Whether it is a vIOMMU that QEMU has for x86.
bool is_viommu(std::string_view driver);

}  // namespace tenon::managed::guest
