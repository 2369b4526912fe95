#include "cli/hand_over.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A host with functions at 01:00.0, which VFIO has as vfio3, and 02:00.0, which it has not.
class HandOver : public testing::Test {
protected:
    HandOver() {
        add("0000:01:00.0", "vfio-pci", "vfio3");
        add("0000:02:00.0", "nvme", "");
        tree_.add_node("vfio/devices/vfio3");
        tree_.add_node("kvm");
        tree_.add_node("iommu");
        std::filesystem::create_directories(folder_);
        std::ofstream{kernel_} << "kernel";
        arguments_.kernel = kernel_;
    }
    ~HandOver() override {
        std::filesystem::remove(kernel_);
        std::filesystem::remove_all(folder_);
    }

    void add(const char* address, const char* driver, const char* vfio) {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        tree_.add({.address = address,
                   .config = {image.bytes().begin(), image.bytes().end()},
                   .driver = driver,
                   .group = "14",
                   .vfio = vfio});
    }

    Result<HandedOver> hand_over() const {
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        return cli::hand_over(host, arguments_);
    }

    std::string error() const {
        const auto made = hand_over();
        return made ? "none" : to_string(made.error());
    }

    // The path of the file that an option "…fd=N" means.
    static std::string path_of(const std::string& option) {
        const auto number = option.substr(option.rfind("fd=") + 3);
        return std::filesystem::read_symlink("/proc/self/fd/" + number).string();
    }

    support::FakeSysfs tree_;
    std::string kernel_ = testing::TempDir() + "hand_over_kernel";
    std::string folder_ = testing::TempDir() + "hand_over_folder";
    RunArguments arguments_;
};

TEST_F(HandOver, OpensAllThatIsNamedByAPath) {
    arguments_.initrd = kernel_;
    arguments_.machine.devices = {"01:00.0,id=disk"};
    const auto made = hand_over();
    ASSERT_TRUE(made) << to_string(made.error());
    const auto& run = made->arguments;
    EXPECT_EQ(path_of(run.kernel), kernel_);
    EXPECT_EQ(path_of(run.initrd), kernel_);
    EXPECT_THAT(run.machine.devices[0], StartsWith("01:00.0,id=disk,fd="));
    EXPECT_THAT(path_of(run.machine.devices[0]), EndsWith("/dev/vfio/devices/vfio3"));
    EXPECT_THAT(path_of(run.machine.kvm), EndsWith("/dev/kvm"));
    EXPECT_THAT(path_of(run.machine.iommufd), EndsWith("/dev/iommu"));
    EXPECT_EQ(made->files.size(), 5u);
    EXPECT_EQ(run.seal, "full");
    EXPECT_EQ(made->where.user, vmm::seal::nobody);
}

TEST_F(HandOver, LeavesFilesAloneThatAreOpenAlready) {
    arguments_.kernel = "fd=4";
    arguments_.machine = {.devices = {"fd=5,id=disk"}, .iommufd = "fd=6", .kvm = "fd=7"};
    arguments_.seal = "log";
    const auto made = hand_over();
    ASSERT_TRUE(made) << to_string(made.error());
    EXPECT_TRUE(made->files.empty());
    EXPECT_EQ(made->arguments.kernel, "fd=4");
    EXPECT_EQ(made->arguments.machine.devices[0], "fd=5,id=disk");
    EXPECT_EQ(made->arguments.seal, "log");
}

TEST_F(HandOver, SaysWhatAFunctionLacks) {
    arguments_.machine.devices = {"02:00.0"};
    EXPECT_THAT(error(), HasSubstr("02:00.0: it has no node in /dev/vfio/devices"));
    arguments_.machine.devices = {"03:00.0"};
    EXPECT_THAT(error(), HasSubstr("no such PCI function"));
}

TEST_F(HandOver, RefusesWhatTakesAPathLater) {
    arguments_.machine.devices = {"01:00.0,rom=/etc/rom"};
    EXPECT_THAT(error(), HasSubstr("rom=/etc/rom: not with --nobody"));
    arguments_.machine.devices = {"01:00.0"};
    arguments_.machine.backends["vhost-user"] = {"/run/disk.sock,type=blk"};
    EXPECT_THAT(error(), HasSubstr("not with --nobody"));
}

TEST_F(HandOver, SaysWhichNodeIsMissing) {
    std::filesystem::remove(tree_.dev() + "/kvm");
    EXPECT_THAT(error(), HasSubstr("/dev/kvm: No such file"));
}

TEST_F(HandOver, IsWhoOwnsTheFolderOfTheControlSocket) {
    arguments_.control = folder_ + "/../hand_over_folder/socket";
    struct stat owner{};
    ASSERT_EQ(::stat(folder_.c_str(), &owner), 0);
    if (owner.st_uid == 0) {
        // Root's own folder makes nobody root.
        const auto root = hand_over();
        ASSERT_TRUE(root) << to_string(root.error());
        EXPECT_EQ(root->where.user, vmm::seal::nobody);
        ASSERT_EQ(::chown(folder_.c_str(), 4711, 4712), 0);
        owner.st_uid = 4711;
    }
    const auto made = hand_over();
    ASSERT_TRUE(made) << to_string(made.error());
    EXPECT_EQ(made->where.user, owner.st_uid);
    EXPECT_EQ(made->where.folders, std::vector{std::filesystem::canonical(folder_).string()});
    EXPECT_EQ(made->arguments.control, std::filesystem::canonical(folder_).string() + "/socket");
    arguments_.control = "/socket";
    EXPECT_THAT(error(), HasSubstr("needs a folder of its own"));
}

}  // namespace
}  // namespace tenon::cli
