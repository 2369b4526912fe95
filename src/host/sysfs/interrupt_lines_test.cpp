#include "host/sysfs/interrupt_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sysfs.hpp"

namespace tenon::host::sysfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Lines : public testing::Test {
protected:
    void add(const char* address, const char* driver, const char* irq) {
        tree_.add({.address = address, .config = std::vector<std::byte>(64), .driver = driver});
        tree_.write(tree_.file(address, "irq"), irq);
    }

    Known<device::LineFacts> of(unsigned device) const {
        return InterruptLines{
            Sysfs{{.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}}
            .of({.device = static_cast<std::uint8_t>(device)});
    }

    support::FakeSysfs tree_;
};

TEST_F(Lines, HaveWhoElseIsOnThem) {
    add("0000:00:02.0", "r8169", "16\n");
    add("0000:00:1b.0", "snd_hda_intel", "16\n");
    add("0000:00:1c.0", "nvme", "17\n");
    tree_.write(tree_.proc() + "/interrupts",
                "  CPU0\n 16: 3 IO-APIC 16-fasteoi snd_hda_intel:card0, r8169, "
                "vfio-intx(0000:00:02.0)\n");

    const auto line = of(2);

    ASSERT_TRUE(line);
    EXPECT_EQ(line->number, 16u);
    ASSERT_EQ(line->functions.size(), 1u);
    EXPECT_EQ(to_string(line->functions[0].address), "0000:00:1b.0");
    EXPECT_EQ(line->functions[0].driver, "snd_hda_intel");
    EXPECT_THAT(line->handlers, ElementsAre("snd_hda_intel:card0"));
}

TEST_F(Lines, AreNotKnownOfAFunctionWithoutOne) {
    add("0000:00:02.0", "", "0\n");

    EXPECT_EQ(of(2).why(), "it has no interrupt line");
}

TEST_F(Lines, AreNotCalledAloneForWantOfATable) {
    add("0000:00:02.0", "r8169", "16\n");

    EXPECT_THAT(of(2).why(), HasSubstr("it is IRQ 16; who else is on it"));
}

TEST_F(Lines, AreNotGuessedWhileMsiHidesTheNumber) {
    add("0000:00:02.0", "nvme", "120\n");
    tree_.write(tree_.file("0000:00:02.0", "msi_irqs/120"), "msi\n");

    EXPECT_THAT(of(2).why(), HasSubstr("uses MSI"));
}

TEST_F(Lines, AreKnownOfWhoUsesMsixAndIsOnNone) {
    add("0000:00:02.0", "nvme", "16\n");
    tree_.write(tree_.file("0000:00:02.0", "msi_irqs/120"), "msix\n");
    add("0000:00:03.0", "ahci", "16\n");
    tree_.write(tree_.proc() + "/interrupts", "  CPU0\n");

    EXPECT_EQ(of(2)->number, 16u);
    EXPECT_THAT(of(3)->functions, IsEmpty());
}

TEST_F(Lines, AreNotKnownOfWhatIsGone) {
    EXPECT_THAT(of(3).why(), HasSubstr("not there any more"));
}

}  // namespace
}  // namespace tenon::host::sysfs
