#include "library/gather.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "device/driver.hpp"
#include "host/dma_limits.hpp"
#include "host/guest_address_bits.hpp"
#include "host/kernel.hpp"
#include "host/opened_file.hpp"
#include "host/opener.hpp"
#include "host/sysfs/interrupt_lines.hpp"
#include "host/sysfs/users.hpp"
#include "library/recorded.hpp"
#include "pci/address.hpp"

namespace tenon::library {
namespace {

using device::DeviceFacts;

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
    return Asked{.vfio = *std::move(asked), .iommu = device->iommu()};
}

// What the kernel says of AtomicOps; older ones say nothing, and nothing where none completes.
Known<std::uint32_t> atomics_of(const device::VfioFacts& vfio) {
    if (vfio.info.atomic_completer) return *vfio.info.atomic_completer;
    return Unknown{"VFIO does not tell: the kernel is too old for it, or no width completes"};
}

Result<DeviceFacts> read_file_of(std::string_view named) {
    auto facts = read_recorded(named);
    if (!facts && facts.error().os_error == ENOENT)
        facts.error().hint =
            "A device is a PCI address (lspci -D lists them), a folder of sysfs, or a file";
    return facts;
}

// By itself, so that the facts are made where they go: they are too large for a frame more.
Result<DeviceFacts> read_live(const Host& host, std::string_view named) {
    auto facts = host.sysfs.read_facts(named);
    if (!facts || !facts->address) return facts;
    facts->line = host::sysfs::InterruptLines{host.sysfs}.of(*facts->address);
    host::sysfs::Users{host.sysfs.paths()}.add_to(*facts);
    return facts;
}

// A folder is named by a path; a word alone is an address, or a file here.
bool is_folder(std::string_view path) {
    std::error_code error;
    return path.contains('/') && std::filesystem::is_directory(path, error);
}

}  // namespace

Host this_host() {
    return {.sysfs = host::sysfs::Sysfs{},
            .make_opener =
                [](device::Interface interface, std::span<const DeviceFacts> functions,
                   std::optional<int> iommufd) {
                    return host::make_opener(interface, functions, iommufd);
                },
            .find_function_of =
                [](int file) { return host::find_function_of(host::linux_kernel(), {}, file); },
            .check_is_iommufd =
                [](int file) { return host::check_is_iommufd(host::linux_kernel(), {}, file); },
            .check_is_kvm = [](int file) { return host::check_is_kvm(host::linux_kernel(), file); },
            .dma_limits = [] { return host::read_dma_limits(host::linux_kernel(), {}); },
            .physical_bits =
                [](std::optional<int> kvm) {
                    return host::read_guest_address_bits(host::linux_kernel(), kvm);
                },
            .make_opener_behind_iommu =
                [](device::Interface interface, std::span<const DeviceFacts> functions,
                   std::optional<int> iommufd) {
                    return host::make_opener(interface, functions, iommufd, host::linux_kernel(),
                                             {}, host::Spaces::BehindIommu);
                }};
}

bool is_of_this_host(const Host& host, std::string_view named) {
    return pci::Address::parse(named) || (is_folder(named) && host.sysfs.owns(named));
}

Result<DeviceFacts> read_facts(const Host& host, std::string_view named) {
    return is_of_this_host(host, named) ? read_live(host, named) : read_file_of(named);
}

bool can_be_asked(const DeviceFacts& facts) {
    return facts.origin == device::Origin::Live && facts.driver &&
           device::is_vfio_driver(*facts.driver);
}

void ask(device::OpenedFunctions& opened, std::span<const Asking> functions) {
    std::map<device::AccessKind, std::vector<DeviceFacts>> by_kind;
    for (const auto& asking : functions)
        by_kind[device::kind_of(asking.access)].push_back(*asking.facts);
    std::map<device::AccessKind, Result<void>> prepared;
    for (const auto& [kind, facts] : by_kind)
        prepared.emplace(kind, opened.prepare(kind, facts));
    for (const auto& asking : functions) {
        auto& facts = *asking.facts;
        const auto& ready = prepared.at(device::kind_of(asking.access));
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
    device::OpenedFunctions opened{host.make_opener};
    ask(opened, std::array{Asking{.facts = &*facts, .access = {.interface = interface}}});
    return facts;
}

}  // namespace tenon::library
