#include "tests/support/fake_sysfs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace tenon::support {
namespace {

namespace fs = std::filesystem;

// BAR 0: 16 KiB of 64-bit memory at 0xfe800000; nothing else. IORESOURCE_MEM | MEM_64.
constexpr std::string_view resources =
    "0x00000000fe800000 0x00000000fe803fff 0x0000000000140204\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

// A link at `at`, relative as the kernel's are, unless the name of what it is for is empty.
void link(const fs::path& target, const fs::path& at, std::string_view name = "always") {
    if (name.empty()) return;
    fs::create_directories(at.parent_path());
    fs::create_directories(target);
    fs::create_symlink(fs::relative(target, at.parent_path()), at);
}

}  // namespace

FakeSysfs::FakeSysfs() {
    std::string name = (fs::temp_directory_path() / "tenon-sysfs-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "sys/bus/pci/devices");
    fs::create_directories(root_ / "dev/vfio");
    write(root_ / "proc/sys/kernel/osrelease", "7.2.12-amd64\n");
}

FakeSysfs::~FakeSysfs() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
}

fs::path FakeSysfs::file(std::string_view address, std::string_view name) const {
    return root_ / "sys/devices/pci0000:00" / address / name;
}

void FakeSysfs::write(const fs::path& path, std::string_view content) const {
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << content;
}

void FakeSysfs::add(const Function& function) {
    const fs::path folder = file(function.address, "").parent_path();
    std::string config;
    for (const auto byte : function.config)
        config += static_cast<char>(byte);
    write(folder / "config", config);
    write(folder / "resource", resources);
    write(folder / "vendor", fmt::format("{:#06x}\n", function.vendor));
    write(folder / "device", fmt::format("{:#06x}\n", function.device));
    write(folder / "subsystem_vendor", "0x1af4\n");
    write(folder / "subsystem_device", "0x1100\n");
    write(folder / "class", fmt::format("{:#08x}\n", function.class_code));
    write(folder / "revision", "0x02\n");
    write(folder / "numa_node", fmt::format("{}\n", function.numa_node));
    link(folder, root_ / "sys/bus/pci/devices" / function.address);
    link(root_ / "sys/bus/pci/drivers" / function.driver, folder / "driver", function.driver);
    link(file(function.physical_function, "").parent_path(), folder / "physfn",
         function.physical_function);
    join_group(function, folder);
    serve_by_vfio(function, folder);
}

void FakeSysfs::join_group(const Function& function, const fs::path& folder) const {
    const fs::path group = root_ / "sys/kernel/iommu_groups" / function.group;
    link(group, folder / "iommu_group", function.group);
    link(folder, group / "devices" / function.address, function.group);
}

void FakeSysfs::serve_by_vfio(const Function& function, const fs::path& folder) const {
    const std::string_view vfio{function.vfio};
    const std::string_view group{function.group};
    if (vfio.empty()) return;
    fs::create_directories(folder / "vfio-dev" / vfio);
    if (!group.empty()) add_node(fmt::format("vfio/{}", group));
}

}  // namespace tenon::support
