// A BAR of one function for the DMA of another, as each interface of the kernel takes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>

#include "host/opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host {
namespace {

using device::BarMaps;
using device::Interface;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr auto address = "0000:01:00.0";
constexpr device::MmapArea area{.offset = 0x1000, .size = 0x2000};

alignas(4096) std::array<std::byte, 0x2000> memory;

class SharedBarTest : public testing::TestWithParam<Interface> {
protected:
    void decode_memory(bool on) {
        function_.config().write<std::uint16_t>(0x04, on ? 0x0002 : 0x0000);
    }

    // Opens the function; what a mapping takes is there, if the kernel gives it out.
    void open() {
        const std::array facts{host_.facts(address)};
        opener_ = make_opener(GetParam(), facts, {}, host_.kernel(), host_.paths()).value();
        device_ = opener_->open(facts[0], {}).value();
        mapping_ = device_->map(0, area).value();
        if (auto file = device_->bar_file(0, area)) file_ = std::move(*file);
    }

    Result<void> map_at(std::uint64_t at) {
        return opener_->address_space().map_bar(Iova{at}, {mapping_.bytes(), file_.number()});
    }

    support::FakeHost host_;
    support::FakeFunction& function_ = host_.add(address, "14", 3);
    std::unique_ptr<device::DeviceOpener> opener_;
    std::unique_ptr<device::DeviceControl> device_;
    Mapping mapping_;
    Fd file_;
};

INSTANTIATE_TEST_SUITE_P(Interfaces, SharedBarTest,
                         testing::Values(Interface::Group, Interface::Iommufd),
                         [](const auto& mode) {
                             return mode.param == Interface::Group ? "Group" : "Iommufd";
                         });

TEST_P(SharedBarTest, MapsABarOfADeviceThatDecodesMemory) {
    decode_memory(true);
    open();

    ASSERT_TRUE(map_at(0xc0001000));
    EXPECT_THAT(host_.kernel().mapped(), UnorderedElementsAre(Pair(0xc0001000, 0x2000)));

    ASSERT_TRUE(opener_->address_space().unmap(Iova{0xc0001000}, 0x2000));
    EXPECT_THAT(host_.kernel().mapped(), IsEmpty());
}

TEST_P(SharedBarTest, TellsThatADeviceDoesNotDecodeMemory) {
    decode_memory(false);
    open();

    const auto mapped = map_at(0xc0001000);

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().os_error, GetParam() == Interface::Group ? EFAULT : ENODEV);
    EXPECT_THAT(mapped.error().hint, HasSubstr("does not decode memory"));
    EXPECT_THAT(host_.kernel().mapped(), IsEmpty());
}

TEST_P(SharedBarTest, RefusesABarWhereMemoryIs) {
    decode_memory(true);
    open();
    ASSERT_TRUE(opener_->address_space().map(Iova{0x100000}, std::span<std::byte>{memory}));

    EXPECT_FALSE(map_at(0x101000));
    EXPECT_THAT(host_.kernel().mapped(), UnorderedElementsAre(Pair(0x100000, 0x2000)));
}

TEST_P(SharedBarTest, TellsWhichAddressesTheIommuTranslates) {
    host_.kernel().traits().last_iova = 0x7fffffffff;
    decode_memory(true);
    open();

    const auto mapped = map_at(0x8000000000);

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().what, "mapping 8 KiB of it at 0x8000000000 for DMA: Invalid argument");
    EXPECT_EQ(mapped.error().hint, "The host's IOMMU translates only 0x0-0x7fffffffff");
}

TEST_P(SharedBarTest, TellsHowBarsAreMapped) {
    open();
    const auto facts = device_->iommu();
    EXPECT_EQ(*facts.bar_maps,
              GetParam() == Interface::Group ? BarMaps::ByAddress : BarMaps::ByFile);
    EXPECT_EQ(*facts.bar_maps, opener_->address_space().bar_maps());
    EXPECT_TRUE(*facts.bar_files);
}

TEST_P(SharedBarTest, TellsThatTheKernelGivesOutNoFiles) {
    host_.kernel().traits().bar_files = false;
    decode_memory(true);
    open();

    const auto file = device_->bar_file(0, area);

    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, Error::Kind::Unsupported);
    EXPECT_EQ(file.error().what,
              "0000:01:00.0: asking for a dma-buf of BAR 0: Inappropriate ioctl for device");
    EXPECT_FALSE(*device_->iommu().bar_files);
    // Iommufd takes no mapping in its place; a container wants nothing else.
    EXPECT_EQ(map_at(0xc0001000).has_value(), GetParam() == Interface::Group);
}

TEST_P(SharedBarTest, LeavesOpenWhatTheKernelDoesNotAnswer) {
    open();
    const auto before = host_.kernel().faults().calls();
    [[maybe_unused]] const auto asked = device_->iommu();
    const auto last = host_.kernel().faults().calls() - before;

    host_.kernel().faults().fail_call(last, EIO);
    const auto facts = device_->iommu();

    ASSERT_FALSE(facts.bar_files);
    EXPECT_EQ(facts.bar_files.why(), "asking VFIO for dma-bufs of BARs: Input/output error");
}

TEST_P(SharedBarTest, GivesOutNoFileOfWhatIsNotThere) {
    open();
    EXPECT_FALSE(device_->bar_file(0, {.offset = 0x4000, .size = 0x1000}));
    EXPECT_FALSE(device_->bar_file(0, {.offset = 0x100, .size = 0x1000}));
    EXPECT_FALSE(device_->bar_file(1, area));
}

}  // namespace
}  // namespace tenon::host
