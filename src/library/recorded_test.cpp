// Copies of another host are never this host's.
#include "library/recorded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "library/gather.hpp"
#include "library/slot_argument.hpp"
#include "tests/support/fake_sysfs.hpp"
#include "tests/support/packed.hpp"

namespace tenon::library {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::vector<std::byte> config(std::uint8_t vendor) {
    std::vector<std::byte> bytes(256);
    bytes[0] = std::byte{vendor};
    bytes[1] = std::byte{0x10};
    return bytes;
}

// This host and another have a function of the same address.
class Recorded : public testing::Test {
protected:
    Recorded() {
        here_.add({.address = "0000:01:00.0", .config = config(1), .driver = "vfio-pci"});
        there_.add({.address = "0000:01:00.0", .config = config(2), .driver = "vfio-pci"});
        there_.add({.address = "0000:01:00.1", .config = config(3)});
    }

    Result<device::DeviceFacts> read(const std::string& named) const {
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = here_.sysfs(), .dev = here_.dev(), .proc = here_.proc()}}};
        return read_facts(host, named);
    }

    std::string copy() const { return fs::path{there_.sysfs()}.parent_path().string(); }
    std::string archive(const std::string& content) const {
        const auto path = copy() + "/report.tar";
        std::ofstream{path, std::ios::binary} << content;
        return path;
    }

    support::FakeSysfs here_;
    support::FakeSysfs there_;
};

TEST_F(Recorded, FolderOfACopyIsNotThisHosts) {
    const auto named = there_.sysfs() + "/bus/pci/devices/0000:01:00.0";
    const auto facts = read(named).value();

    EXPECT_EQ(facts.origin, device::Origin::Capture);
    EXPECT_EQ(facts.physical->read16(0), 0x1002u);
    EXPECT_EQ(facts.source, named);
    EXPECT_FALSE(can_be_asked(facts));
}

TEST_F(Recorded, FolderOfThisHostIs) {
    const auto facts = read(here_.sysfs() + "/bus/pci/devices/0000:01:00.0").value();

    EXPECT_EQ(facts.origin, device::Origin::Live);
    EXPECT_EQ(facts.physical->read16(0), 0x1001u);
}

TEST_F(Recorded, TreeIsReadByAddress) {
    EXPECT_EQ(read(copy() + "#01:00.1").value().physical->read16(0), 0x1003u);
    EXPECT_EQ(read(there_.sysfs() + "#0000:01:00.0").value().physical->read16(0), 0x1002u);
    EXPECT_EQ(read_recorded_slot(copy() + "#01:00.*").value().size(), 2u);
    EXPECT_THAT(read(copy()).error().hint, HasSubstr("0000:01:00.0, 0000:01:00.1"));
}

TEST_F(Recorded, TreeMayBeInAnArchive) {
    using support::tar_link;
    using support::tar_member;
    const std::string device = "report/sys/devices/pci0000:00/0000:00:01.0/0000:02:00.0";
    std::string bytes(256, '\0');
    bytes[0] = 4;
    const auto path = archive(
        tar_link("report/sys/bus/pci/devices/0000:02:00.0",
                 "../../../devices/pci0000:00/0000:00:01.0/0000:02:00.0") +
        tar_member(device + "/config", bytes) + tar_link(device + "/driver", "../../nvme") +
        tar_member("report/proc/sys/kernel/osrelease", "6.1.0-13\n") +
        tar_member(device + "/irq", "16\n") +
        tar_member("report/proc/interrupts", "  CPU0\n 16: 1 IO-APIC 16-fasteoi uhci_hcd:usb3\n") +
        support::tar_end());

    const auto facts = read(path).value();

    EXPECT_EQ(facts.origin, device::Origin::Capture);
    EXPECT_EQ(facts.physical->read16(0), 4u);
    EXPECT_EQ(*facts.driver, "nvme");
    EXPECT_EQ(*facts.kernel, "6.1.0-13");
    ASSERT_TRUE(facts.line) << facts.line.why();
    EXPECT_EQ(facts.line->handlers, std::vector<std::string>{"uhci_hcd:usb3"});
    EXPECT_EQ(facts.uses.why(), "a copy of sysfs does not tell");
    ASSERT_TRUE(facts.path);
    EXPECT_EQ(facts.path->at(0).address, (pci::Address{.device = 1}));
}

TEST_F(Recorded, MayBeMeantAsAWhole) {
    using support::tar_member;
    const auto dump = [](std::string_view slot, unsigned vendor) {
        auto text = fmt::format("{} Device\n00: {:02x} 10", slot, vendor);
        for (unsigned n = 2; n < 64; ++n)
            text += n % 16 == 0 ? fmt::format("\n{:02x}: 00", n) : " 00";
        return text + "\n\n";
    };
    const auto path = archive(tar_member("a.txt", dump("65:00.0", 1) + dump("65:00.1", 2)) +
                              tar_member("b.txt", dump("65:00.0", 3)) + support::tar_end());

    const auto all = read_recorded_all(path + "#*").value();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].source, path + "#65:00.0@1");
    EXPECT_EQ(all[1].source, path + "#65:00.1");
    EXPECT_EQ(all[2].source, path + "#65:00.0@2");
    EXPECT_EQ(all[2].physical->read16(0), 0x1003u);
    const auto member = read_recorded_all(path + "#b.txt#*").value();
    ASSERT_EQ(member.size(), 1u);
    EXPECT_EQ(member[0].source, path + "#65:00.0@2");
    EXPECT_EQ(read_recorded_all(path + "#c.txt#*").error().kind, Error::Kind::NotFound);
    EXPECT_FALSE(read_recorded_all(path));
}

TEST_F(Recorded, ArchiveWithoutAFunctionSaysWhatItLookedFor) {
    const auto error = read(archive(support::tar_member("a", "text") + support::tar_end())).error();

    EXPECT_THAT(error.what, HasSubstr("an archive of 1 files, and no PCI function in any of them"));
    EXPECT_THAT(error.hint, HasSubstr("lspci -xxxx"));
}

}  // namespace
}  // namespace tenon::library
