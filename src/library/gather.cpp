#include "library/gather.hpp"

#include <array>
#include <filesystem>
#include <system_error>

#include "base/bytes.hpp"
#include "capture/file.hpp"
#include "host/opener.hpp"
#include "pci/address.hpp"
#include "pci/capability.hpp"
#include "pci/express.hpp"

namespace tenon::library {
namespace {

using device::DeviceFacts;

// AtomicOp Requester Enable in Device Control 2. Source: PCIe Base Spec 6.0, 7.5.3.16.
constexpr std::uint16_t requester_enable = 0x0040;

// Asking for AtomicOps sets the bit in the device. Puts back what the device had before it was
// opened. Source: Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_info_atomic_cap.
Result<void> restore_requester_enable(device::DeviceControl& device, const DeviceFacts& before,
                                      device::VfioFacts& asked) {
    const auto express = pci::list_capabilities(asked.config)
                             .find(pci::CapabilityList::Standard, pci::capability_id::pci_express);
    if (!express) return {};
    const std::size_t at = express->at + pci::express::device_control_2;
    if (!before.physical || before.physical->known() < at + 2) return {};
    if ((before.physical->read16(at) & requester_enable) != 0) return {};

    std::array<std::byte, 2> bytes{};
    TENON_TRY_DO(device.read(device::config_region, at, bytes), "reading Device Control 2");
    const auto now = load<std::uint16_t>(bytes, 0);
    if ((now & requester_enable) == 0) return {};
    const auto restored = static_cast<std::uint16_t>(now & ~requester_enable);
    store<std::uint16_t>(bytes, 0, restored);
    TENON_TRY_DO(device.write(device::config_region, at, bytes), "restoring Device Control 2");
    asked.config.write<std::uint16_t>(at, restored);
    return {};
}

// What an opened function tells.
struct Asked {
    device::VfioFacts vfio;
    device::IommuFacts iommu;
};

Result<Asked> ask_vfio(const Host& host, const DeviceFacts& facts, device::Interface interface) {
    TENON_TRY(opener, host.make_opener(interface, std::span{&facts, 1}), "");
    TENON_TRY(device, opener->open(facts), "");
    TENON_TRY(asked, device->facts(), "");
    TENON_TRY_DO(restore_requester_enable(*device, facts, asked), "");
    return Asked{.vfio = std::move(asked), .iommu = device->iommu()};
}

// What the kernel says of AtomicOps; older ones say nothing, and nothing where none completes.
Known<std::uint32_t> atomics_of(const device::VfioFacts& vfio) {
    if (vfio.info.atomic_completer) return *vfio.info.atomic_completer;
    return Unknown{"VFIO does not tell: the kernel is too old for it, or no width completes"};
}

// vfio-pci, or a variant of it such as mlx5_vfio_pci.
bool is_vfio_driver(const Known<std::string>& driver) { return driver && driver->contains("vfio"); }

bool is_folder(std::string_view path) {
    std::error_code error;
    return path.contains('/') && std::filesystem::is_directory(path, error);
}

}  // namespace

Host this_host() {
    return {.sysfs = host::Sysfs{},
            .make_opener = [](device::Interface interface, std::span<const DeviceFacts> functions) {
                return host::make_opener(interface, functions);
            }};
}

Result<DeviceFacts> gather_facts(const Host& host, std::string_view named,
                                 device::Interface interface, Opening opening) {
    if (!pci::Address::parse(named) && !is_folder(named)) {
        auto facts = capture::read_capture(named);
        if (!facts && facts.error().os_error == ENOENT)
            facts.error().hint =
                "A device is a PCI address (lspci -D lists them), a folder of sysfs, or a file";
        return facts;
    }
    auto facts = host.sysfs.read_facts(named);
    if (!facts) return facts;
    if (opening == Opening::Forbidden) {
        facts->vfio = Unknown{"the function was not opened, as --no-open says"};
    } else if (!is_vfio_driver(facts->driver)) {
        facts->vfio = Unknown{"the function was not opened, since it is not bound to vfio-pci"};
    } else if (auto asked = ask_vfio(host, *facts, interface)) {
        facts->atomics = atomics_of(asked->vfio);
        facts->vfio = std::move(asked->vfio);
        facts->iommu = std::move(asked->iommu);
    } else {
        facts->vfio = Unknown{asked.error().what};
    }
    return facts;
}

}  // namespace tenon::library
