#include "device/opened.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_device.hpp"

namespace tenon::device {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A function at 01:00.0 that can be opened.
struct Host {
    support::FakeFunction function{pci::ConfigImage{256}};
    unsigned made = 0;
    DeviceFacts facts{.source = "01:00.0", .address = pci::Address{.bus = 1}};

    OpenedFunctions functions() {
        return OpenedFunctions{
            [this](Interface,
                   std::span<const DeviceFacts>) -> Result<std::unique_ptr<DeviceOpener>> {
                ++made;
                auto opener = std::make_unique<support::FakeOpener>();
                opener->add({.bus = 1}, function);
                return opener;
            }};
    }
};

TEST(OpenedFunctions, KeepsAFunctionUntilItIsTaken) {
    Host host;
    auto opened = host.functions();
    ASSERT_TRUE(opened.prepare(Interface::Automatic, {}));
    ASSERT_TRUE(opened.open(host.facts, {}));

    const auto device = opened.take({.bus = 1});

    EXPECT_TRUE(device);
    EXPECT_EQ(host.function.opened(), 1u);
    EXPECT_FALSE(opened.take({.bus = 1}));
}

TEST(OpenedFunctions, GivesBackWhatNobodyTook) {
    Host host;
    {
        auto opened = host.functions();
        ASSERT_TRUE(opened.prepare(Interface::Automatic, {}));
        ASSERT_TRUE(opened.open(host.facts, {}));
    }
    EXPECT_EQ(host.function.opened(), 0u);
}

TEST(OpenedFunctions, HasOneAddressSpaceForEachInterface) {
    Host host;
    auto opened = host.functions();
    EXPECT_THAT(opened.interfaces(), IsEmpty());

    ASSERT_TRUE(opened.prepare(Interface::Automatic, {}));
    ASSERT_TRUE(opened.prepare(Interface::Automatic, {}));
    ASSERT_TRUE(opened.prepare(Interface::Iommufd, {}));

    EXPECT_EQ(host.made, 2u);
    EXPECT_THAT(opened.address_spaces(), SizeIs(1));
    EXPECT_THAT(opened.interfaces(), ElementsAre(Interface::Iommufd));
}

TEST(OpenedFunctions, OpensNothingThatWasNotPrepared) {
    Host host;
    auto opened = host.functions();

    EXPECT_FALSE(opened.open(host.facts, {}));
    EXPECT_EQ(host.function.opened(), 0u);
}

}  // namespace
}  // namespace tenon::device
