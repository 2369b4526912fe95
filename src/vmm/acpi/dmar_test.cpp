#include "vmm/acpi/dmar.hpp"

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
#include "vmm/acpi/tables.hpp"

namespace tenon::vmm::acpi {
namespace {

constexpr GuestAddress registers{0xfed9'0000};

std::uint64_t at(const Bytes& table, std::size_t offset) {
    return load<std::uint64_t>(table, offset);
}

TEST(Dmar, IsAmongTheTablesOfAMachineWithAnIommu) {
    constexpr GuestAddress place{0xe'0000};
    const auto with =
        make_tables({.remapping = RemappingTable{.registers = GuestAddress{0xfed9'0000}}}, place,
                    0x2'0000)
            .value();
    const auto without = make_tables({}, place, 0x2'0000).value();

    const auto first = load<std::uint64_t>(without, 24) - place.value();
    const auto second = load<std::uint64_t>(with, 24) - place.value();
    EXPECT_EQ(load<std::uint32_t>(without, first + 4), 36 + 3 * 8u);
    EXPECT_EQ(load<std::uint32_t>(with, second + 4), 36 + 4 * 8u);
    const auto last = load<std::uint64_t>(with, second + 60) - place.value();
    EXPECT_EQ(load<std::uint32_t>(with, last), 0x5241'4d44u);  // "DMAR"
}

// Offsets from the start of the table. Source: Intel VT-d 4.1, 8.1 and 8.3.
TEST(Dmar, HasOneUnitForTheWholeSegment) {
    const auto table = make_dmar({.registers = registers, .address_bits = 47});

    ASSERT_EQ(table.size(), 72u);
    EXPECT_EQ(load<std::uint32_t>(table, 0), 0x5241'4d44u);  // "DMAR"
    EXPECT_EQ(load<std::uint32_t>(table, 4), 72u);
    EXPECT_EQ(load<std::uint16_t>(table, 36), 0x012eu);  // 46, INTR_REMAP.
    EXPECT_EQ(load<std::uint16_t>(table, 38), 0u);
    EXPECT_EQ(at(table, 40), 0u);
    // DRHD of 24 bytes, INCLUDE_PCI_ALL, one page, segment 0.
    EXPECT_EQ(at(table, 48), 0x0000'0001'0018'0000u);
    EXPECT_EQ(at(table, 56), 0xfed9'0000u);
    // The IOAPIC with id 0 is ff:00.0.
    EXPECT_EQ(at(table, 64), 0x0000'ff00'0000'0803u);
}

TEST(Dmar, SumsToZero) {
    const auto table = make_dmar({.registers = registers, .ats_ports = {{.device = 2}}});
    const auto sum = std::accumulate(
        table.begin(), table.end(), 0u,
        [](unsigned total, std::byte b) { return total + std::to_integer<unsigned>(b); });
    EXPECT_EQ(sum & 0xff, 0u);
}

TEST(Dmar, WithoutInterruptRemappingHasNoIoapic) {
    const auto table = make_dmar({.registers = registers, .interrupt_remapping = false});
    ASSERT_EQ(table.size(), 64u);
    EXPECT_EQ(load<std::uint16_t>(table, 36), 0x002fu);
    EXPECT_EQ(at(table, 48), 0x0000'0001'0010'0000u);
}

TEST(Dmar, NamesTheIoapicAsTheMadtDoes) {
    const auto table = make_dmar({.registers = registers,
                                  .ioapic_id = 5,
                                  .ioapic = {.bus = 0xf0, .device = 0x1f, .function = 7}});
    EXPECT_EQ(at(table, 64), 0x071f'f005'0000'0803u);
}

TEST(Dmar, NamesPortsIfItHasNotTheWholeSegment) {
    const auto table =
        make_dmar({.registers = registers, .ports = {{.device = 1}, {.device = 2, .function = 3}}});
    ASSERT_EQ(table.size(), 88u);
    EXPECT_EQ(at(table, 48), 0x0000'0000'0028'0000u);
    EXPECT_EQ(at(table, 72), 0x0001'0000'0000'0802u);
    EXPECT_EQ(at(table, 80), 0x0302'0000'0000'0802u);
}

TEST(Dmar, NamesPortsAboveFunctionsWithAts) {
    const auto table =
        make_dmar({.registers = registers, .ats_ports = {{.device = 1}, {.device = 4}}});
    ASSERT_EQ(table.size(), 72u + 24u);
    // ATSR of 24 bytes, without ALL_PORTS.
    EXPECT_EQ(at(table, 72), 0x0000'0000'0018'0002u);
    EXPECT_EQ(at(table, 80), 0x0001'0000'0000'0802u);
    EXPECT_EQ(at(table, 88), 0x0004'0000'0000'0802u);
}

TEST(Dmar, IsReadByTheCompilerOfAcpica) {
    if (std::system("command -v iasl >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "iasl (package acpica-tools) is not installed";
    const auto folder = testing::TempDir() + "tenon-dmar";
    std::filesystem::create_directories(folder);
    const auto table = make_dmar({.registers = registers,
                                  .address_bits = 47,
                                  .ports = {{.device = 1}},
                                  .ats_ports = {{.device = 1}}});
    std::string content(table.size(), '\0');
    std::ranges::transform(table, content.begin(),
                           [](std::byte b) { return static_cast<char>(b); });
    std::ofstream{folder + "/dmar.aml", std::ios::binary} << content;

    const auto run =
        "cd " + folder + " && iasl -d dmar.aml >log 2>&1 && iasl -we dmar.dsl >>log 2>&1";
    EXPECT_EQ(std::system(run.c_str()), 0) << read_file(folder + "/log", 1 << 20).value_or("");
    const auto source = read_file(folder + "/dmar.dsl", 1 << 20).value_or("");
    std::filesystem::remove_all(folder);
    EXPECT_EQ(source.find("nvalid"), std::string::npos) << source;
    EXPECT_EQ(source.find("nknown"), std::string::npos) << source;
    for (const auto* line :
         {"[Hardware Unit Definition]", "[IOAPIC Device]", "[PCI Bridge Device]",
          "[Root Port ATS Capability]", "Register Base Address : 00000000FED90000"})
        EXPECT_NE(source.find(line), std::string::npos) << line << "\n" << source;
}

}  // namespace
}  // namespace tenon::vmm::acpi
