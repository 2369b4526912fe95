// The address spaces of both interfaces, container and iommufd, held to the same rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "host/opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host {
namespace {

using device::Interface;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr auto first = "0000:01:00.0";
constexpr auto third = "0000:02:00.0";

alignas(4096) std::array<std::byte, 0x4000> memory;

std::span<std::byte> pages(std::size_t count) { return {memory.data(), count * 0x1000}; }

// A function of group 14 and one of group 15.
class ContainerTest : public testing::Test {
protected:
    ContainerTest() {
        host_.add(first, "14", 3);
        host_.add(third, "15", 5);
    }

    std::unique_ptr<device::DeviceOpener> make(Interface interface, Spaces spaces = Spaces::One) {
        const std::vector facts{host_.facts(first)};
        return make_opener(interface, facts, {}, host_.kernel(), host_.paths(), spaces).value();
    }

    support::FakeHost host_;
};

struct SpaceMode {
    const char* name;
    Interface interface;
    Spaces spaces;
};

class AddressSpaceTest : public ContainerTest, public testing::WithParamInterface<SpaceMode> {
protected:
    std::unique_ptr<device::DeviceOpener> opener() {
        return make(GetParam().interface, GetParam().spaces);
    }
};

INSTANTIATE_TEST_SUITE_P(Interfaces, AddressSpaceTest,
                         testing::Values(SpaceMode{"Group", Interface::Group, Spaces::One},
                                         SpaceMode{"GroupApart", Interface::Group,
                                                   Spaces::BehindIommu},
                                         SpaceMode{"Iommufd", Interface::Iommufd, Spaces::One}),
                         [](const auto& mode) { return mode.param.name; });

TEST_P(AddressSpaceTest, MapsMemoryForItsDevices) {
    const auto opener = this->opener();
    const auto device = opener->open(host_.facts(first), {});

    ASSERT_TRUE(opener->address_space().map(Iova{0x100000}, pages(2)));
    ASSERT_TRUE(opener->address_space().map(Iova{0x200000}, pages(1)));
    ASSERT_TRUE(opener->address_space().unmap(Iova{0x200000}, 0x1000));

    EXPECT_THAT(host_.kernel().mapped(), UnorderedElementsAre(Pair(0x100000, 0x2000)));
}

TEST_P(AddressSpaceTest, KeepsMappingsFromBeforeTheFirstDeviceAndAfterTheLast) {
    const auto opener = this->opener();
    ASSERT_TRUE(opener->address_space().map(Iova{0x100000}, pages(2)));

    {
        const auto device = opener->open(host_.facts(first), {}).value();
    }
    const auto device = opener->open(host_.facts(third), {});

    ASSERT_TRUE(device);
    EXPECT_THAT(host_.kernel().mapped(), UnorderedElementsAre(Pair(0x100000, 0x2000)));
}

TEST_P(AddressSpaceTest, UnmapsOnlyWhatOneCallMapped) {
    const auto opener = this->opener();
    const auto device = opener->open(host_.facts(first), {});
    ASSERT_TRUE(opener->address_space().map(Iova{0x100000}, pages(2)));

    EXPECT_FALSE(opener->address_space().unmap(Iova{0x100000}, 0x1000));
    EXPECT_FALSE(opener->address_space().unmap(Iova{0x101000}, 0x1000));
    EXPECT_TRUE(opener->address_space().unmap(Iova{0x100000}, 0x2000));
}

TEST_P(AddressSpaceTest, TellsTheLockLimit) {
    host_.kernel().traits().lock_limit = 0x1000;
    const auto opener = this->opener();
    const auto device = opener->open(host_.facts(first), {});

    const auto mapped = opener->address_space().map(Iova{0}, pages(2));

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().os_error, ENOMEM);
    EXPECT_THAT(mapped.error().hint, HasSubstr("8 KiB are needed, the limit is 4 KiB"));
}

TEST_P(AddressSpaceTest, TellsWhichAddressesTheIommuTranslates) {
    host_.kernel().traits().last_iova = 0x7fffffffff;
    const auto opener = this->opener();
    const auto device = opener->open(host_.facts(first), {});

    const auto mapped = opener->address_space().map(Iova{0x8000000000}, pages(1));

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().hint, "The host's IOMMU translates only 0x0-0x7fffffffff");
}

TEST_F(ContainerTest, RefusesMemoryThatDoesNotFitWhenTheFirstGroupJoins) {
    host_.kernel().traits().lock_limit = 0x1000;
    const auto opener = make(Interface::Group);
    ASSERT_TRUE(opener->address_space().map(Iova{0}, pages(2)));

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().what, HasSubstr("mapping 8 KiB of guest memory at 0x0 for DMA"));
    EXPECT_EQ(host_.kernel().open_files(), 1u);
}

TEST_F(ContainerTest, MapsAFileAsSuchWhereTheKernelCan) {
    const auto opener = make(Interface::Iommufd);

    ASSERT_TRUE(opener->address_space().map(Iova{0x1000}, {pages(1), 9, 0x3000}));

    EXPECT_EQ(host_.kernel().mapped_files().at(0x1000), 0x3000u);
    EXPECT_EQ(host_.kernel().mapped().at(0x1000), 0x1000u);
}

TEST_F(ContainerTest, MapsByAddressWhereTheKernelDoesNotKnowFiles) {
    host_.kernel().traits().maps_files = false;
    const auto opener = make(Interface::Iommufd);

    ASSERT_TRUE(opener->address_space().map(Iova{0}, {pages(1), 9, 0}));
    const auto calls = host_.kernel().faults().calls();
    ASSERT_TRUE(opener->address_space().map(Iova{0x1000}, {pages(1), 9, 0x1000}));

    EXPECT_EQ(host_.kernel().faults().calls(), calls + 1);
    EXPECT_EQ(host_.kernel().mapped().size(), 2u);
}

}  // namespace
}  // namespace tenon::host
