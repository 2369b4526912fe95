#include "tests/support/fake_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace tenon::support {
namespace {

using device::IrqIndex;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int none = device::DeviceControl::no_event;

// Vendor 1234, memory decoding on, a 64-bit BAR 0.
pci::ConfigImage config() {
    pci::ConfigImage image{256};
    image.write<std::uint16_t>(0x00, 0x1234);
    image.write<std::uint16_t>(0x04, 0x0002);
    image.write<std::uint32_t>(0x10, 0x00000004);
    return image;
}

template <typename Word>
Word read(FakeDevice& device, unsigned region, std::uint64_t offset) {
    Word word{};
    EXPECT_TRUE(device.read(region, offset, writable_bytes_of(word)));
    return word;
}

TEST(FakeDevice, SharesBarMemoryWithItsMappings) {
    FakeFunction function{config()};
    function.add_bar(0, 0x4000);
    FakeDevice device{function};

    const auto mapping = device.map(0, {.offset = 0x1000, .size = 0x1000});
    ASSERT_TRUE(mapping);
    mapping->data()[4] = std::byte{0x5a};

    EXPECT_EQ(read<std::uint8_t>(device, 0, 0x1004), 0x5a);
    EXPECT_EQ(function.bar(0)[0x1004], std::byte{0x5a});
}

TEST(FakeDevice, AnswersBarSizingAsTheKernelDoes) {
    FakeFunction function{config()};
    function.add_bar(0, 0x4000);
    FakeDevice device{function};
    const std::uint64_t ones = ~0ull;

    ASSERT_TRUE(device.write(device::config_region, 0x10, bytes_of(ones)));

    EXPECT_EQ(read<std::uint64_t>(device, device::config_region, 0x10), 0xffffffffffffc004u);
}

TEST(FakeDevice, DoesNotAnswerWhileDecodingIsOff) {
    FakeFunction function{config()};
    function.add_bar(0, 0x1000);
    FakeDevice device{function};
    function.config().write<std::uint16_t>(0x04, 0);
    std::uint32_t word = 0;

    EXPECT_EQ(device.read(0, 0, writable_bytes_of(word)).error().os_error, EIO);
}

TEST(FakeDevice, RefusesAccessesPastTheEnd) {
    FakeFunction function{config()};
    FakeDevice device{function};
    std::uint32_t word = 0;

    EXPECT_FALSE(device.read(device::config_region, 254, writable_bytes_of(word)));
    EXPECT_FALSE(device.read(0, 0, writable_bytes_of(word)));
    EXPECT_FALSE(device.read(8, 0, writable_bytes_of(word)));
}

TEST(FakeDevice, KeepsTheEventOfEachVector) {
    FakeFunction function{config()};
    function.irq(IrqIndex::Msix).count = 4;
    FakeDevice device{function};
    const auto event = EventFd::create().value();

    ASSERT_TRUE(device.set_vectors(IrqIndex::Msix, 0, std::vector{none}));
    ASSERT_TRUE(device.set_vectors(IrqIndex::Msix, 2, std::vector{event.number()}));
    function.trigger(IrqIndex::Msix, 1);
    function.trigger(IrqIndex::Msix, 2);

    EXPECT_THAT(function.vectors(IrqIndex::Msix), ElementsAre(none, none, event.number()));
    EXPECT_EQ(event.take(), 1u);
}

TEST(FakeDevice, CannotGrowWhatHasNoDynamicVectors) {
    FakeFunction function{config()};
    function.irq(IrqIndex::Msi) = {.count = 4, .noresize = true};
    FakeDevice device{function};
    ASSERT_TRUE(device.set_vectors(IrqIndex::Msi, 0, std::vector{none, none}));

    EXPECT_FALSE(device.set_vectors(IrqIndex::Msi, 2, std::vector{none}));
    ASSERT_TRUE(device.disable_vectors(IrqIndex::Msi));
    EXPECT_TRUE(device.set_vectors(IrqIndex::Msi, 0, std::vector{none, none, none}));
}

TEST(FakeDevice, HasOneKindOfInterruptAtATime) {
    FakeFunction function{config()};
    function.irq(IrqIndex::Intx).count = 1;
    function.irq(IrqIndex::Msix).count = 4;
    function.irq(IrqIndex::Request).count = 1;
    FakeDevice device{function};
    ASSERT_TRUE(device.set_vectors(IrqIndex::Intx, 0, std::vector{none}));

    EXPECT_EQ(device.set_vectors(IrqIndex::Msix, 0, std::vector{none}).error().os_error, EINVAL);
    EXPECT_TRUE(device.set_vectors(IrqIndex::Request, 0, std::vector{none}));
}

TEST(FakeDevice, OffersWhatTheHostHasLeftOfVectors) {
    FakeFunction function{config()};
    function.irq(IrqIndex::Msix).count = 4;
    function.limit_vectors(1);
    FakeDevice device{function};

    const auto set = device.set_vectors(IrqIndex::Msix, 0, std::vector{none, none});

    ASSERT_TRUE(set);
    EXPECT_EQ(*set, 1u);
    EXPECT_THAT(function.vectors(IrqIndex::Msix), IsEmpty());
}

TEST(FakeDevice, IsResetAndSilentWhenItIsClosed) {
    FakeFunction function{config()};
    function.add_bar(0, 0x1000);
    function.irq(IrqIndex::Msix).count = 1;
    {
        FakeDevice device{function};
        ASSERT_TRUE(device.set_vectors(IrqIndex::Msix, 0, std::vector{none}));
        function.bar(0)[0] = std::byte{1};
    }

    EXPECT_EQ(function.resets(), 1u);
    EXPECT_EQ(function.opened(), 0u);
    EXPECT_THAT(function.vectors(IrqIndex::Msix), IsEmpty());
    EXPECT_EQ(function.bar(0)[0], std::byte{0});
}

TEST(FakeDevice, FailsTheCallThatWasChosen) {
    FakeFunction function{config()};
    FakeDevice device{function};
    function.faults().fail_call(2, ENODEV);

    EXPECT_TRUE(device.facts());
    const auto reset = device.reset();
    EXPECT_TRUE(device.reset());

    ASSERT_FALSE(reset);
    EXPECT_EQ(reset.error().os_error, ENODEV);
    EXPECT_EQ(function.faults().calls(), 3u);
    EXPECT_EQ(function.resets(), 1u);
}

TEST(FakeAddressSpace, RefusesWhatOverlaps) {
    FakeOpener opener;
    std::vector<std::byte> memory(0x3000);
    const std::span<std::byte> two_pages{memory.data(), 0x2000};
    ASSERT_TRUE(opener.address_space().map(Iova{0x10000}, two_pages));

    EXPECT_FALSE(opener.address_space().map(Iova{0x11000}, two_pages));
    EXPECT_FALSE(opener.address_space().map(Iova{0xf000}, two_pages));
    EXPECT_TRUE(opener.address_space().map(Iova{0x12000}, two_pages));
    EXPECT_TRUE(opener.address_space().unmap(Iova{0x10000}, 0x2000));
    EXPECT_FALSE(opener.address_space().unmap(Iova{0x10000}, 0x2000));
    EXPECT_EQ(opener.address_space().mapped().size(), 1u);
}

TEST(FakeOpener, OpensAFunctionOnce) {
    FakeFunction function{config()};
    FakeOpener opener;
    opener.add({.bus = 1}, function);
    device::DeviceFacts facts;
    facts.address = pci::Address{.bus = 1};

    const auto first = opener.open(facts, {});
    const auto second = opener.open(facts, {});

    ASSERT_TRUE(first);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::Busy);
}

}  // namespace
}  // namespace tenon::support
