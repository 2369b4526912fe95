// Facts that a plan made elsewhere needs: the path to the root, link, resets, the IOMMU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "host/iommufd/iommufd_opener.hpp"
#include "host/sysfs/sysfs.hpp"
#include "host/vfio/group_opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto first = "0000:01:00.0";

class CapturedFacts : public testing::Test {
protected:
    device::DeviceFacts facts() { return host_.facts(first); }

    support::FakeHost host_;
    support::FakeFunction& first_ = host_.add(first, "14", 3);
};

TEST_F(CapturedFacts, HaveTheLink) {
    const auto& tree = host_.tree();
    tree.write(tree.file(first, "current_link_speed"), "8.0 GT/s PCIe\n");
    tree.write(tree.file(first, "max_link_speed"), "16.0 GT/s PCIe\n");
    tree.write(tree.file(first, "current_link_width"), "4\n");
    tree.write(tree.file(first, "max_link_width"), "8\n");

    EXPECT_EQ(
        *facts().link,
        (device::LinkFacts{
            .speed = "8.0 GT/s PCIe", .max_speed = "16.0 GT/s PCIe", .width = 4, .max_width = 8}));
}

TEST_F(CapturedFacts, HaveTheReasonWhyThereIsNoLink) {
    EXPECT_THAT(facts().link.why(), HasSubstr("current_link_speed"));
}

TEST_F(CapturedFacts, HaveTheResetMethodsInOrder) {
    host_.tree().write(host_.tree().file(first, "reset_method"), "flr bus\n");

    EXPECT_THAT(*facts().reset_methods, ElementsAre("flr", "bus"));
}

TEST_F(CapturedFacts, TakeNoFileForNoResetWhereTheKernelWouldHaveOne) {
    host_.tree().write(host_.tree().proc() + "/sys/kernel/osrelease", "5.15.0\n");

    EXPECT_THAT(*facts().reset_methods, testing::IsEmpty());
}

TEST_F(CapturedFacts, DoNotTakeNoFileOfAnOldKernelForNoReset) {
    host_.tree().write(host_.tree().proc() + "/sys/kernel/osrelease", "5.14.21\n");

    EXPECT_THAT(facts().reset_methods.why(), HasSubstr("no reset, or a kernel before 5.15"));
}

TEST_F(CapturedFacts, HaveNoBridgeBelowTheHostBridge) {
    EXPECT_THAT(*facts().path, testing::IsEmpty());
}

TEST_F(CapturedFacts, HaveNoBusToResetOnARootBus) {
    EXPECT_EQ(facts().bus_neighbours.why(), "it is on a root bus");
}

TEST_F(CapturedFacts, HaveEverythingThatABusResetReaches) {
    namespace fs = std::filesystem;
    const auto& tree = host_.tree();
    const fs::path port = tree.file("0000:00:02.0", "").parent_path();
    const auto devices = fs::path{tree.sysfs()} / "bus/pci/devices";
    for (const auto* const below :
         {"0000:02:00.0", "0000:02:00.1", "0000:02:01.0", "0000:02:01.0/0000:03:00.0"}) {
        std::string config(64, '\0');
        config[0x0e] = fs::path{below}.filename() == "0000:02:01.0" ? '\x01' : '\x00';
        tree.write(port / below / "config", config);
        fs::create_symlink(port / below, devices / fs::path{below}.filename());
    }
    const auto neighbours = *host_.facts("0000:02:00.0").bus_neighbours;

    ASSERT_EQ(neighbours.size(), 3u);
    EXPECT_EQ(to_string(neighbours[0].address), "0000:02:00.1");
    EXPECT_EQ(to_string(neighbours[1].address), "0000:02:01.0");
    EXPECT_TRUE(neighbours[1].is_bridge);
    EXPECT_EQ(to_string(neighbours[2].address), "0000:03:00.0");
}

TEST_F(CapturedFacts, HaveTheBridgesNearestFirst) {
    namespace fs = std::filesystem;
    const auto& tree = host_.tree();
    const fs::path root = tree.file("0000:00:02.0", "").parent_path();
    const auto port = root / "0000:02:00.0";
    const auto device = port / "0000:03:00.0";
    std::string bridge_config(64, '\0');
    bridge_config[0x0e] = '\x01';
    tree.write(root / "config", bridge_config);
    tree.write(port / "config", bridge_config);
    tree.write(device / "config", std::string(64, '\0'));
    const fs::path devices = tree.sysfs() + "/bus/pci/devices";
    for (const auto& folder : {root, port, device})
        fs::create_directory_symlink(folder, devices / folder.filename());

    const auto path = *host_.facts("0000:03:00.0").path;

    ASSERT_EQ(path.size(), 2u);
    EXPECT_EQ(path[0].address, (pci::Address{.bus = 2}));
    EXPECT_EQ(path[1].address, (pci::Address{.bus = 0, .device = 2}));
    EXPECT_EQ(path[0].config->read8(0x0e), 1u);
    EXPECT_EQ(*path[1].driver, "");
}

TEST_F(CapturedFacts, HaveWhatIommufdSaysOfTheIommu) {
    host_.kernel().traits().hardware = support::FakeKernel::Hardware{
        .type = 1, .pasid_width = 20, .capabilities = 0b1011, .cap_reg = 1ull << 34};
    const auto opener = iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_EQ(*iommu.pasid, (device::PasidFacts{.width = 20, .execute = true}));
    EXPECT_FALSE(*iommu.ats);
    EXPECT_TRUE(*iommu.dirty_tracking);
    EXPECT_EQ(*iommu.kind, 1u);
    EXPECT_EQ(*iommu.page_sizes, 0x201000u);
    EXPECT_THAT(*iommu.iova, ElementsAre(device::IovaRange{.first = 0, .last = 0xffffffffffff}));
}

// Kernels from 7.1 on say so where ATS is not supported.
TEST_F(CapturedFacts, TakeSilenceForAtsFromAKernelThatTells) {
    host_.kernel().traits().hardware =
        support::FakeKernel::Hardware{.type = 2, .pasid_width = 0, .capabilities = 0};
    const auto opener = iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_TRUE(*iommu.ats);
    EXPECT_EQ(iommu.pasid->width, 0u);
    EXPECT_EQ(iommu.page_sizes.why(), "iommufd tells them of an Intel IOMMU only");
}

TEST_F(CapturedFacts, DoNotTakeSilenceOfAnOlderKernelForAnAnswer) {
    host_.tree().write(host_.paths().proc + "/sys/kernel/osrelease", "6.12.48-amd64\n");
    host_.kernel().traits().hardware =
        support::FakeKernel::Hardware{.type = 1, .pasid_width = 0, .capabilities = 0};
    const auto opener = iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_EQ(
        iommu.ats.why(),
        "Linux 6.12.48-amd64 does not tell whether ATS is supported: kernels before 7.1 do not");
    EXPECT_EQ(
        iommu.pasid.why(),
        "Linux 6.12.48-amd64 does not tell what PASIDs are taken: kernels before 6.15 do not");
}

TEST_F(CapturedFacts, TakeAnOlderKernelAtItsWord) {
    host_.tree().write(host_.paths().proc + "/sys/kernel/osrelease", "6.12.0-220.el10\n");
    host_.kernel().traits().hardware =
        support::FakeKernel::Hardware{.type = 1, .pasid_width = 16, .capabilities = 0b1000};
    const auto opener = iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_FALSE(*iommu.ats);
    EXPECT_EQ(iommu.pasid->width, 16u);
}

TEST_F(CapturedFacts, HaveTheReasonWhyIommufdSaysNothing) {
    const auto opener = iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_EQ(iommu.pasid.why(), "asking iommufd about the IOMMU: Operation not supported");
    EXPECT_TRUE(iommu.iova);
}

TEST_F(CapturedFacts, HaveWhatAContainerSaysOfTheIommu) {
    const auto opener = vfio::GroupOpener::create(host_.kernel(), host_.paths()).value();
    const auto device = opener->open(facts(), {}).value();

    const auto iommu = device->iommu();

    EXPECT_THAT(*iommu.iova, ElementsAre(device::IovaRange{.first = 0, .last = 0xffffffffffff}));
    EXPECT_THAT(iommu.pasid.why(), HasSubstr("iommu=iommufd may"));
}

}  // namespace
}  // namespace tenon::host
