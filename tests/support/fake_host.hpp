// A host with functions bound to vfio-pci: the tree of files, the kernel behind it, the functions.
#pragma once

#include <deque>
#include <string>

#include "host/paths.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_kernel.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::support {

/// A host. Every function added is a PCI Express endpoint with a BAR 0 of 16 KiB and 8 MSI-X
/// vectors; its Device Control 2 is at 0x68.
class FakeHost {
public:
    FakeHost() = default;

    /// Adds a function. `node` is a number of its own: vfio3 and device 511:3 for 3.
    FakeFunction& add(const char* address, const char* group, unsigned node);

    host::HostPaths paths() const;

    /// What sysfs says of a function that was added.
    device::DeviceFacts facts(const char* address) const;

    FakeSysfs& tree() { return tree_; }
    FakeKernel& kernel() { return kernel_; }

private:
    FakeSysfs tree_;
    std::deque<FakeFunction> functions_;
    FakeKernel kernel_{tree_.dev()};
};

}  // namespace tenon::support
