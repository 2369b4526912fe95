// Everything that is known of one host function, gathered in one place and carried as data.
//
// The facts come from a live host (sysfs, VFIO, iommufd) or from a file. Decisions are made from
// them alone. A fact is known, or unknown with the reason; unknown is never taken for no.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "pci/address.hpp"
#include "pci/config_image.hpp"
#include "pci/express.hpp"

namespace tenon::device {

/// Regions of a PCI function as VFIO numbers them. Source: include/uapi/linux/vfio.h.
inline constexpr unsigned bar_count = 6;
inline constexpr unsigned rom_region = 6;
inline constexpr unsigned config_region = 7;

/// Interrupt indexes as VFIO numbers them. Source: include/uapi/linux/vfio.h.
enum class IrqIndex : std::uint32_t { Intx = 0, Msi = 1, Msix = 2, Error = 3, Request = 4 };
inline constexpr unsigned irq_index_count = 5;

/// A part of a region that may be mapped. Bytes from the region's start.
struct MmapArea {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;

    bool operator==(const MmapArea&) const = default;
};

/// One region as VFIO_DEVICE_GET_REGION_INFO tells it. An absent region has size 0.
struct RegionFacts {
    std::uint64_t size = 0;    ///< Bytes.
    std::uint64_t offset = 0;  ///< Where the region begins in the device's file.
    bool readable = false;
    bool writable = false;
    bool mappable = false;             ///< Some of it may be mapped with mmap(2).
    std::vector<MmapArea> areas;       ///< What of it; empty: all, if mappable.
    bool msix_table_mappable = false;  ///< The pages of the MSI-X table may be mapped as well.

    bool operator==(const RegionFacts&) const = default;
};

/// One interrupt index as VFIO_DEVICE_GET_IRQ_INFO tells it. An absent one has count 0.
struct IrqFacts {
    std::uint32_t count = 0;
    bool eventfd = false;
    bool maskable = false;
    bool automasked = false;
    bool noresize = false;  ///< All vectors are allocated at once: no dynamic allocation.

    bool operator==(const IrqFacts&) const = default;
};

/// What the function behind a file of VFIO is. Source: VFIO_DEVICE_GET_INFO.
struct DeviceInfo {
    bool can_reset = false;  ///< The kernel has a reset that stays inside this function.
    /// Widths whose AtomicOps the path to the root completes: VFIO_PCI_ATOMIC_COMP32 (1),
    /// 64 (2), 128 (4). None if the kernel says nothing.
    std::optional<std::uint32_t> atomic_completer;

    bool operator==(const DeviceInfo&) const = default;
};

/// What VFIO says of the opened function.
struct VfioFacts {
    pci::ConfigImage config;  ///< As VFIO virtualizes it.
    std::array<RegionFacts, config_region + 1> regions{};
    std::array<IrqFacts, irq_index_count> irqs{};
    DeviceInfo info;

    bool operator==(const VfioFacts&) const = default;
};

/// A range of the host's memory or port space, from the `resource` file of sysfs.
struct ResourceFacts {
    std::uint64_t size = 0;   ///< Bytes; 0: not there.
    std::uint64_t flags = 0;  ///< IORESOURCE_ flags. Source: include/linux/ioport.h.

    bool operator==(const ResourceFacts&) const = default;
};
inline constexpr std::uint64_t resource_io = 0x100;
inline constexpr std::uint64_t resource_memory = 0x200;
inline constexpr std::uint64_t resource_prefetch = 0x2000;
inline constexpr std::uint64_t resource_64bit = 0x100000;

/// What a function does for its host, so that taking its driver away would hurt.
enum class UseKind {
    FileSystem,    ///< A mounted one, or a part of one.
    Swap,          ///< Is on it.
    Storage,       ///< Other block devices are made of it.
    Address,       ///< One of the host's in a network.
    Network,       ///< A bridge, a bond or their like is made of it.
    DefaultRoute,  ///< It is the way to everywhere else.
    Display,       ///< The firmware's, a console's, a program's.
    Unclear,       ///< Who uses it cannot be told.
};

/// One such thing.
struct Use {
    UseKind kind = UseKind::Unclear;
    std::string name;  ///< "/ (vda1)", as the host calls it; anonymized facts have none.

    bool operator==(const Use&) const = default;
};

/// Another function of the same IOMMU group.
struct GroupMember {
    pci::Address address;
    std::string driver;            ///< Empty: none is bound.
    bool is_bridge = false;        ///< Header type 1: may stay with its host driver.
    bool driver_known = true;      ///< False: nobody said which driver it has; `driver` is empty.
    std::vector<Use> uses{};       ///< As DeviceFacts::uses; empty where nobody looked.
    std::uint32_t class_code = 0;  ///< 24 bits: class, subclass, interface; 0: not known.

    bool operator==(const GroupMember&) const = default;
};

/// The IOMMU group of the function.
struct GroupFacts {
    unsigned number = 0;
    std::vector<GroupMember> members;  ///< Without the function itself, in address order.

    bool operator==(const GroupFacts&) const = default;
};

/// The interrupt line by which the function's INTx comes on its host.
struct LineFacts {
    unsigned number = 0;                 ///< As /proc/interrupts has it.
    std::vector<GroupMember> functions;  ///< Others that have it too, in address order.
    /// Who else handles it now, by the names that drivers give themselves: "snd_hda_intel:card0".
    std::vector<std::string> handlers;

    bool operator==(const LineFacts&) const = default;
};

/// How VFIO reaches the function on this host.
struct VfioNodes {
    std::string group;     ///< "/dev/vfio/14", or empty if there is none.
    std::string cdev;      ///< "/dev/vfio/devices/vfio3", or empty if there is none.
    bool iommufd = false;  ///< /dev/iommu is there.

    bool operator==(const VfioNodes&) const = default;
};

/// Who the function says it is. The bytes of a virtual function say ffff:ffff instead.
struct Identity {
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint16_t subsystem_vendor = 0;
    std::uint16_t subsystem_device = 0;
    std::uint32_t class_code = 0;  ///< 24 bits: class, subclass, interface.
    std::uint8_t revision = 0;

    bool operator==(const Identity&) const = default;
};

/// The link of the function as the host trained it. Source: sysfs `current_link_speed` and its
/// like.
struct LinkFacts {
    std::string speed;      ///< "8.0 GT/s PCIe", or "Unknown"; as the kernel words it.
    std::string max_speed;  ///< What the function itself could do.
    unsigned width = 0;     ///< Lanes; 0: the link is down.
    unsigned max_width = 0;

    bool operator==(const LinkFacts&) const = default;
};

/// What words say of the PCI Express registers of a function, as lspci prints them: for where
/// nobody has their bytes.
struct ExpressWords {
    pci::PortType type = pci::PortType::Endpoint;
    bool second_registers = false;  ///< It has Device Capabilities 2.
    std::uint32_t completers = 0;   ///< Widths of AtomicOps; atomics_32 and its like.
    bool routes_atomics = false;
    bool blocks_atomics = false;  ///< On egress.

    bool operator==(const ExpressWords&) const = default;
};

/// A bridge between the function and the root.
struct BridgeFacts {
    pci::Address address;
    Known<pci::ConfigImage> config;          ///< Its registers, as sysfs shows them.
    Known<std::string> driver;               ///< Bound to it; empty: none.
    std::optional<ExpressWords> words = {};  ///< Where `config` is not known.

    bool operator==(const BridgeFacts&) const = default;
};

/// The physical function that a virtual one belongs to; it stays with the host.
struct PhysicalFunctionFacts {
    pci::Address address;
    Known<pci::ConfigImage>
        config;  ///< Its registers, as sysfs showed them before anything was opened.

    bool operator==(const PhysicalFunctionFacts&) const = default;
};

/// The PASIDs that the host can translate for the function.
struct PasidFacts {
    unsigned width = 0;       ///< Bits, at most 20; 0: none.
    bool execute = false;     ///< Execute permission may be asked for.
    bool privileged = false;  ///< Privileged mode may be asked for.

    bool operator==(const PasidFacts&) const = default;
};

/// What a unit of Intel VT-d says of itself. Source: VT-d 4.1, 11.4.2, 11.4.3.
struct VtdFacts {
    std::uint64_t capability = 0;
    std::uint64_t extended_capability = 0;

    bool operator==(const VtdFacts&) const = default;
};

/// Addresses that a device may use for DMA, both ends included.
struct IovaRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    bool operator==(const IovaRange&) const = default;
};

/// How an address space of devices takes a BAR of one: by our mapping of it, or by a file of it.
enum class BarMaps { ByAddress, ByFile };

/// Why that is not known of a function that is not open.
inline constexpr auto untold_of_bars = "only functions that are opened on their host tell";

/// What the host's IOMMU does for the function. Source: IOMMU_GET_HW_INFO, IOMMU_IOAS_IOVA_RANGES,
/// VFIO_IOMMU_GET_INFO.
struct IommuFacts {
    Known<PasidFacts> pasid;
    Known<bool> ats;                     ///< False: ATS is not supported, or cannot be used.
    Known<bool> dirty_tracking;          ///< It notes which pages a device has written.
    Known<std::uint32_t> kind;           ///< IOMMU_HW_INFO_TYPE_: 1 Intel VT-d, 2 Arm SMMUv3.
    Known<std::uint64_t> page_sizes;     ///< A bit for each size in bytes.
    Known<VtdFacts> vtd;                 ///< Of the unit above it, if that is one.
    Known<std::vector<IovaRange>> iova;  ///< What may be mapped, with the function attached.
    /// How BARs of others are made reachable for its DMA: by the interface that opened it.
    Known<BarMaps> bar_maps = Unknown{untold_of_bars};
    /// The kernel gives out its BARs as files (dma-buf). Source: VFIO_DEVICE_FEATURE_DMA_BUF.
    Known<bool> bar_files = Unknown{untold_of_bars};

    // Out of line: half a hundred sources would compile them, each for itself.
    IommuFacts();
    IommuFacts(const IommuFacts& other);
    IommuFacts(IommuFacts&& other) noexcept;
    IommuFacts& operator=(const IommuFacts& other);
    IommuFacts& operator=(IommuFacts&& other) noexcept;
    ~IommuFacts();
    bool operator==(const IommuFacts& other) const;
};

/// What the kernel lets this process do with memory that devices reach; not of a device.
/// Source: getrlimit(2), capabilities(7), drivers/vfio/vfio_iommu_type1.c.
struct DmaLimits {
    std::uint64_t lock_limit = 0;  ///< Bytes (RLIMIT_MEMLOCK); all ones: none.
    bool lock_limit_applies = true;
    std::uint64_t locked = 0;      ///< Bytes that this process has locked already.
    Known<std::uint32_t> entries;  ///< Mappings of one container of the group interface.

    bool operator==(const DmaLimits&) const = default;
};

/// Widths of AtomicOps, as bits of a mask. Source: VFIO_PCI_ATOMIC_COMP32, 64, 128.
inline constexpr std::uint32_t atomics_32 = 1;
inline constexpr std::uint32_t atomics_64 = 2;
inline constexpr std::uint32_t atomics_128 = 4;

/// What a text says of a function of which it has no bytes.
struct Words {
    std::string name;  ///< Of vendor and device, as the text has it; may be empty.
    std::optional<std::uint32_t> class_code;  ///< 24 bits, as in Identity.
    bool is_bridge = false;
    std::optional<ExpressWords> express;
    std::vector<std::string> told;      ///< Sentences, without a full stop.
    std::vector<std::string> warnings;  ///< The same, of what went wrong.
    std::vector<std::string> refusals;  ///< The same, of why nobody gets it as things are.

    bool operator==(const Words&) const = default;
};

/// Where the facts come from: this host, a dump of bytes, or what a live host wrote down of itself.
enum class Origin { Live, File, Capture };

/// All of it.
struct DeviceFacts {
    std::string source;  ///< What the user named: an address, or a file.
    Origin origin = Origin::File;
    Known<pci::Address> address;       ///< On its host.
    Known<pci::ConfigImage> physical;  ///< The bytes of the hardware: sysfs config, or a dump.
    Known<VfioFacts> vfio;
    Known<std::array<ResourceFacts, bar_count + 1>> resources;  ///< BAR 0 to 5, then the ROM.
    Known<GroupFacts> group;
    Known<std::string> driver;  ///< Bound on the host; empty: none.
    Known<VfioNodes> nodes;
    Known<bool> virtual_function;  ///< Of an SR-IOV device: its ids and BARs are not its own.
    Known<PhysicalFunctionFacts> physical_function;  ///< Of a virtual function alone.
    Known<int> numa_node;                            ///< -1: the host does not say.
    Known<std::string> kernel;                       ///< Release of the host's kernel.
    /// As the host's kernel has it; right for a virtual function too.
    Known<Identity> identity = Unknown{"not read"};
    /// False: no IOMMU translates its DMA; `group` is then unknown, or one that VFIO made up.
    Known<bool> has_iommu = Unknown{"not read"};
    Known<LinkFacts> link;
    /// Ways in which the kernel can reset the function, the one it takes first: "flr", "bus".
    Known<std::vector<std::string>> reset_methods;
    Known<std::vector<BridgeFacts>> path;  ///< The bridges above it, the nearest one first.
    /// What a reset of the bus above it would reset beside it, in address order; bridges and what
    /// is behind them too.
    Known<std::vector<GroupMember>> bus_neighbours = Unknown{"not read"};
    IommuFacts iommu;
    /// Widths of AtomicOps that complete on the way to the host's memory: atomics_32 and its like.
    Known<std::uint32_t> atomics;
    std::optional<Words> words = {};  ///< What a text says of it beside, or instead of, bytes.
    Known<LineFacts> line = Unknown{"not read"};         ///< Of its INTx.
    Known<std::vector<Use>> uses = Unknown{"not read"};  ///< By its host. Empty: none was found.

    // Out of line: half a hundred sources would compile them, each for itself.
    DeviceFacts();
    explicit DeviceFacts(std::string named, Origin from = Origin::File);
    DeviceFacts(const DeviceFacts& other);
    DeviceFacts(DeviceFacts&& other) noexcept;
    DeviceFacts& operator=(const DeviceFacts& other);
    DeviceFacts& operator=(DeviceFacts&& other) noexcept;
    ~DeviceFacts();
    bool operator==(const DeviceFacts& other) const;
};

}  // namespace tenon::device
