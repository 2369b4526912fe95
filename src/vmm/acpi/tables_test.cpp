#include "vmm/acpi/tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

#include "base/bytes.hpp"
#include "base/file.hpp"

namespace tenon::vmm::acpi {
namespace {

unsigned sum_of(std::span<const std::byte> bytes) {
    return std::accumulate(
               bytes.begin(), bytes.end(), 0u,
               [](unsigned sum, std::byte b) { return sum + std::to_integer<unsigned>(b); }) &
           0xff;
}

std::string text_at(const Bytes& bytes, std::size_t at, std::size_t size) {
    std::string text;
    for (std::size_t n = 0; n < size; ++n)
        text += static_cast<char>(bytes.at(at + n));
    return text;
}

model::machine::AddressMap addresses() {
    return {.memory32 = {.base = 0xc000'0000, .size = 0x2000'0000},
            .ecam = {.base = 0xe000'0000, .size = 0x20'0000},
            .memory64 = {.base = 0x10'0000'0000, .size = 0x10'0000'0000},
            .last_bus = 1};
}

TEST(AcpiTable, HasItsLengthAndSumsToZero) {
    const auto table = make_table("TEST", 3, Bytes(10, std::byte{0x55}));

    EXPECT_EQ(text_at(table, 0, 4), "TEST");
    EXPECT_EQ(load<std::uint32_t>(table, 4), 46u);
    EXPECT_EQ(table[8], std::byte{3});
    EXPECT_EQ(sum_of(table), 0u);
}

TEST(Rsdp, LeadsToTheXsdtAndSumsToZeroTwice) {
    const auto rsdp = make_rsdp(GuestAddress{0xe'0040});

    EXPECT_EQ(text_at(rsdp, 0, 8), "RSD PTR ");
    EXPECT_EQ(rsdp[15], std::byte{2});
    EXPECT_EQ(load<std::uint64_t>(rsdp, 24), 0xe'0040u);
    EXPECT_EQ(sum_of(std::span{rsdp}.first(20)), 0u);
    EXPECT_EQ(sum_of(rsdp), 0u);
}

TEST(Fadt, IsHardwareReducedAndNamesItsRegisters) {
    const auto fadt = make_fadt(GuestAddress{0xe'1000});

    EXPECT_EQ(text_at(fadt, 0, 4), "FACP");
    EXPECT_EQ(fadt.size(), 276u);
    EXPECT_EQ(load<std::uint32_t>(fadt, 112), 0x00100430u);
    EXPECT_EQ(load<std::uint16_t>(fadt, 109), 0x24u);
    EXPECT_EQ(load<std::uint64_t>(fadt, 140), 0xe'1000u);
    // Reset, sleep control, sleep status: one byte at a port each.
    EXPECT_EQ(load<std::uint32_t>(fadt, 116), 0x01000801u);
    EXPECT_EQ(load<std::uint64_t>(fadt, 120), 0x602u);
    EXPECT_EQ(fadt[128], std::byte{1});
    EXPECT_EQ(load<std::uint64_t>(fadt, 248), 0x600u);
    EXPECT_EQ(load<std::uint64_t>(fadt, 260), 0x601u);
    EXPECT_EQ(sum_of(fadt), 0u);
}

TEST(Fadt, TellsFirmwareAndItsGuestOfTimerAndClock) {
    const auto fadt = make_fadt(GuestAddress{0xe'1000}, true);

    EXPECT_EQ(load<std::uint32_t>(fadt, 112), 0x00100530u);  // A timer of 32 bits.
    EXPECT_EQ(load<std::uint16_t>(fadt, 109), 0x4u);         // A clock.
    EXPECT_EQ(fadt[108], std::byte{0x32});
    EXPECT_EQ(load<std::uint32_t>(fadt, 76), 0x608u);
    EXPECT_EQ(fadt[91], std::byte{4});
    EXPECT_EQ(load<std::uint32_t>(fadt, 208), 0x03002001u);
    EXPECT_EQ(load<std::uint64_t>(fadt, 212), 0x608u);
    EXPECT_EQ(sum_of(fadt), 0u);
}

TEST(Madt, ListsProcessorsAndTheIoapic) {
    const auto madt = make_madt({.count = 2});

    EXPECT_EQ(load<std::uint32_t>(madt, 36), 0xfee00000u);
    EXPECT_EQ(load<std::uint32_t>(madt, 40), 0u);  // No 8259.
    EXPECT_EQ(load<std::uint64_t>(madt, 44), 0x00000001'00000800u);
    EXPECT_EQ(load<std::uint64_t>(madt, 52), 0x00000001'01010800u);
    EXPECT_EQ(load<std::uint32_t>(madt, 60), 0x00000c01u);
    EXPECT_EQ(load<std::uint32_t>(madt, 64), 0xfec00000u);
    EXPECT_EQ(sum_of(madt), 0u);
}

// Source: ACPI Specification 6.5, 5.2.12.12 and 5.2.12.13.
TEST(Madt, ListsIdsOfMoreThanEightBits) {
    const auto madt = make_madt({.count = 2, .apic_step = 300});

    EXPECT_EQ(load<std::uint64_t>(madt, 44), 0x00000001'00000800u);
    EXPECT_EQ(load<std::uint32_t>(madt, 52), 0x00001009u);
    EXPECT_EQ(load<std::uint32_t>(madt, 56), 300u);
    EXPECT_EQ(load<std::uint32_t>(madt, 60), 1u);
    EXPECT_EQ(load<std::uint32_t>(madt, 64), 1u);  // Its number.
    EXPECT_EQ(load<std::uint32_t>(madt, 68), 0x00000c01u);
    EXPECT_EQ(load<std::uint16_t>(madt, 80), 0x0604u);
    EXPECT_EQ(load<std::uint32_t>(madt, 86), 0x00000c0au);
    EXPECT_EQ(load<std::uint32_t>(madt, 90), 0xffff'ffffu);
    EXPECT_EQ(load<std::uint8_t>(madt, 94), 1u);
    EXPECT_EQ(madt.size(), 98u);
    EXPECT_EQ(sum_of(madt), 0u);
}

TEST(Mcfg, NamesEcamAndItsBuses) {
    const auto mcfg = make_mcfg(addresses());

    EXPECT_EQ(mcfg.size(), 60u);
    EXPECT_EQ(load<std::uint64_t>(mcfg, 44), 0xe000'0000u);
    EXPECT_EQ(load<std::uint16_t>(mcfg, 52), 0u);
    EXPECT_EQ(mcfg[54], std::byte{0});
    EXPECT_EQ(mcfg[55], std::byte{1});
}

TEST(AcpiTables, LeadFromTheRsdpToEveryTable) {
    const auto block = make_tables({.addresses = addresses()}, GuestAddress{0xe'0000}, 0x2'0000);

    ASSERT_TRUE(block);
    const auto xsdt = load<std::uint64_t>(*block, 24) - 0xe'0000;
    EXPECT_EQ(text_at(*block, xsdt, 4), "XSDT");
    const auto fadt = load<std::uint64_t>(*block, xsdt + 36) - 0xe'0000;
    EXPECT_EQ(text_at(*block, fadt, 4), "FACP");
    EXPECT_EQ(text_at(*block, load<std::uint64_t>(*block, fadt + 140) - 0xe'0000, 4), "DSDT");
    EXPECT_EQ(text_at(*block, load<std::uint64_t>(*block, xsdt + 44) - 0xe'0000, 4), "APIC");
    EXPECT_EQ(text_at(*block, load<std::uint64_t>(*block, xsdt + 52) - 0xe'0000, 4), "MCFG");
}

TEST(AcpiTables, RefuseToBeLargerThanTheirRoom) {
    EXPECT_FALSE(make_tables({.addresses = addresses()}, GuestAddress{0xe'0000}, 256));
}

/// What ACPICA's compiler makes of a table: its disassembly, compiled again without complaint.
class Iasl : public testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v iasl >/dev/null 2>&1") != 0)
            GTEST_SKIP() << "iasl (package acpica-tools) is not installed";
        folder = testing::TempDir() + "tenon-iasl-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::create_directories(folder);
    }
    void TearDown() override {
        if (!folder.empty()) std::filesystem::remove_all(folder);
    }

    std::string disassemble(const Bytes& table, const std::string& name) const {
        std::string content(table.size(), '\0');
        std::ranges::transform(table, content.begin(),
                               [](std::byte b) { return static_cast<char>(b); });
        std::ofstream{folder + "/" + name + ".aml", std::ios::binary} << content;
        const auto run = "cd " + folder + " && iasl -d " + name + ".aml >log 2>&1";
        EXPECT_EQ(std::system(run.c_str()), 0) << read_file(folder + "/log", 1 << 20).value_or("");
        return read_file(folder + "/" + name + ".dsl", 1 << 20).value_or("");
    }

    std::string compile(const std::string& name) const {
        const auto run = "cd " + folder + " && iasl -we " + name + ".dsl >log 2>&1";
        EXPECT_EQ(std::system(run.c_str()), 0);
        return read_file(folder + "/log", 1 << 20).value_or("");
    }

    std::string folder;
};

TEST_F(Iasl, ReadsTheDsdtAndCompilesItAgain) {
    const auto body = make_dsdt_body(addresses(), {{.device = 1, .pin = 0, .interrupt = 16}});

    const auto source = disassemble(make_table("DSDT", 2, body), "dsdt");

    EXPECT_NE(source.find("Device (PCI0)"), std::string::npos) << source;
    EXPECT_NE(source.find("EisaId (\"PNP0A08\")"), std::string::npos) << source;
    EXPECT_NE(source.find("33db4d5b-1ff7-401c-9657-7441c03dd766"), std::string::npos) << source;
    EXPECT_NE(source.find("Name (_PRT, Package"), std::string::npos) << source;
    const auto log = compile("dsdt");
    EXPECT_NE(log.find("0 Errors, 0 Warnings"), std::string::npos) << log << source;
}

TEST_F(Iasl, FindsTheClockWhereThereIsOne) {
    const auto told = [&](bool clock) {
        const auto body = make_dsdt_body(addresses(), {}, {}, clock);
        return disassemble(make_table("DSDT", 2, body), "dsdt").contains("EisaId (\"PNP0B00\")");
    };
    EXPECT_TRUE(told(true));
    EXPECT_FALSE(told(false));
}

TEST_F(Iasl, ReadsWindowsOfTheBridge) {
    const auto source = disassemble(make_table("DSDT", 2, make_dsdt_body(addresses(), {})), "dsdt");

    EXPECT_NE(source.find("0x0000001000000000"), std::string::npos) << source;
    EXPECT_NE(source.find("0x0000001FFFFFFFFF"), std::string::npos) << source;
    EXPECT_NE(source.find("0xDFFFFFFF"), std::string::npos) << source;
    EXPECT_EQ(source.find("_PRT"), std::string::npos) << source;
}

TEST_F(Iasl, ReadsThePageThatIsKeptForTheIommu) {
    const auto dsdt = [&](std::optional<GuestAddress> remapping) {
        return disassemble(make_table("DSDT", 2, make_dsdt_body(addresses(), {}, remapping)),
                           "dsdt");
    };

    EXPECT_NE(dsdt(GuestAddress{0xfed9'0000}).find("0xFED90000"), std::string::npos);
    EXPECT_EQ(dsdt(std::nullopt).find("0xFED90000"), std::string::npos);
}

TEST_F(Iasl, FindsNoFaultInTheDataTables) {
    for (const auto& [name, table] :
         {std::pair{"facp", make_fadt(GuestAddress{0xe'1000})},
          std::pair{"apic", make_madt({.count = 2})}, std::pair{"mcfg", make_mcfg(addresses())}}) {
        const auto source = disassemble(table, name);
        EXPECT_EQ(source.find("Invalid"), std::string::npos) << source;
        EXPECT_EQ(source.find("nknown"), std::string::npos) << source;
    }
}

}  // namespace
}  // namespace tenon::vmm::acpi
