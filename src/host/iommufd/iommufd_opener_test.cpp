#include "host/iommufd/iommufd_opener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/support/fake_host.hpp"

namespace tenon::host::iommufd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr auto first = "0000:01:00.0";

class IommufdOpenerTest : public testing::Test {
protected:
    std::unique_ptr<IommufdOpener> make() {
        return IommufdOpener::create(host_.kernel(), host_.paths()).value();
    }

    void remove_node(std::string_view name) {
        std::filesystem::remove(std::filesystem::path{host_.paths().dev} / name);
    }

    support::FakeHost host_;
    support::FakeFunction& first_ = host_.add(first, "14", 3);
};

TEST_F(IommufdOpenerTest, SaysThatAnotherProgramHasTheNodeOfAFunction) {
    const auto other = make();
    const auto taken = other->open(host_.facts(first), {});
    const auto opener = make();

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().kind, Error::Kind::Busy);
    EXPECT_THAT(device.error().hint, HasSubstr("fuser -v"));
    EXPECT_THAT(device.error().hint, HasSubstr("/vfio/devices/vfio3"));
}

TEST_F(IommufdOpenerTest, SaysThatTheNodeOfAFunctionIsMissing) {
    remove_node("vfio/devices/vfio3");
    const auto opener = make();

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_THAT(to_string(device.error()),
                AllOf(HasSubstr("no node of it in /dev/vfio/devices"),
                      HasSubstr("VFIO_DEVICE_CDEV"), HasSubstr("use iommu=group")));
}

TEST_F(IommufdOpenerTest, RefusesANodeOfAnotherDevice) {
    host_.tree().write(host_.tree().file(first, "vfio-dev/vfio3/dev"), "511:9\n");
    const auto opener = make();

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().what,
                HasSubstr("node 511:3, but sysfs gives 511:9 to the function"));
    EXPECT_EQ(first_.opened(), 0u);
}

TEST_F(IommufdOpenerTest, RefusesADeviceNumberThatIsNone) {
    host_.tree().write(host_.tree().file(first, "vfio-dev/vfio3/dev"), "511\n");
    const auto opener = make();

    EXPECT_EQ(opener->open(host_.facts(first), {}).error().kind, Error::Kind::Malformed);
}

TEST_F(IommufdOpenerTest, WorksOnCopiesOfFilesThatSomebodyElseOpened) {
    const int iommufd = host_.kernel().open(host_.paths().dev + "/iommu").value();
    const int node = host_.kernel().open(host_.paths().dev + "/vfio/devices/vfio3").value();
    {
        const auto opener = IommufdOpener::adopt(host_.kernel(), host_.paths(), iommufd).value();
        ASSERT_TRUE(opener->open(host_.facts(first), {.file = node}));
    }
    EXPECT_EQ(host_.kernel().open_files(), 2u);
    EXPECT_EQ(host_.kernel().attached(), 0u);
    EXPECT_EQ(host_.kernel().address_spaces(), 0u);
    EXPECT_GE(first_.resets(), 1u);
}

TEST_F(IommufdOpenerTest, NeedsNoNodeForAFileThatIsOpen) {
    const int node = host_.kernel().open(host_.paths().dev + "/vfio/devices/vfio3").value();
    remove_node("vfio/devices/vfio3");
    const auto opener = make();

    EXPECT_TRUE(opener->open(host_.facts(first), {.file = node}));
}

TEST_F(IommufdOpenerTest, SaysThatAFileWasBoundBefore) {
    const auto other = make();
    const auto taken = other->open(host_.facts(first), {});
    const int node = host_.kernel().open(host_.paths().dev + "/vfio/devices/vfio3").value();
    const auto opener = make();

    const auto device = opener->open(host_.facts(first), {.file = node});

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().kind, Error::Kind::Busy);
    EXPECT_THAT(device.error().hint, HasSubstr("A file can be bound once"));
}

// Somebody else may keep files open; nothing of ours stays behind in them.
TEST_F(IommufdOpenerTest, LeavesNothingInTheIommufd) {
    auto opener = make();
    auto device = opener->open(host_.facts(first), {}).value();
    EXPECT_EQ(host_.kernel().attached(), 1u);
    const auto spare = host_.kernel().faults().calls();

    device.reset();
    opener.reset();

    // Five indexes off, reset, detach, destroy.
    EXPECT_EQ(host_.kernel().faults().calls(), spare + 8);
    EXPECT_EQ(host_.kernel().open_files(), 0u);
}

}  // namespace
}  // namespace tenon::host::iommufd
