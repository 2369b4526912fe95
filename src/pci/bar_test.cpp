#include "pci/bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ListBars, ReadsEachKind) {
    ConfigImage image{header_size};
    image.write<std::uint32_t>(0x10, 0xfeb00000);             // 32-bit
    image.write<std::uint32_t>(0x14, 0xe0000008);             // 32-bit, prefetchable
    image.write<std::uint32_t>(0x18, 0x0000c001);             // I/O
    image.write<std::uint64_t>(0x1c, 0x000000380000000cull);  // 64-bit, prefetchable
    image.write<std::uint32_t>(0x24, 0xfea00004);             // claims 64 bits, has no neighbour

    EXPECT_THAT(
        list_bars(image),
        ElementsAre(
            Bar{.index = 0, .kind = BarKind::Memory32, .address = 0xfeb00000},
            Bar{.index = 1, .kind = BarKind::Memory32, .prefetchable = true, .address = 0xe0000000},
            Bar{.index = 2, .kind = BarKind::Io, .address = 0xc000},
            Bar{.index = 3,
                .kind = BarKind::Memory64,
                .prefetchable = true,
                .address = 0x3800000000ull},
            Bar{.index = 5, .kind = BarKind::Memory32, .address = 0xfea00000}));
}

TEST(ListBars, FindsNoneInAnEmptyHeader) {
    EXPECT_THAT(list_bars(ConfigImage{header_size}), IsEmpty());
}

TEST(BarFlags, AreTheLowBitsOfTheRegister) {
    EXPECT_EQ(bar_flags(BarKind::Memory32, false), 0x0u);
    EXPECT_EQ(bar_flags(BarKind::Memory64, true), 0xcu);
    EXPECT_EQ(bar_flags(BarKind::Io, false), 0x1u);
}

}  // namespace
}  // namespace tenon::pci
