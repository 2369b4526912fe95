#include "host/advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace tenon::host {
namespace {

using testing::HasSubstr;

constexpr pci::Address nvme{.bus = 1};

device::DeviceFacts facts_of(const char* driver) {
    device::DeviceFacts facts;
    facts.origin = device::Origin::Live;
    facts.address = Known<pci::Address>{nvme};
    facts.driver = Known<std::string>{std::string{driver}};
    return facts;
}

TEST(HowToBind, GivesTheCommandsForABoundFunction) {
    EXPECT_EQ(how_to_bind(facts_of("nvme")),
              "Bind it to vfio-pci: modprobe vfio-pci; "
              "echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override; "
              "echo 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind; "
              "echo 0000:01:00.0 > /sys/bus/pci/drivers_probe");
}

TEST(HowToBind, UnbindsNothingThatIsNotBound) {
    EXPECT_THAT(how_to_bind(facts_of("")), testing::Not(HasSubstr("unbind")));
}

TEST(HowToBind, TakesNothingThatTheHostUses) {
    auto facts = facts_of("nvme");
    facts.uses = std::vector<device::Use>{{.kind = device::UseKind::Swap, .name = "nvme0n1p2"}};

    EXPECT_EQ(how_to_bind(facts), "0000:01:00.0 holds swap (nvme0n1p2): do not");
    EXPECT_EQ(check_openable(facts).error().hint, how_to_bind(facts));
}

TEST(HowToBind, TakesNothingWithACompanionThatTheHostUses) {
    auto facts = facts_of("snd_hda_intel");
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.bus = 1, .function = 1},
                     .driver = "i915",
                     .uses = {{.kind = device::UseKind::Display, .name = "boot VGA"}}}}};

    EXPECT_EQ(how_to_bind(facts), "0000:01:00.1 is a display of the host (boot VGA): do not");
}

TEST(CheckOpenable, TakesVfioAndItsVariants) {
    EXPECT_TRUE(check_openable(facts_of("vfio-pci")));
    EXPECT_TRUE(check_openable(facts_of("mlx5_vfio_pci")));
}

TEST(CheckOpenable, NamesTheDriverThatHasTheFunction) {
    const auto checked = check_openable(facts_of("nvme"));

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, Error::Kind::Busy);
    EXPECT_EQ(checked.error().what, "0000:01:00.0: the host's driver nvme has it");
    EXPECT_THAT(checked.error().hint, HasSubstr("driver/unbind"));
}

TEST(CheckOpenable, SaysThatNoDriverIsBound) {
    EXPECT_EQ(check_openable(facts_of("")).error().what,
              "0000:01:00.0: no driver is bound to it, vfio-pci has to be");
}

TEST(CheckOpenable, RefusesAFunctionWithoutIommu) {
    auto facts = facts_of("vfio-pci");
    facts.has_iommu = Known<bool>{false};

    EXPECT_EQ(check_openable(facts).error().what, "0000:01:00.0: no IOMMU translates its DMA");
}

TEST(CheckOpenable, RefusesAFile) {
    auto facts = facts_of("vfio-pci");
    facts.origin = device::Origin::File;

    EXPECT_EQ(check_openable(facts).error().kind, Error::Kind::Malformed);
}

TEST(CannotOpen, SaysWhatToDoAboutEachErrno) {
    EXPECT_THAT(to_string(cannot_open(EACCES, "/dev/vfio/14")),
                HasSubstr("Permission denied. Run as root, or give your user the node"));
    EXPECT_THAT(to_string(cannot_open(EBUSY, "/dev/vfio/14")), HasSubstr("fuser -v /dev/vfio/14"));
    EXPECT_THAT(to_string(cannot_open(ENOENT, "/dev/vfio/vfio")), HasSubstr("modprobe"));
    EXPECT_EQ(cannot_open(EMFILE, "/dev/vfio/14").hint, "");
}

TEST(NotViable, NamesTheMembersInUseAndTheirDrivers) {
    auto facts = facts_of("vfio-pci");
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.device = 1}, .driver = "pcieport", .is_bridge = true},
                    {.address = {.bus = 1, .function = 1}, .driver = "snd_hda_intel"},
                    {.address = {.bus = 1, .function = 2}, .driver = ""},
                    {.address = {.bus = 1, .function = 3}, .driver = "vfio-pci"},
                    {.address = {.bus = 1, .function = 4}, .driver = "xhci_hcd"}}};

    const auto error = not_viable(facts);

    EXPECT_EQ(error.what,
              "IOMMU group 14: the host uses 0000:01:00.1 (driver snd_hda_intel), "
              "0000:01:00.4 (driver xhci_hcd) of it");
    EXPECT_THAT(error.hint, HasSubstr("devices/0000:01:00.1/driver_override"));
    EXPECT_THAT(error.hint, HasSubstr("devices/0000:01:00.4/driver_override"));
}

TEST(NotViable, DoesNotTakeWhatTheHostHangsOn) {
    auto facts = facts_of("vfio-pci");
    facts.group = device::GroupFacts{
        .number = 7,
        .members = {{.address = {.device = 0x1f}, .driver = "lpc_ich", .class_code = 0x060100},
                    {.address = {.device = 0x1f, .function = 4},
                     .driver = "i801_smbus",
                     .class_code = 0x0c0500}}};

    const auto hint = not_viable(facts).hint;

    EXPECT_THAT(hint, HasSubstr("0000:00:1f.0 is an ISA bridge"));
    EXPECT_THAT(hint, HasSubstr("echo 0000:00:1f.4 > "));
    EXPECT_THAT(hint, testing::Not(HasSubstr("driver_override")));
}

TEST(NotViable, DoesNotNameWhatItDoesNotKnow) {
    auto facts = facts_of("vfio-pci");
    facts.group = device::GroupFacts{.number = 14, .members = {}};

    EXPECT_EQ(not_viable(facts).what,
              "IOMMU group 14: the host or another program uses a member of it");
}

}  // namespace
}  // namespace tenon::host
