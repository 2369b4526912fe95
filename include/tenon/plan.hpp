// What a guest would see of host functions in certain slots, decided beforehand: `tenon plan`.
//
// A Plan is made once, from a request in the words of the command line, and does not change. It is
// the very object that `tenon plan` prints and `tenon run` carries out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/config_space.hpp"
#include "tenon/error.hpp"
#include "tenon/function.hpp"
#include "tenon/known.hpp"
#include "tenon/property.hpp"
#include "tenon/proposal.hpp"
#include "tenon/reason.hpp"

namespace tenon {

/// Whether a function may be opened through VFIO to ask about it. Opening resets it.
enum class Opening { Allowed, Forbidden };

/// What to plan, in the words of `tenon plan --help`.
struct PlanRequest {
    /// `DEVICE[,key=value…]` each: a PCI address of this host, a folder of sysfs, or a file that
    /// holds a capture, the text of `lspci -xxxx` or a copy of sysfs `config`; or all functions of
    /// a host slot, `0b:00.*` or `FILE#0b:00.*`, for which slots are proposed.
    std::vector<std::string> devices;
    // Initialized, so that naming the others alone is no warning.
    // NOLINTBEGIN(readability-redundant-member-init)
    std::vector<std::string> ports = {};  ///< `NAME[,key=value…]` of root ports, in order.
    std::string machine = {};             ///< Machine version; empty: the current one.
    /// What the guest's IOMMU takes: `none`, `pasid`, `pasid=WIDTH`; empty: as the version has it.
    std::string viommu = {};
    std::string memory = {};  ///< `SIZE[,hugepages=…][,node=…]`; empty: 512M.
    std::string cpus = {};    ///< Processors, 1 to 255; empty: one.
    /// Whose guest it is: `tenon`, `qemu[-VERSION][,place=…]`; empty: Tenon's. Not with `machine`.
    std::string target = {};
    /// Devices that are processes, behind all others: the name of an option, "=", and what stands
    /// behind it: `disk=FILE[,key=value…]`, `vhost-user=SOCKET,type=blk`.
    std::vector<std::string> processes = {};
    std::string iommufd = {};  ///< `fd=N`: /dev/iommu, open in this process; empty: by its path.
    std::string kvm = {};      ///< The same of /dev/kvm.
    // NOLINTEND(readability-redundant-member-init)
    Opening opening = Opening::Allowed;
    bool anonymize = false;  ///< The plan names no single device and no site.
};

/// Guest physical addresses or ports that a root port passes on. Size 0: none.
struct Window {
    std::uint64_t base = 0;
    std::uint64_t size = 0;  ///< Bytes.
};

/// A root port of the guest and the slot below it.
struct Port {
    std::string name;
    std::string guest;           ///< "00:01.0"
    unsigned secondary_bus = 0;  ///< The bus behind it.
    std::string link_speed;      ///< "8 GT/s"
    unsigned link_width = 1;     ///< Lanes.
    unsigned max_payload = 128;  ///< Bytes.
    std::string link_why;        ///< Why it shows this link and payload.
    /// Bits of the operands of AtomicOps that it completes, among 32, 64 and 128.
    std::vector<unsigned> atomic_completer;
    Window memory;        ///< For BARs below 4 GiB.
    Window prefetchable;  ///< For 64-bit BARs.
    Window io;
    std::vector<Function> functions;
    std::vector<std::string> warnings;  ///< What a user should know of the port.
    std::vector<Property> properties;
};

/// Memory and processors of the guest.
struct Guest {
    unsigned processors = 1;
    std::uint64_t memory = 0;          ///< Bytes.
    std::vector<Window> parts;         ///< Where it lies, guest physical addresses in order.
    std::uint64_t huge_page = 0;       ///< Bytes; 0: as the host's kernel likes.
    std::optional<unsigned> node;      ///< NUMA node of the host that it comes from.
    Known<unsigned> physical_bits;     ///< Of guest physical addresses.
    Window window64;                   ///< For 64-bit BARs.
    std::vector<Property> properties;  ///< Of the machine as a whole.
};

/// The plan of a machine. Copies share what is inside, which nobody changes; so copies may be used
/// by several threads.
class TENON_API Plan {
public:
    /// Reads what is known of each device and decides.
    ///
    /// A device that cannot be assigned is no error: assignable() is then false, and its reasons
    /// say why. Opens devices of this host that are bound to vfio-pci, if `request` allows that,
    /// and gives them back. Errors: Malformed for words that mean nothing or contradict each other,
    /// and for files with other content; NotFound for a device or file that is not there; or that
    /// of the step.
    static Result<Plan> make(const PlanRequest& request);

    /// The machine version that was planned for.
    const std::string& machine() const;

    /// Whether every function can be assigned and the machine has room for all of it.
    bool assignable() const;

    /// Why the machine as a whole cannot be had: windows too small, places taken.
    const std::vector<Reason>& problems() const;

    /// Every warning of functions, ports and budgets, each once and as a line that says whom it is
    /// of: what `tenon run` prints before a guest starts.
    const std::vector<std::string>& warnings() const;

    /// Memory, processors and what was chosen of the machine.
    const Guest& guest() const;

    /// Root ports with the functions below them, in order of their addresses in the guest.
    const std::vector<Port>& ports() const;

    /// Why devices have their places, for each device of the request that named a host slot.
    const std::vector<SlotProposal>& proposals() const;

    /// The function with this id; null if there is none. Lives as long as the plan or a copy of it.
    const Function* find_function(std::string_view id) const;

    /// The whole plan as `tenon plan --json` prints it; docs/plan-json.md describes it.
    std::string json() const;

    /// Configuration space of a function as the guest's kernel finds it: 4096 bytes, of which the
    /// guest sees Function::config_size. Bits that the device answers have the value that was read
    /// of it.
    /// Errors: NotFound if no function has this id; Unsupported if no guest can see it.
    Result<std::vector<std::byte>> start_bytes(std::string_view id) const;

    /// Configuration space of a function while a guest runs. The plan need not outlive it.
    /// Errors: as start_bytes().
    Result<ConfigSpace> config_space(std::string_view id) const;

    /// The same of a root port, by its name.
    /// Errors: NotFound if no port has this name.
    Result<ConfigSpace> port_config_space(std::string_view name) const;

    /// The same of the host bridge at 00:00.0.
    ConfigSpace host_bridge_config_space() const;

private:
    friend class ConfigSpace;
    struct Inside;

    explicit Plan(std::shared_ptr<const Inside> inside);

    std::shared_ptr<const Inside> inside_;
};

}  // namespace tenon
