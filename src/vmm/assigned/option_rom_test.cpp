#include "vmm/assigned/option_rom.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "tests/support/fake_device.hpp"

namespace tenon::vmm::assigned {
namespace {

// A function with 2 KiB of option ROM that begins with 55 aa.
struct Rom {
    support::FakeFunction function{pci::ConfigImage{4096}};
    support::FakeDevice device{function};
    board::Warnings warnings;
    model::chosen::RomRequest request;

    Rom() {
        auto bytes = function.add_rom(2048);
        bytes[0] = std::byte{0x55};
        bytes[1] = std::byte{0xaa};
        bytes[2047] = std::byte{0x77};
    }
    OptionRom make() { return {"dev0", request, 2048, device, warnings}; }
};

TEST(OptionRom, IsTheDevicesOwn) {
    Rom rom;
    auto option = rom.make();

    EXPECT_EQ(option.read(0, 2), 0xaa55u);
    EXPECT_EQ(option.read(2047, 1), 0x77u);
    EXPECT_EQ(option.read(2047, 2), 0xffffu);
    EXPECT_EQ(option.read(4096, 4), 0xffffffffu);
}

TEST(OptionRom, IsReadOnceAndNotBeforeTheGuestAsks) {
    Rom rom;
    auto option = rom.make();
    const auto before = rom.function.faults().calls();

    option.read(0, 4);
    option.read(4, 4);

    EXPECT_EQ(rom.function.faults().calls(), before + 1);
}

TEST(OptionRom, IsOnesWhereTheDeviceDoesNotGiveIt) {
    Rom rom;
    auto option = rom.make();
    rom.function.faults().fail_call(1, EIO);

    EXPECT_EQ(option.read(0, 4), 0xffffffffu);
    EXPECT_EQ(option.read(0, 4), 0xffffffffu);
}

TEST(OptionRom, IsAFileInstead) {
    Rom rom;
    rom.request.from = model::chosen::RomRequest::From::File;
    rom.request.image = std::make_shared<const std::vector<std::byte>>(2048, std::byte{0x11});
    auto option = rom.make();
    const auto before = rom.function.faults().calls();

    EXPECT_EQ(option.read(0, 4), 0x11111111u);
    EXPECT_EQ(rom.function.faults().calls(), before);
}

}  // namespace
}  // namespace tenon::vmm::assigned
