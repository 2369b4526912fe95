// A tree of files as the kernel shows PCI functions in /sys, /dev and /proc, in a folder of its own
// that goes away with the object.
//
//     FakeSysfs host;
//     host.add({.address = "0000:01:00.0", .config = config, .driver = "vfio-pci", .group = "14"});
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::support {

/// The tree. `sysfs()`, `dev()` and `proc()` are what /sys, /dev and /proc are on a host.
class FakeSysfs {
public:
    /// One function, as its folder shows it.
    struct Function {
        std::string address;                 ///< "0000:01:00.0".
        std::vector<std::byte> config;       ///< 64, 256 or 4096 bytes.
        const char* driver = "";             ///< Empty: none.
        const char* group = "";              ///< Number of its IOMMU group; empty: none.
        const char* vfio = "";               ///< "vfio3" if VFIO has it, empty otherwise.
        const char* physical_function = "";  ///< Address of the PF, for a virtual function.
        const char* numa_node = "-1";
        std::uint16_t vendor = 0x1b36;
        std::uint16_t device = 0x0010;
        std::uint32_t class_code = 0x010802;
    };

    /// A host without a function, of kernel 7.2.12.
    FakeSysfs();
    ~FakeSysfs();
    FakeSysfs(const FakeSysfs&) = delete;
    FakeSysfs& operator=(const FakeSysfs&) = delete;

    std::string sysfs() const { return (root_ / "sys").string(); }
    std::string dev() const { return (root_ / "dev").string(); }
    std::string proc() const { return (root_ / "proc").string(); }

    /// Adds a function below the host bridge, with the device nodes that VFIO makes for it.
    void add(const Function& function);

    /// The file of a function, to be written or removed by hand.
    std::filesystem::path file(std::string_view address, std::string_view name) const;

    /// Writes a file of the tree; makes its folders.
    void write(const std::filesystem::path& path, std::string_view content) const;

    /// Makes a node below dev(), an ordinary empty file here.
    void add_node(std::string_view name) const { write(root_ / "dev" / name, ""); }

private:
    void join_group(const Function& function, const std::filesystem::path& folder) const;
    void serve_by_vfio(const Function& function, const std::filesystem::path& folder) const;

    std::filesystem::path root_;
};

}  // namespace tenon::support
