#include "model/function/assignability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/function/function_view.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

FunctionView view_of(std::uint32_t class_code, device::Origin origin) {
    device::DeviceFacts facts{.source = "dump", .origin = origin};
    facts.physical = support::ConfigBuilder{}.put32(0x08, class_code << 8).image();
    facts.address = pci::Address{};
    facts.driver = std::string{"somebody's"};
    facts.has_iommu = false;
    return build_function_view(facts);
}

TEST(Assignability, LeavesPartsOfTheHostToIt) {
    for (const std::uint32_t part : {0x060000, 0x060100, 0x080020, 0x080200, 0x080600}) {
        for (const auto origin : {device::Origin::File, device::Origin::Live}) {
            const auto view = view_of(part, origin);

            EXPECT_FALSE(view.assignable);
            ASSERT_THAT(view.reasons, SizeIs(1)) << std::hex << part;
            EXPECT_THAT(view.reasons[0].what, HasSubstr("a part of the host itself"));
            EXPECT_TRUE(view.reasons[0].commands.empty());
            EXPECT_TRUE(view.reasons[0].remedy.empty());
        }
    }
}

// An NVSwitch and a non-transparent bridge are of class 0680, a DMA engine of 0880.
TEST(Assignability, TakesOtherBridgesAndPeripheralsForDevices) {
    for (const std::uint32_t device : {0x068000, 0x088000, 0x050000, 0x0c0500})
        EXPECT_TRUE(view_of(device, device::Origin::File).assignable) << std::hex << device;
}

TEST(Assignability, NamesAHostBridgeAndItsClass) {
    EXPECT_EQ(reason_by_class(0x060000)->what,
              "it is a host bridge (class 0600), a part of the host itself: it stays there");
    EXPECT_FALSE(reason_by_class(0x010802));
}

TEST(Assignability, TellsTheLackOfAnIommuFromOtherReasons) {
    const auto view = view_of(0x010802, device::Origin::Live);

    ASSERT_THAT(view.reasons, SizeIs(2));
    EXPECT_FALSE(is_lack_of_iommu(view.reasons[0]));
    EXPECT_TRUE(is_lack_of_iommu(view.reasons[1]));
}

}  // namespace
}  // namespace tenon::model::function
