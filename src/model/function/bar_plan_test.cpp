#include "model/function/bar_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pci/header.hpp"

namespace tenon::model::function {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A function of this host with 64 KiB of option ROM and nothing else.
device::DeviceFacts with_rom() {
    device::DeviceFacts facts{"", device::Origin::Live};
    device::VfioFacts vfio;
    vfio.config.write<std::uint32_t>(0, 0x00108086);
    vfio.regions[device::rom_region] = {.size = 64 << 10, .readable = true, .areas = {}};
    facts.vfio = vfio;
    return facts;
}

chosen::RomRequest from_file(std::size_t size) {
    return {.from = chosen::RomRequest::From::File,
            .file = "card.rom",
            .image = std::make_shared<const std::vector<std::byte>>(size)};
}

TEST(RomPlan, IsTheDevicesOwnWithoutAWord) {
    const auto bars = list_bar_plans(with_rom(), pci::ConfigImage{256}, {}, {});

    ASSERT_THAT(bars, SizeIs(1));
    EXPECT_EQ(bars[0].index, device::rom_region);
    EXPECT_EQ(bars[0].size.value_or(0), 64u << 10);
    EXPECT_THAT(bars[0].why, HasSubstr("read through VFIO when a guest first asks"));
}

TEST(RomPlan, IsNoneWhereItIsOff) {
    EXPECT_THAT(
        list_bar_plans(with_rom(), pci::ConfigImage{256}, {},
                       {.from = chosen::RomRequest::From::Nothing, .file = {}, .image = {}}),
        IsEmpty());
}

TEST(RomPlan, HasTheSizeOfItsFile) {
    const auto instead = list_bar_plans(with_rom(), pci::ConfigImage{256}, {}, from_file(4096));
    auto none = with_rom();
    none.vfio->regions[device::rom_region] = {};
    const auto added = list_bar_plans(none, pci::ConfigImage{256}, {}, from_file(2048));

    ASSERT_THAT(instead, SizeIs(1));
    EXPECT_EQ(instead[0].size.value_or(0), 4096u);
    EXPECT_EQ(instead[0].why, "trapped: read from card.rom");
    ASSERT_THAT(added, SizeIs(1));
    EXPECT_EQ(added[0].size.value_or(0), 2048u);
}

TEST(RomPlan, LetsTheGuestMeasureTheRegister) {
    const auto view = build_function_view(with_rom(), {}, from_file(4096));

    EXPECT_EQ(view.map.rules32(pci::header::rom_address).writable, 0xfffff001u);
    EXPECT_THAT(view.warnings, testing::Contains(HasSubstr("card.rom does not begin with 55 aa")));
}

}  // namespace
}  // namespace tenon::model::function
