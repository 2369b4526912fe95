#include "library/gather.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"
#include "capture/file.hpp"
#include "device/driver.hpp"
#include "host/dma_limits.hpp"
#include "host/kernel.hpp"
#include "host/opened_file.hpp"
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

Result<Asked> ask_vfio(device::OpenedFunctions& opened, const Asking& asking) {
    TENON_TRY(device, opened.open(*asking.facts, asking.access), "");
    auto asked = device->facts();
    if (!asked) {
        // Nobody is to get a function that does not answer.
        opened.take(*asking.facts->address);
        return std::unexpected(std::move(asked).error());
    }
    TENON_TRY_DO(restore_requester_enable(*device, *asking.facts, *asked), "");
    return Asked{.vfio = *std::move(asked), .iommu = device->iommu()};
}

// What the kernel says of AtomicOps; older ones say nothing, and nothing where none completes.
Known<std::uint32_t> atomics_of(const device::VfioFacts& vfio) {
    if (vfio.info.atomic_completer) return *vfio.info.atomic_completer;
    return Unknown{"VFIO does not tell: the kernel is too old for it, or no width completes"};
}

bool is_folder(std::string_view path) {
    std::error_code error;
    return path.contains('/') && std::filesystem::is_directory(path, error);
}

}  // namespace

Host this_host() {
    return {.sysfs = host::Sysfs{},
            .make_opener =
                [](device::Interface interface, std::span<const DeviceFacts> functions,
                   std::optional<int> iommufd) {
                    return host::make_opener(interface, functions, iommufd);
                },
            .find_function_of =
                [](int file) { return host::find_function_of(host::linux_kernel(), {}, file); },
            .check_is_iommufd =
                [](int file) { return host::check_is_iommufd(host::linux_kernel(), {}, file); },
            .dma_limits = [] { return host::read_dma_limits(host::linux_kernel(), {}); }};
}

Result<DeviceFacts> read_facts(const Host& host, std::string_view named) {
    if (pci::Address::parse(named) || is_folder(named)) return host.sysfs.read_facts(named);
    auto facts = capture::read_capture(named);
    if (!facts && facts.error().os_error == ENOENT)
        facts.error().hint =
            "A device is a PCI address (lspci -D lists them), a folder of sysfs, or a file";
    return facts;
}

bool can_be_asked(const DeviceFacts& facts) {
    return facts.origin == device::Origin::Live && facts.driver &&
           device::is_vfio_driver(*facts.driver);
}

void ask(device::OpenedFunctions& opened, std::span<const Asking> functions) {
    std::map<device::Interface, std::vector<DeviceFacts>> by_interface;
    for (const auto& asking : functions)
        by_interface[asking.access.interface].push_back(*asking.facts);
    std::map<device::Interface, Result<void>> prepared;
    for (const auto& [interface, facts] : by_interface)
        prepared.emplace(interface, opened.prepare(interface, facts));
    for (const auto& asking : functions) {
        auto& facts = *asking.facts;
        const auto& ready = prepared.at(asking.access.interface);
        auto asked = ready ? ask_vfio(opened, asking) : std::unexpected(ready.error());
        if (asked) {
            facts.atomics = atomics_of(asked->vfio);
            facts.vfio = std::move(asked->vfio);
            facts.iommu = std::move(asked->iommu);
        } else {
            facts.vfio = Unknown{asked.error().what};
        }
    }
}

void note_unasked(DeviceFacts& facts, Opening opening) {
    if (facts.origin != device::Origin::Live) return;
    facts.vfio = Unknown{opening == Opening::Forbidden
                             ? "the function was not opened, as --no-open says"
                             : "the function was not opened, since it is not bound to vfio-pci"};
}

Result<DeviceFacts> gather_facts(const Host& host, std::string_view named,
                                 device::Interface interface, Opening opening) {
    auto facts = read_facts(host, named);
    if (!facts) return facts;
    if (opening == Opening::Forbidden || !can_be_asked(*facts)) {
        note_unasked(*facts, opening);
        return facts;
    }
    device::OpenedFunctions opened{[&](device::Interface wanted, std::span<const DeviceFacts> of) {
        return host.make_opener(wanted, of, std::nullopt);
    }};
    ask(opened, std::array{Asking{.facts = &*facts, .access = {.interface = interface}}});
    return facts;
}

}  // namespace tenon::library
