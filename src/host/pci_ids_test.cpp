#include "host/pci_ids.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_sysfs.hpp"

namespace tenon::host {
namespace {

constexpr auto list =
    "# comment\n"
    "\n"
    "1b36  Red Hat, Inc.\n"
    "\t0010  QEMU NVM Express Controller\n"
    "\t\t1af4 1100  QEMU Virtual Machine\n"
    "8086  Intel Corporation\r\n"
    "\t10d3  82574L\n"
    "C 01  Mass storage controller\n"
    "\t0010  not a device\n";

TEST(PciIds, NamesVendorAndDevice) {
    const auto ids = PciIds::parse(list);

    EXPECT_EQ(ids.name(0x1b36, 0x0010), "Red Hat, Inc. QEMU NVM Express Controller");
    EXPECT_EQ(ids.name(0x8086, 0x10d3), "Intel Corporation 82574L");
    EXPECT_EQ(ids.name(0x8086, 0x0010), "Intel Corporation");
    EXPECT_EQ(ids.name(0x1af4, 0x1100), "");
}

TEST(PciIds, PassesOverWhatIsNoName) {
    const auto ids = PciIds::parse("8086\n80861  x\nzzzz  y\n\t10d3  no vendor above\n1234  \n");

    EXPECT_EQ(ids.name(0x8086, 0x10d3), "");
    EXPECT_EQ(ids.name(0x1234, 0), "");
}

TEST(PciIds, CutsNamesAndTakesOutControlCharacters) {
    const auto ids = PciIds::parse("8086  a\x1b[2Jb" + std::string(200, 'c') + "\n");

    EXPECT_EQ(ids.name(0x8086, 0).substr(0, 5), "a[2Jb");
    EXPECT_EQ(ids.name(0x8086, 0).size(), 119u);
}

TEST(PciIds, TakesTheListThatIsInstalled) {
    const support::FakeSysfs tree;
    const auto share = tree.proc() + "/share";

    EXPECT_EQ(PciIds::installed({.share = share}).name(0x8086, 0), "");
    tree.write(share + "/hwdata/pci.ids", "8086  Hardware data\n");
    EXPECT_EQ(PciIds::installed({.share = share}).name(0x8086, 0), "Hardware data");
    tree.write(share + "/misc/pci.ids", "8086  Miscellaneous\n");
    EXPECT_EQ(PciIds::installed({.share = share}).name(0x8086, 0), "Miscellaneous");
}

}  // namespace
}  // namespace tenon::host
