#include "model/iommu/register_file.hpp"

#include <gtest/gtest.h>

#include <map>

namespace tenon::model::iommu {
namespace {

constexpr std::uint64_t capability = 0x1111'2222'3333'4444;
constexpr std::uint64_t extended = 0x5555'6666'7777'8888;

RegisterFile file() { return RegisterFile{capability, extended}; }

// Words after a reset, by offset; all others read 0. Source: Intel VT-d 4.1, 11.4.
const std::map<std::uint16_t, std::uint32_t> after_reset = {
    {0x000, 0x10},        {0x008, 0x3333'4444}, {0x00c, 0x1111'2222}, {0x010, 0x7777'8888},
    {0x014, 0x5555'6666}, {0x038, 0x8000'0000}, {0x0a0, 0x8000'0000},
};

// Bits that take what is written, by the word's offset. Source: as above.
const std::map<std::uint16_t, std::uint32_t> writable = {
    {0x020, 0xffff'fc00}, {0x024, 0xffff'ffff},  // RTADDR: base, TTM.
    {0x028, 0xffff'ffff}, {0x02c, 0xe000'0003},  // CCMD: all but CAIG and what is reserved.
    {0x038, 0x8000'0000}, {0x03c, 0x0000'ffff}, {0x040, 0xffff'fffc},
    {0x044, 0xffff'ffff}, {0x088, 0x0007'fff0},  // IQT.
    {0x090, 0xffff'f807}, {0x094, 0xffff'ffff},  // IQA: base, DW, QS.
    {0x0a0, 0x8000'0000}, {0x0a4, 0x0000'ffff}, {0x0a8, 0xffff'fffc},
    {0x0ac, 0xffff'ffff}, {0x0b8, 0xffff'f80f}, {0x0bc, 0xffff'ffff},  // IRTA: base, EIME, S.
    {0x0f0, 0xffff'f07f}, {0x0f4, 0xffff'ffff},                        // IVA: address, IH, AM.
    {0x0fc, 0xb003'ffff},  // IOTLB: IVT, IIRG, DR, DW, DID.
};

std::uint32_t in(const std::map<std::uint16_t, std::uint32_t>& words, std::uint16_t offset) {
    const auto found = words.find(offset);
    return found == words.end() ? 0 : found->second;
}

TEST(RegisterFile, HasTheValuesOfTheSpecificationAfterAReset) {
    const auto registers = file();
    for (std::uint16_t offset = 0; offset < 0x1000; offset += 4)
        EXPECT_EQ(registers.read32(offset), in(after_reset, offset)) << std::hex << offset;
}

TEST(RegisterFile, TakesWritesInTheBitsOfTheSpecificationAlone) {
    for (std::uint16_t offset = 0; offset < 0x1000; offset += 4) {
        auto registers = file();
        registers.write32(offset, 0xffff'ffff);
        const auto ones = in(after_reset, offset) | in(writable, offset);
        EXPECT_EQ(registers.read32(offset), ones) << std::hex << offset;
        registers.write32(offset, 0);
        const auto zeros = in(after_reset, offset) & ~in(writable, offset);
        EXPECT_EQ(registers.read32(offset), zeros) << std::hex << offset;
    }
}

// Bits that a written 1 clears. Source: as above; FRCD: 11.4.7.6.
TEST(RegisterFile, ClearsWhatAOneClears) {
    std::map<std::uint16_t, std::uint32_t> clearable = {{0x034, 0x71}, {0x09c, 0x1}};
    for (std::uint16_t offset = 0x22c; offset < 0x2a0; offset += 0x10)
        clearable[offset] = 0x8000'0000;
    for (std::uint16_t offset = 0; offset < 0x2a0; offset += 4) {
        auto registers = file();
        registers.set32(offset, 0xffff'ffff);
        registers.write32(offset, 0xffff'ffff & ~in(writable, offset));
        const auto left = ~in(clearable, offset) & ~in(writable, offset);
        EXPECT_EQ(registers.read32(offset) & ~in(writable, offset), left) << std::hex << offset;
        registers.set32(offset, 0xffff'ffff);
        registers.write32(offset, 0);
        EXPECT_EQ(registers.read32(offset), ~in(writable, offset)) << std::hex << offset;
    }
}

TEST(RegisterFile, ReadsAndSetsBothHalvesOfAWideRegister) {
    auto registers = file();
    registers.write32(0x24, 0x12);
    registers.write32(0x20, 0x3456'7400);

    EXPECT_EQ(registers.read64(0x20), 0x12'3456'7400u);
    EXPECT_EQ(registers.get<RootTable>(0x20).get<TranslationTableMode>(), 1u);
    registers.set64(0x80, 0x1'0000'0020);
    EXPECT_EQ(registers.read32(0x80), 0x20u);
    EXPECT_EQ(registers.read32(0x84), 1u);
}

TEST(RegisterFile, ForgetsEverythingInAReset) {
    auto registers = file();
    registers.write32(0x20, 0xffff'ffff);
    registers.set32(0x22c, 0x8000'0000);

    registers.reset();

    EXPECT_EQ(registers, file());
}

TEST(RegisterFile, TakesNothingPastItsEnd) {
    auto registers = file();
    registers.write32(0x2a0, 1);
    registers.set32(0xffc, 1);
    EXPECT_EQ(registers, file());
    EXPECT_EQ(registers.read64(0x29c), 0u);
}

}  // namespace
}  // namespace tenon::model::iommu
