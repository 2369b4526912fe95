#include "host/vfio/vfio_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "base/bytes.hpp"
#include "host/vfio/group_opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host::vfio {
namespace {

using device::IrqIndex;
using device::MmapArea;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int none = device::DeviceControl::no_event;
constexpr std::size_t device_control_2 = 0x68;

class VfioDeviceTest : public testing::Test {
protected:
    // Opens the function, as the group interface does it.
    std::unique_ptr<device::DeviceControl> open() {
        opener_ = GroupOpener::create(host_.kernel(), host_.paths()).value();
        return opener_->open(host_.facts("0000:01:00.0"), {}).value();
    }

    support::FakeHost host_;
    support::FakeFunction& function_ = host_.add("0000:01:00.0", "14", 3);
    std::unique_ptr<GroupOpener> opener_;
};

TEST_F(VfioDeviceTest, TellsWhatVfioTells) {
    function_.irq(IrqIndex::Intx) = {
        .count = 1, .eventfd = true, .maskable = true, .automasked = true};
    const auto facts = open()->facts();

    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->config.known(), 4096u);
    EXPECT_EQ(facts->config.read16(0), 0x1b36);
    EXPECT_EQ(facts->regions[0].size, 0x4000u);
    EXPECT_TRUE(facts->regions[0].mappable);
    EXPECT_THAT(facts->regions[0].areas, IsEmpty());
    EXPECT_FALSE(facts->regions[0].msix_table_mappable);
    EXPECT_EQ(facts->regions[1].size, 0u);
    EXPECT_TRUE(facts->info.can_reset);
    EXPECT_EQ(facts->info.atomic_completer, std::nullopt);
    EXPECT_EQ(
        facts->irqs[0],
        (device::IrqFacts{.count = 1, .eventfd = true, .maskable = true, .automasked = true}));
    EXPECT_EQ(facts->irqs[2].count, 8u);
    EXPECT_EQ(facts->irqs[3].count, 0u);
    EXPECT_TRUE(facts->irqs[4].noresize);
}

TEST_F(VfioDeviceTest, TellsWhichPartsOfABarMayBeMapped) {
    function_.region(0).areas = {{.offset = 0, .size = 0x1000}, {.offset = 0x3000, .size = 0x1000}};
    function_.region(0).msix_table_mappable = true;

    const auto facts = open()->facts();

    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->regions[0].areas, ElementsAre(MmapArea{.offset = 0, .size = 0x1000},
                                                     MmapArea{.offset = 0x3000, .size = 0x1000}));
    EXPECT_TRUE(facts->regions[0].msix_table_mappable);
}

TEST_F(VfioDeviceTest, TakesAListOfEmptyAreasForNoneRatherThanAll) {
    function_.region(0).areas = {{.offset = 0x1000, .size = 0}};

    const auto facts = open()->facts();

    ASSERT_TRUE(facts);
    EXPECT_FALSE(facts->regions[0].mappable);
}

TEST_F(VfioDeviceTest, RefusesAnAreaOutsideItsRegion) {
    function_.region(0).areas = {{.offset = 0x3000, .size = 0x2000}};
    opener_ = GroupOpener::create(host_.kernel(), host_.paths()).value();

    const auto opened = opener_->open(host_.facts("0000:01:00.0"), {});

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().what,
              "opening 0000:01:00.0: BAR 0: area 0x3000+0x2000 is not inside its 0x4000 bytes");
}

TEST_F(VfioDeviceTest, RefusesAListOfAreasThatIsCutOff) {
    function_.region(0).areas = {{.offset = 0, .size = 0x1000}};
    host_.kernel().traits().region_areas_claimed = 0xffffffff;
    opener_ = GroupOpener::create(host_.kernel(), host_.paths()).value();

    EXPECT_THAT(opener_->open(host_.facts("0000:01:00.0"), {}).error().what,
                HasSubstr("BAR 0: its list of 4294967295 areas is cut off"));
}

TEST_F(VfioDeviceTest, ReadsAtomicOpsPastCapabilitiesItDoesNotKnow) {
    function_.info().atomic_completer = 3;

    const auto facts = open()->facts();

    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->info.atomic_completer, 3u);
}

TEST_F(VfioDeviceTest, PutsBackTheRequesterEnableThatAQuestionSet) {
    function_.info().atomic_completer = 3;
    function_.config().write<std::uint16_t>(device_control_2, 0x0005);

    ASSERT_TRUE(open()->facts());

    EXPECT_EQ(function_.config().read16(device_control_2), 0x0005);
}

TEST_F(VfioDeviceTest, LeavesARequesterEnableThatWasSet) {
    function_.info().atomic_completer = 3;
    function_.config().write<std::uint16_t>(device_control_2, 0x0040);

    ASSERT_TRUE(open()->facts());

    EXPECT_EQ(function_.config().read16(device_control_2), 0x0040);
    EXPECT_THAT(function_.config_writes(), IsEmpty());
}

// Somebody else may have the file open, so that the kernel restores nothing yet.
TEST_F(VfioDeviceTest, GivesRequesterEnableBackAsItWasFound) {
    for (const auto found : {std::uint16_t{0x0005}, std::uint16_t{0x0045}}) {
        function_.info().atomic_completer = 3;
        function_.config().write<std::uint16_t>(device_control_2, found);
        {
            const auto device = open();
            ASSERT_TRUE(device->facts());
            const auto other = static_cast<std::uint16_t>(found ^ 0x0040);
            ASSERT_TRUE(device->write(device::config_region, device_control_2, bytes_of(other)));
        }
        EXPECT_EQ(function_.config().read16(device_control_2), found);
    }
}

TEST_F(VfioDeviceTest, GivesItBackEvenIfAQuestionCouldNot) {
    function_.info().atomic_completer = 3;
    function_.config().write<std::uint16_t>(device_control_2, 0x0005);
    {
        const auto device = open();
        // Configuration space, two questions, and the look at the register.
        host_.kernel().faults().fail_call(4, EIO);
        EXPECT_THAT(device->facts().error().what, HasSubstr("putting back"));
    }
    EXPECT_EQ(function_.config().read16(device_control_2), 0x0005);
}

TEST_F(VfioDeviceTest, PutsItBackEvenIfTheAnswerIsUnusable) {
    function_.info().atomic_completer = 3;
    const auto device = open();
    // The question is asked twice, the second time with room for the capabilities. The answer to
    // that is lost.
    host_.kernel().faults().fail_call(3, EIO);

    const auto facts = device->facts();

    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().what, "0000:01:00.0: VFIO_DEVICE_GET_INFO: Input/output error");
    EXPECT_EQ(function_.config().read16(device_control_2), 0x0000);
}

TEST_F(VfioDeviceTest, RefusesACapabilityChainThatLoops) {
    auto& answer = host_.kernel().traits().device_info;
    const auto device = open();
    answer.resize(20);
    store<std::uint32_t>(answer, 0, 20);
    store<std::uint32_t>(answer, 4, 0x82);
    store<std::uint32_t>(answer, 8, 9);
    store<std::uint32_t>(answer, 16, 4);

    EXPECT_EQ(device->facts().error().what,
              "0000:01:00.0: VFIO_DEVICE_GET_INFO: capability at byte 4 of an answer of 20");
}

TEST_F(VfioDeviceTest, RefusesAnAnswerThatWantsTooMuchRoom) {
    auto& answer = host_.kernel().traits().device_info;
    const auto device = open();
    answer.resize(20);
    store<std::uint32_t>(answer, 0, 0x7fffffff);

    EXPECT_THAT(device->facts().error().what, HasSubstr("wants 2147483647 bytes"));
}

TEST_F(VfioDeviceTest, RefusesWhatIsNoPciFunction) {
    auto& answer = host_.kernel().traits().device_info;
    const auto device = open();
    answer.resize(20);
    store<std::uint32_t>(answer, 4, 0x4);  // VFIO_DEVICE_FLAGS_PLATFORM
    store<std::uint32_t>(answer, 8, 9);

    EXPECT_EQ(device->facts().error().kind, Error::Kind::Unsupported);
}

TEST_F(VfioDeviceTest, ReadsAndWritesInAsManyPiecesAsTheKernelTakes) {
    host_.kernel().traits().most_at_once = 3;
    const auto device = open();
    const std::uint64_t written = 0x1122334455667788;
    std::uint64_t read = 0;

    ASSERT_TRUE(device->write(0, 0x10, bytes_of(written)));
    ASSERT_TRUE(device->read(0, 0x10, writable_bytes_of(read)));

    EXPECT_EQ(read, written);
}

TEST_F(VfioDeviceTest, CallsAShortReadAnError) {
    const auto device = open();
    host_.kernel().traits().most_at_once = 0;
    std::uint32_t word = 0;

    const auto read = device->read(0, 0x10, writable_bytes_of(word));
    const auto write = device->write(0, 0x10, bytes_of(word));

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, "0000:01:00.0: reading BAR 0 at 0x10: Input/output error");
    EXPECT_EQ(write.error().what, "0000:01:00.0: writing BAR 0 at 0x10: Input/output error");
}

TEST_F(VfioDeviceTest, StaysInsideItsRegions) {
    const auto device = open();
    std::uint32_t word = 0;

    EXPECT_FALSE(device->read(0, 0x3ffd, writable_bytes_of(word)));
    EXPECT_FALSE(device->write(0, ~0ull, bytes_of(word)));
    EXPECT_FALSE(device->read(1, 0, writable_bytes_of(word)));
    EXPECT_FALSE(device->read(8, 0, writable_bytes_of(word)));
    EXPECT_FALSE(device->map(0, {.offset = 0x3000, .size = 0x2000}));
}

TEST_F(VfioDeviceTest, MapsAPartOfABar) {
    const auto device = open();

    const auto mapping = device->map(0, {.offset = 0x1000, .size = 0x1000});
    ASSERT_TRUE(mapping);
    mapping->data()[8] = std::byte{0x77};

    EXPECT_EQ(function_.bar(0)[0x1008], std::byte{0x77});
}

TEST_F(VfioDeviceTest, SetsVectorsAndSwitchesThemOff) {
    const auto event = EventFd::create().value();
    const auto device = open();

    ASSERT_TRUE(device->set_vectors(IrqIndex::Msix, 1, std::vector{none, event.number()}));
    EXPECT_THAT(function_.vectors(IrqIndex::Msix), ElementsAre(none, none, event.number()));

    ASSERT_TRUE(device->disable_vectors(IrqIndex::Msix));
    EXPECT_THAT(function_.vectors(IrqIndex::Msix), IsEmpty());
}

TEST_F(VfioDeviceTest, SaysHowManyVectorsTheHostHas) {
    function_.limit_vectors(1);
    const auto device = open();

    const auto set = device->set_vectors(IrqIndex::Msix, 0, std::vector{none, none, none});

    ASSERT_TRUE(set);
    EXPECT_EQ(*set, device::Offer{1});
    EXPECT_THAT(function_.vectors(IrqIndex::Msix), IsEmpty());
}

TEST_F(VfioDeviceTest, NamesTheVectorsThatTheKernelRefuses) {
    const auto device = open();

    const auto set = device->set_vectors(IrqIndex::Msix, 7, std::vector{none, none});

    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().what, "0000:01:00.0: setting MSI-X from vector 7: Invalid argument");
    EXPECT_EQ(device->set_vectors(IrqIndex::Msix, 0, {}).error().os_error, EINVAL);
}

TEST_F(VfioDeviceTest, SaysThatItHasNoReset) {
    function_.info().can_reset = false;
    const auto device = open();

    const auto reset = device->reset();

    ASSERT_FALSE(reset);
    EXPECT_EQ(reset.error().kind, Error::Kind::Unsupported);
}

TEST_F(VfioDeviceTest, IsResetAndSilentWhenItGoes) {
    auto device = open();
    ASSERT_TRUE(device->set_vectors(IrqIndex::Msix, 0, std::vector{none}));
    const unsigned before = function_.resets();

    device.reset();

    // Once by us, once more by the kernel as the file closes.
    EXPECT_EQ(function_.resets(), before + 2);
    EXPECT_EQ(function_.opened(), 0u);
    EXPECT_THAT(function_.vectors(IrqIndex::Msix), IsEmpty());
}

TEST_F(VfioDeviceTest, TellsWhicheverCallFails) {
    function_.info().atomic_completer = 3;
    const auto device = open();
    auto& faults = host_.kernel().faults();
    const unsigned before = faults.calls();
    ASSERT_TRUE(device->facts());
    const unsigned calls = faults.calls() - before;
    ASSERT_GT(calls, 12u);

    for (unsigned n = 1; n <= calls; ++n) {
        function_.config().write<std::uint16_t>(device_control_2, 0);
        faults.fail_call(n, ENODEV);
        const auto facts = device->facts();
        ASSERT_FALSE(facts) << "call " << n;
        EXPECT_EQ(facts.error().os_error, ENODEV) << facts.error().what;
        EXPECT_THAT(facts.error().what, testing::StartsWith("0000:01:00.0: "));
    }
}

}  // namespace
}  // namespace tenon::host::vfio
