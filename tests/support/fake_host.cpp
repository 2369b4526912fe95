#include "tests/support/fake_host.hpp"

#include <fmt/format.h>

#include "host/sysfs/sysfs.hpp"

namespace tenon::support {
namespace {

// Memory decoding on; a capability list with PCI Express, version 2, at 0x40; a 64-bit BAR 0.
pci::ConfigImage endpoint() {
    pci::ConfigImage image{4096};
    image.write<std::uint16_t>(0x00, 0x1b36);
    image.write<std::uint16_t>(0x02, 0x0010);
    image.write<std::uint16_t>(0x04, 0x0002);
    image.write<std::uint16_t>(0x06, 0x0010);
    image.write<std::uint32_t>(0x10, 0x00000004);
    image.write<std::uint8_t>(0x34, 0x40);
    image.write<std::uint16_t>(0x40, 0x0010);
    image.write<std::uint16_t>(0x42, 0x0002);
    return image;
}

}  // namespace

FakeFunction& FakeHost::add(const char* address, const char* group, unsigned node) {
    const auto config = endpoint();
    const auto bytes = config.bytes();
    const auto cdev = fmt::format("vfio{}", node);
    FakeFunction& function = functions_.emplace_back(config);
    function.add_bar(0, 0x4000);
    function.irq(device::IrqIndex::Msix) = {.count = 8, .eventfd = true};
    function.irq(device::IrqIndex::Request) = {.count = 1, .eventfd = true, .noresize = true};

    tree_.add({.address = address,
               .config = {bytes.begin(), bytes.end()},
               .driver = "vfio-pci",
               .group = group,
               .vfio = cdev.c_str()});
    tree_.write(tree_.file(address, fmt::format("vfio-dev/{}/dev", cdev)),
                fmt::format("511:{}\n", node));
    tree_.add_node("vfio/devices/" + cdev);
    tree_.add_node("iommu");
    tree_.add_node("vfio/vfio");
    kernel_.add({.address = address,
                 .function = &function,
                 .group = group,
                 .cdev = cdev,
                 .number = {.major = 511, .minor = node},
                 .device_control_2 = 0x68});
    return function;
}

host::HostPaths FakeHost::paths() const {
    return {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()};
}

device::DeviceFacts FakeHost::facts(const char* address) const {
    return host::sysfs::Sysfs{paths()}.read_facts(address).value();
}

}  // namespace tenon::support
