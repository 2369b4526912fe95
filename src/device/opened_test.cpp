#include "device/opened.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/fake_device.hpp"

namespace tenon::device {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A function at 01:00.0 that can be opened.
struct Host {
    support::FakeFunction function{pci::ConfigImage{256}};
    unsigned made = 0;
    DeviceFacts facts{"01:00.0"};

    Host() { facts.address = pci::Address{.bus = 1}; }

    OpenedFunctions functions() {
        return OpenedFunctions{[this](Interface, std::span<const DeviceFacts>,
                                      std::optional<int>) -> Result<std::unique_ptr<DeviceOpener>> {
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
    ASSERT_TRUE(opened.prepare({}, {}));
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
        ASSERT_TRUE(opened.prepare({}, {}));
        ASSERT_TRUE(opened.open(host.facts, {}));
    }
    EXPECT_EQ(host.function.opened(), 0u);
}

TEST(OpenedFunctions, HasOneAddressSpaceForEachInterface) {
    Host host;
    auto opened = host.functions();
    EXPECT_THAT(opened.interfaces(), IsEmpty());

    ASSERT_TRUE(opened.prepare({}, {}));
    ASSERT_TRUE(opened.prepare({}, {}));
    ASSERT_TRUE(opened.prepare({.interface = Interface::Iommufd}, {}));

    EXPECT_EQ(host.made, 2u);
    EXPECT_NE(opened.address_space({}), nullptr);
    EXPECT_EQ(opened.address_space({}), opened.address_space({.interface = Interface::Iommufd}));
    EXPECT_THAT(opened.interfaces(), ElementsAre(Interface::Iommufd));
}

TEST(OpenedFunctions, HasOneAddressSpaceForEachIommufd) {
    Host host;
    auto opened = host.functions();
    const AccessKind own{.interface = Interface::Iommufd};
    const AccessKind theirs{.interface = Interface::Iommufd, .iommufd = 7};
    ASSERT_TRUE(opened.prepare(own, {}));
    ASSERT_TRUE(opened.prepare(theirs, {}));

    EXPECT_NE(opened.address_space(own), opened.address_space(theirs));
}

TEST(OpenedFunctions, ClosesWhatNobodyUses) {
    Host host;
    auto opened = host.functions();
    const AccessKind theirs{.interface = Interface::Iommufd, .iommufd = 7};
    ASSERT_TRUE(opened.prepare({}, {}));
    ASSERT_TRUE(opened.prepare(theirs, {}));

    opened.close_unused(std::array{opened.address_space({})});

    EXPECT_NE(opened.address_space({}), nullptr);
    EXPECT_EQ(opened.address_space(theirs), nullptr);
    opened.close_unused({});
    EXPECT_EQ(opened.address_space({}), nullptr);
    EXPECT_THAT(opened.interfaces(), IsEmpty());
}

TEST(OpenedFunctions, OpensNothingThatWasNotPrepared) {
    Host host;
    auto opened = host.functions();

    EXPECT_FALSE(opened.open(host.facts, {}));
    EXPECT_EQ(host.function.opened(), 0u);
}

}  // namespace
}  // namespace tenon::device
