// A kernel with VFIO (group and cdev) and iommufd in it, over functions made of memory. It keeps
// the real one's rules: what is busy, what has to be bound first, what an answer needs room for.
//
//     FakeFunction nvme{config};
//     FakeKernel kernel{"/dev"};
//     kernel.add({.address = "0000:01:00.0", .function = &nvme, .group = "14", .cdev = "vfio3"});
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "host/kernel.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/faults.hpp"

namespace tenon::support {

/// What a system call fails with: an errno.
inline std::unexpected<int> refuse(int os_error) { return std::unexpected(os_error); }

/// The kernel. Everything opened has to be closed before it goes.
class FakeKernel final : public host::Kernel {
public:
    /// A function bound to vfio-pci.
    struct Function {
        std::string address;
        FakeFunction* function = nullptr;  ///< Must outlive the kernel.
        std::string group;
        std::string cdev;  ///< "vfio3".
        host::DeviceNumber number{.major = 511, .minor = 0};
        std::size_t device_control_2 = 0;  ///< Where it is, if questions set a bit in it.
    };

    /// What iommufd says of the IOMMU.
    struct Hardware {
        std::uint32_t type = 0;
        std::uint8_t pasid_width = 0;
        std::uint64_t capabilities = 0;
        std::uint64_t cap_reg = 0;
        std::uint64_t ecap_reg = 0;   ///< Bit 26: it nests, as far as `nests` says.
        bool nests = true;            ///< The kernel does, if the IOMMU can.
        bool attaches_pasids = true;  ///< Linux 6.15.
    };

    /// What this host has. To be changed before anything is opened.
    struct Traits {
        bool container = true;
        bool type1 = true;
        bool iommufd = true;
        std::set<std::string> unviable = {};  ///< Groups of which the host uses a member.
        std::uint64_t lock_limit = ~0ull;
        bool lock_limit_applies = true;
        std::size_t dma_entries = 65535;  ///< Mappings that a container takes.
        bool maps_files = true;           ///< iommufd knows IOMMU_IOAS_MAP_FILE.
        bool bar_files = true;            ///< VFIO knows VFIO_DEVICE_FEATURE_DMA_BUF.
        std::string vf_token = {};        ///< That opening a function takes; empty: none.
        std::uint64_t first_iova = 0;     ///< What its IOMMU translates.
        std::uint64_t last_iova = (1ull << 48) - 1;
        std::optional<Hardware> hardware = {};    ///< None: its IOMMU's driver does not tell.
        std::size_t most_at_once = ~0ull;         ///< Bytes that one read or write moves.
        std::vector<std::byte> device_info = {};  ///< Answer to GET_INFO instead of the right one.
        std::uint32_t region_areas_claimed = 0;   ///< Count in sparse lists, if not the right one.
    };

    explicit FakeKernel(std::string dev) : dev_{std::move(dev)} {}

    void add(const Function& function) { functions_.push_back(function); }
    Traits& traits() { return traits_; }

    /// Faults of every call but close().
    Faults& faults() { return faults_; }

    /// Is told of each request of ioctl(2), in the thread that makes it. May be empty.
    std::function<void(unsigned long request)>& on_request() { return on_request_; }

    /// How many files are open.
    std::size_t open_files() const { return files_.size() + copies_.size(); }

    /// What devices can reach now: size by address.
    const std::map<std::uint64_t, std::uint64_t>& mapped() const;

    /// What one mapping of a container lets devices reach.
    struct DmaMapped {
        std::uint64_t size = 0;
        std::uint64_t memory = 0;  ///< Its address in the process.
        bool read = false;
        bool write = false;

        bool operator==(const DmaMapped&) const = default;
    };
    /// What devices of this group can reach through its container, by address.
    std::map<std::uint64_t, DmaMapped> reached_by(const std::string& group) const;

    /// What was done in an order that is asking for trouble, such as closing a group before its
    /// device. Empty for careful callers.
    const std::vector<std::string>& mistakes() const { return mistakes_; }

    host::Outcome<int> open(const std::string& path) override;
    void close(int file) override;
    host::Outcome<int> duplicate(int file) override;
    host::Outcome<int> ioctl(int file, unsigned long request,
                             std::span<std::byte> argument) override;
    host::Outcome<int> ioctl(int file, unsigned long request, unsigned long argument) override;
    host::Outcome<std::size_t> read(int file, std::span<std::byte> out,
                                    std::uint64_t offset) override;
    host::Outcome<std::size_t> write(int file, std::span<const std::byte> in,
                                     std::uint64_t offset) override;
    Result<Mapping> map(const Mapping::Request& request, std::string_view what) override;
    host::Outcome<host::DeviceNumber> device_number(int file) override;
    std::uint64_t lock_limit() override { return traits_.lock_limit; }
    bool lock_limit_applies() override { return traits_.lock_limit_applies; }

    /// Mappings that were made by file: offset in it by address.
    const std::map<std::uint64_t, std::uint64_t>& mapped_files() const { return mapped_files_; }

    /// Domains of iommufd beside the address space that was made first, by number: size by address.
    std::map<std::uint32_t, std::map<std::uint64_t, std::uint64_t>> domains() const;
    /// What the device at this address is attached to; none: to nothing.
    std::optional<std::uint32_t> place_of(const std::string& address) const;
    /// What PASIDs of it are attached to.
    std::map<std::uint32_t, std::uint32_t> pasids_of(const std::string& address) const;
    /// A page table that was made by name: for PASIDs, or for others to be nested in it.
    struct NamedTable {
        std::uint32_t space = 0;   ///< The address space that it is of.
        bool nest_parent = false;  ///< Others can be nested in it.
        /// Of a nested one: what it is nested in, and where the guest has it.
        std::optional<std::uint32_t> parent = {};
        std::uint64_t root = 0;
        std::uint32_t address_width = 0;
        std::uint64_t flags = 0;
        /// What the kernel was told to forget of it: address and number of pages.
        std::vector<std::pair<std::uint64_t, std::uint64_t>> forgotten = {};
    };
    /// The named table of this number; none: there is none.
    std::optional<NamedTable> named_table(std::uint32_t table) const;
    /// The address space that one is of.
    std::optional<std::uint32_t> space_of(std::uint32_t table) const;
    /// The number of the address space that was made first, and of its kept page table.
    static constexpr std::uint32_t address_space_id = 7;
    static constexpr std::uint32_t page_table_id = 8;

    /// How many address spaces of iommufd, and devices attached to them, there are.
    unsigned address_spaces() const;
    unsigned attached() const;

private:
    using Maps = std::map<std::uint64_t, std::uint64_t>;
    struct ContainerFile {
        std::set<int> groups = {};
        bool started = false;
        Maps maps = {};
        std::map<std::uint64_t, DmaMapped> details = {};  ///< Of the same.
    };
    struct GroupFile {
        std::string group;
        int container = -1;
    };
    struct IommufdFile {
        bool address_space = false;
        Maps maps = {};
        bool page_table = false;  ///< Kept, whoever is attached.
        std::map<std::uint32_t, Maps> domains = {};
        std::map<std::uint32_t, NamedTable> named_tables = {};
        std::uint32_t next_domain = page_table_id + 1;
    };
    struct DeviceFile {
        const Function* function = nullptr;
        int owner = -1;  ///< Its group's file, or its iommufd.
        std::unique_ptr<FakeDevice> opened = nullptr;
        bool attached = false;
        std::uint32_t place = 0;                             ///< What it is attached to.
        std::map<std::uint32_t, std::uint32_t> pasids = {};  ///< What these are attached to.
    };
    /// A dma-buf that was given out; who has it closes its descriptor without us.
    struct DmaBuf {
        FakeFunction* function = nullptr;
        std::uint64_t size = 0;
    };
    using File = std::variant<ContainerFile, GroupFile, IommufdFile, DeviceFile>;
    using Bytes = std::span<std::byte>;

    int number(File file);
    /// The number that a file was opened by, for a copy of it.
    int original(int file) const;
    template <typename Kind>
    Kind* find(int file);
    bool group_is_open(const std::string& group) const;
    bool group_has_bound(const std::string& group) const;
    unsigned devices_of(int owner) const;
    void leave(int group);

    host::Outcome<int> container_ioctl(ContainerFile& file, unsigned long request, Bytes argument);
    host::Outcome<int> map_dma(ContainerFile& file, Bytes argument) const;
    static host::Outcome<int> unmap_dma(ContainerFile& file, Bytes argument);
    host::Outcome<int> group_ioctl(int number, GroupFile& file, unsigned long request,
                                   Bytes argument);
    host::Outcome<int> iommufd_ioctl(IommufdFile& file, unsigned long request, Bytes argument);
    host::Outcome<int> copy(IommufdFile& file, Bytes argument) const;
    host::Outcome<int> take_out(IommufdFile& file, std::uint32_t id) const;
    static host::Outcome<int> unmap_in(IommufdFile& file, Bytes argument);
    host::Outcome<int> make_table(IommufdFile& file, Bytes argument) const;
    static host::Outcome<int> nest_table(IommufdFile& file, Bytes argument);
    static host::Outcome<int> forget(IommufdFile& file, Bytes argument);
    bool in_use(std::uint32_t id) const;
    host::Outcome<int> device_ioctl(DeviceFile& file, unsigned long request, Bytes argument);
    host::Outcome<int> set_container(int number, GroupFile& file, Bytes argument);
    host::Outcome<int> get_device(int number, const GroupFile& file, Bytes argument);
    host::Outcome<int> hardware_info(Bytes argument) const;
    /// The function whose BAR is mapped at this address of ours; null: it is other memory.
    FakeFunction* bar_at(std::uint64_t address) const;
    host::Outcome<int> map_file(Maps& maps, Bytes argument);
    host::Outcome<int> map_memory(Maps& maps, std::uint64_t at, std::uint64_t size) const;
    host::Outcome<int> iommu_info(Bytes argument) const;
    host::Outcome<int> bind(DeviceFile& file, Bytes argument);
    host::Outcome<int> attach(DeviceFile& file, Bytes argument);
    host::Outcome<int> detach(DeviceFile& file, Bytes argument);
    host::Outcome<int> device_info(DeviceFile& file, Bytes argument) const;
    host::Outcome<int> region_info(DeviceFile& file, Bytes argument) const;
    static host::Outcome<int> irq_info(DeviceFile& file, Bytes argument);
    host::Outcome<int> feature(DeviceFile& file, Bytes argument);
    static host::Outcome<int> set_irqs(DeviceFile& file, Bytes argument);
    std::vector<const Function*> on_bus_with(const Function& function) const;
    bool owned_with(const DeviceFile& file, const Function& other) const;
    host::Outcome<int> hot_reset_info(const DeviceFile& file, Bytes argument);
    host::Outcome<int> hot_reset(const DeviceFile& file, Bytes argument);

    std::string dev_;
    Traits traits_;
    Faults faults_;
    std::function<void(unsigned long)> on_request_;
    std::deque<Function> functions_;  ///< Open files point to them.
    std::map<int, File> files_;
    std::map<int, int> copies_;  ///< Of what; closed before it.
    int next_number_ = 1000;
    std::vector<std::string> mistakes_;
    Maps mapped_files_;
    std::map<int, DmaBuf> dma_bufs_;                       ///< By descriptor; given out last.
    std::map<std::uint64_t, FakeFunction*> bar_mappings_;  ///< By where we mapped them.
};

template <typename Kind>
Kind* FakeKernel::find(int file) {
    const auto found = files_.find(original(file));
    return found == files_.end() ? nullptr : std::get_if<Kind>(&found->second);
}

}  // namespace tenon::support
