// Virtual functions whose physical function is in the same input, or is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "capture/file.hpp"
#include "tests/support/packed.hpp"

namespace tenon::capture {
namespace {

using testing::HasSubstr;

// Rows of `size` bytes, of which `bytes` are not zero.
std::string dump(std::string_view slot, std::size_t size,
                 const std::map<std::size_t, unsigned>& bytes) {
    auto text = fmt::format("{} Device", slot);
    for (std::size_t at = 0; at < size; ++at) {
        if (at % 16 == 0) text += fmt::format("\n{:02x}:", at);
        const auto byte = bytes.find(at);
        text += fmt::format(" {:02x}", byte == bytes.end() ? 0 : byte->second);
    }
    return text + "\n\n";
}

// 8086:1572 at b1:00.0 with 8 virtual functions 8086:154c from b1:02.0 on, one a function. Their
// BAR 0 is 64-bit prefetchable memory, their BAR 3 too.
std::string physical(std::string_view slot = "b1:00.0") {
    return dump(slot, 4096,
                {{0x00, 0x86},  {0x01, 0x80},  {0x02, 0x72},  {0x03, 0x15},  {0x06, 0x10},
                 {0x0a, 0x00},  {0x0b, 0x02},  {0x34, 0x40},  {0x40, 0x10},  {0x42, 0x02},
                 {0x100, 0x10}, {0x102, 0x01}, {0x10e, 0x08}, {0x114, 0x10}, {0x116, 0x01},
                 {0x11a, 0x4c}, {0x11b, 0x15}, {0x124, 0x0c}, {0x127, 0xa1}, {0x130, 0x0c}});
}

std::string virtual_function(std::string_view slot) {
    return dump(slot, 64,
                {{0x00, 0xff},
                 {0x01, 0xff},
                 {0x02, 0xff},
                 {0x03, 0xff},
                 {0x08, 0x02},
                 {0x0b, 0x02},
                 {0x2c, 0x86},
                 {0x2d, 0x80},
                 {0x2e, 0x07}});
}

class VirtualFunctions : public testing::Test {
protected:
    VirtualFunctions()
        : path_{(std::filesystem::path{testing::TempDir()} /
                 testing::UnitTest::GetInstance()->current_test_info()->name())
                    .string()} {}
    ~VirtualFunctions() override { std::filesystem::remove(path_); }

    device::DeviceFacts read(std::string_view content, const std::string& mark) {
        std::ofstream{path_, std::ios::binary} << content;
        return read_capture(path_ + mark).value();
    }

    std::string path_;
};

TEST_F(VirtualFunctions, HaveTheIdsThatTheirPhysicalFunctionTells) {
    const auto facts = read(physical() + virtual_function("b1:02.1"), "#b1:02.1");

    EXPECT_EQ(*facts.identity, (device::Identity{.vendor = 0x8086,
                                                 .device = 0x154c,
                                                 .subsystem_vendor = 0x8086,
                                                 .subsystem_device = 0x0007,
                                                 .class_code = 0x020000,
                                                 .revision = 0x02}));
    EXPECT_TRUE(*facts.virtual_function);
    EXPECT_EQ(facts.physical_function->address, (pci::Address{.bus = 0xb1}));
}

TEST_F(VirtualFunctions, HaveItsKindsOfBarsAndUnknownSizes) {
    const auto facts = read(virtual_function("b1:02.0") + physical(), "#b1:02.0");

    EXPECT_EQ(facts.physical->read32(0x10), 0x0000000cu);
    EXPECT_EQ(facts.physical->read32(0x14), 0u);
    EXPECT_EQ(facts.physical->read32(0x1c), 0x0000000cu);
    EXPECT_THAT(facts.resources.why(), HasSubstr("`resource` of 0000:b1:00.0"));
}

// The file `resource` of the physical function, as it is printed below its path.
std::string resource_file(std::string_view bars_together) {
    std::string text =
        "$ cat /sys/bus/pci/devices/0000:b1:00.0/resource\n"
        "0x00000000fc000000 0x00000000fc7fffff 0x000000000014220c\n";
    for (unsigned row = 1; row < 7; ++row)
        text += "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
    return text + std::string{bars_together} + "\n";
}

constexpr std::string_view two_bars =
    "0x00000000a1000000 0x00000000a10fffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x00000000a1100000 0x00000000a111ffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

// With BAR 0 at fc000000.
std::string physical_with_bar() {
    auto text = physical();
    text.replace(text.find("10: 00 00 00 00") + 4, 11, "0c 00 00 fc");
    return text;
}

TEST_F(VirtualFunctions, HaveTheirPartOfTheRowsOfItsResources) {
    const auto rows = resource_file(two_bars);
    const auto facts = read(rows + physical_with_bar() + virtual_function("b1:02.0"), "#b1:02.0");

    ASSERT_TRUE(facts.resources) << facts.resources.why();
    EXPECT_EQ((*facts.resources)[0], (device::ResourceFacts{.size = 0x20000, .flags = 0x14220c}));
    EXPECT_EQ((*facts.resources)[1], device::ResourceFacts{});
    EXPECT_EQ((*facts.resources)[3].size, 0x4000u);
    EXPECT_EQ((*facts.resources)[device::rom_region], device::ResourceFacts{});
    const auto own = read(physical_with_bar() + rows, "#b1:00.0");
    EXPECT_EQ((*own.resources)[0].size, 0x800000u);
}

TEST_F(VirtualFunctions, HaveNoPartOfRowsThatAreNotItsOwn) {
    std::string odd{two_bars};
    odd.replace(odd.find("a10fffff"), 8, "a10ffff0");
    const auto read_beside = [&](const std::string& rows, const std::string& of) {
        return read(of + virtual_function("b1:02.0") + rows, "#b1:02.0").resources.why();
    };
    EXPECT_THAT(read_beside(resource_file(odd), physical_with_bar()),
                HasSubstr("row 8 in the file `resource` of 0000:b1:00.0 is no BAR for each"));
    // Of a device with other addresses, and of a kernel without SR-IOV.
    EXPECT_THAT(read_beside(resource_file(two_bars), physical()), HasSubstr("divided by its Tot"));
    EXPECT_THAT(read_beside(resource_file(""), physical_with_bar()), HasSubstr("divided by"));
}

TEST_F(VirtualFunctions, WithoutTheirPhysicalFunctionSayWhatIsMissing) {
    for (const auto& input : {virtual_function("b1:02.0"), physical() + virtual_function("b1:04.0"),
                              physical("0001:b1:00.0") + virtual_function("b1:02.0")}) {
        const auto facts = read(input, input.contains("b1:04.0") ? "#b1:04.0" : "#b1:02.0");

        EXPECT_TRUE(*facts.virtual_function);
        EXPECT_THAT(facts.identity.why(), HasSubstr("whose bytes are not in this input"));
    }
}

TEST_F(VirtualFunctions, OfTwoThatItCouldBelongToAreNotGuessed) {
    auto other = physical("b1:00.1");
    const auto facts = read(physical() + other + virtual_function("b1:02.1"), "#b1:02.1");

    EXPECT_EQ(facts.identity.why(),
              "it could be a virtual function of 0000:b1:00.0 and of 0000:b1:00.1");
}

TEST_F(VirtualFunctions, ArePutTogetherAcrossMembersOfAnArchive) {
    const auto archive = support::tar_member("a.txt", physical()) +
                         support::tar_member("b.txt", virtual_function("b1:02.0")) +
                         support::tar_end();

    EXPECT_EQ(read(archive, "#b1:02.0").identity->device, 0x154cu);
}

}  // namespace
}  // namespace tenon::capture
