#include "vmm/kvm/cpu_state.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace tenon::vmm::kvm {
namespace {

TEST(EntryRegisters, PassTheArgumentWhereEachProtocolWantsIt) {
    const auto pvh = entry_registers({.mode = Entry::Mode::Flat32,
                                      .address = GuestAddress{0x100'0000},
                                      .argument = GuestAddress{0x6000}});
    const auto linux64 = entry_registers({.mode = Entry::Mode::Long64,
                                          .address = GuestAddress{0x100'0200},
                                          .argument = GuestAddress{0x7000}});

    EXPECT_EQ(pvh.rip, 0x100'0000u);
    EXPECT_EQ(pvh.rbx, 0x6000u);
    EXPECT_EQ(linux64.rip, 0x100'0200u);
    EXPECT_EQ(linux64.rsi, 0x7000u);
    EXPECT_EQ(linux64.rflags, 2u);
}

TEST(EntrySystemRegisters, AreFlatAndUnpagedForPvh) {
    const auto registers = entry_system_registers({}, Entry::Mode::Flat32);

    EXPECT_EQ(registers.cr0, 0x11u);
    EXPECT_EQ(registers.cr4, 0u);
    EXPECT_EQ(registers.efer, 0u);
    EXPECT_EQ(registers.cs.base, 0u);
    EXPECT_EQ(registers.cs.limit, 0xffffffffu);
    EXPECT_EQ(registers.cs.db, 1);
    EXPECT_EQ(registers.cs.l, 0);
}

TEST(EntrySystemRegisters, AreLongModeWithPagingForLinux) {
    const auto registers = entry_system_registers({}, Entry::Mode::Long64);

    EXPECT_EQ(registers.cr0, 0x80000011u);
    EXPECT_EQ(registers.cr3, 0x9000u);
    EXPECT_EQ(registers.cr4, 0x20u);
    EXPECT_EQ(registers.efer, 0x500u);
    EXPECT_EQ(registers.cs.selector, 0x10);
    EXPECT_EQ(registers.cs.l, 1);
    EXPECT_EQ(registers.cs.db, 0);
    EXPECT_EQ(registers.ds.selector, 0x18);
}

TEST(DescriptorTable, HasCodeAndDataWhereTheSelectorsPoint) {
    const auto table = make_descriptor_table(Entry::Mode::Long64);
    EXPECT_EQ(load<std::uint64_t>(table, 0x10), 0x00af9b000000ffffu);
    EXPECT_EQ(load<std::uint64_t>(table, 0x18), 0x00cf93000000ffffu);
}

TEST(PageTables, MapFourGibibytesToThemselves) {
    const auto tables = make_page_tables();

    EXPECT_EQ(load<std::uint64_t>(tables, 0), 0xa003u);
    EXPECT_EQ(load<std::uint64_t>(tables, 0x1000), 0xb003u);
    EXPECT_EQ(load<std::uint64_t>(tables, 0x1018), 0xe003u);
    EXPECT_EQ(load<std::uint64_t>(tables, 0x2000), 0x83u);
    EXPECT_EQ(load<std::uint64_t>(tables, 0x5ff8), 0xffe00083u);
}

TEST(MemoryTypes, LeaveTheHoleUncached) {
    const auto types = memory_types(0xc000'0000, 40);

    // The default type, and eight pairs of base and mask.
    ASSERT_EQ(types.size(), 17u);
    EXPECT_EQ(types[0].index, 0x2ffu);
    EXPECT_EQ(types[0].data, 0x806u);
    EXPECT_EQ(types[1].index, 0x200u);
    EXPECT_EQ(types[1].data, 0xc000'0000u);
    EXPECT_EQ(types[2].index, 0x201u);
    EXPECT_EQ(types[2].data, 0xff'c000'0800u);
    EXPECT_EQ(types[3].index, 0x202u);
    EXPECT_EQ(types[3].data, 0u);
    EXPECT_EQ(types[16].index, 0x20fu);
    EXPECT_EQ(types[16].data, 0u);
}

TEST(MemoryTypes, CoverAHoleOfAnOddSizeByAlignedBlocks) {
    const auto types = memory_types(0xb000'0000, 36);

    // 256 MiB at 0xb000_0000, then 1 GiB at 0xc000_0000.
    ASSERT_EQ(types.size(), 17u);
    EXPECT_EQ(types[2].data, 0xf'f000'0800u);
    EXPECT_EQ(types[3].data, 0xc000'0000u);
    EXPECT_EQ(types[4].data, 0xf'c000'0800u);
    EXPECT_EQ(types[5].data, 0u);
}

}  // namespace
}  // namespace tenon::vmm::kvm
