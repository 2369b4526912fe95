// What `tenon list` shows: every function of a host with its group, and whether it can be assigned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "library/gather.hpp"
#include "model/chosen/decision.hpp"
#include "pci/address.hpp"

namespace tenon::library {

/// One function.
struct ListedFunction {
    pci::Address address;
    std::string name;  ///< From pci.ids; or its ids and class.
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint32_t class_code = 0;
    bool ids_known = true;          ///< Vendor and device; else they are 0 or those of no vendor.
    bool class_known = true;        ///< Else it is 0.
    Known<std::string> driver;      ///< Empty: none.
    std::optional<unsigned> group;  ///< IOMMU group; none: not in one, or not known.
    bool bridge = false;            ///< Stays with the host whatever becomes of its group.
    bool host_part = false;         ///< So does a host bridge, an IOMMU and their like.
    std::optional<pci::Address> above;   ///< The bridge that it is behind; none: on a root bus.
    std::optional<unsigned> bus_behind;  ///< Of a bridge, the number of the bus behind it.
    std::optional<unsigned> numa_node;   ///< None: the host does not say.
    /// Widths of AtomicOps that it completes itself (device::atomics_32 and its like), and whether
    /// it routes them; none: its registers do not say.
    std::optional<std::uint32_t> completes;
    bool routes = false;
    bool assignable = false;
    std::vector<model::chosen::Reason> reasons;
    std::vector<std::string> unknowns;
    std::size_t times = 1;  ///< How often a file has its address; this is the first of them.
    std::string use{};      ///< What the host uses it for first: "holds / (vda1)"; empty: nothing.

    bool stays() const { return bridge || host_part; }
};

/// All of them, the members of a group together, groups by their first function.
struct FunctionList {
    std::string file;  ///< What was read; empty: this host.
    std::vector<ListedFunction> functions;
    /// What stands in the way of all that do not stay with the host: said once.
    std::vector<model::chosen::Reason> problems;

    /// Why this one cannot be assigned, once all is mended that is easier to mend and what stands
    /// in the way of all; null if nothing remains.
    const model::chosen::Reason* last_reason(const ListedFunction& function) const;

    /// The functions of each group that have to leave the host together: more than one, without
    /// those that stay.
    std::map<unsigned, std::vector<pci::Address>> moved_together() const;
};

/// Whether a list names single devices and their site; see capture::Anonymizer.
enum class Names { Told, Taken };

/// Reads sysfs alone; opens nothing.
/// Errors: NotFound if this host shows no PCI bus.
Result<FunctionList> list_functions(const Host& host, Names names = Names::Told);

/// The functions of a capture, a dump, a copy of sysfs, or a text of lspci and its like, as if it
/// were the host that the file is of. Of an address that is there more than once, the first, which
/// says so.
/// Errors: as list_recorded(); NotFound if no function in it has an address.
Result<FunctionList> list_functions_of_file(const Host& host, const std::string& path,
                                            Names names = Names::Told);

}  // namespace tenon::library
