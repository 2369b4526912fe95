#include "host/iommufd/iommufd_opener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/support/fake_host.hpp"

namespace tenon::host {
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
    const auto taken = other->open(host_.facts(first));
    const auto opener = make();

    const auto device = opener->open(host_.facts(first));

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().kind, Error::Kind::Busy);
    EXPECT_THAT(device.error().hint, HasSubstr("fuser -v"));
    EXPECT_THAT(device.error().hint, HasSubstr("/vfio/devices/vfio3"));
}

TEST_F(IommufdOpenerTest, SaysThatTheNodeOfAFunctionIsMissing) {
    remove_node("vfio/devices/vfio3");
    const auto opener = make();

    const auto device = opener->open(host_.facts(first));

    ASSERT_FALSE(device);
    EXPECT_THAT(to_string(device.error()),
                AllOf(HasSubstr("no node of it in /dev/vfio/devices"),
                      HasSubstr("VFIO_DEVICE_CDEV"), HasSubstr("use iommu=group")));
}

TEST_F(IommufdOpenerTest, RefusesANodeOfAnotherDevice) {
    host_.tree().write(host_.tree().file(first, "vfio-dev/vfio3/dev"), "511:9\n");
    const auto opener = make();

    const auto device = opener->open(host_.facts(first));

    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().what,
                HasSubstr("node 511:3, but sysfs gives 511:9 to the function"));
    EXPECT_EQ(first_.opened(), 0u);
}

TEST_F(IommufdOpenerTest, RefusesADeviceNumberThatIsNone) {
    host_.tree().write(host_.tree().file(first, "vfio-dev/vfio3/dev"), "511\n");
    const auto opener = make();

    EXPECT_EQ(opener->open(host_.facts(first)).error().kind, Error::Kind::Malformed);
}

}  // namespace
}  // namespace tenon::host
