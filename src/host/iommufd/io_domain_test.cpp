#include "host/iommufd/io_domain.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>

#include "host/iommufd/iommufd_opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host::iommufd {
namespace {

constexpr auto nvme = "0000:01:00.0";
constexpr auto identity = support::FakeKernel::address_space_id;
constexpr auto kept = support::FakeKernel::page_table_id;

// A device whose address space has 64 KiB at 0, in two mappings.
class IoDomainTest : public testing::Test {
protected:
    IoDomainTest() {
        host_.add(nvme, "14", 3);
        opener_ = IommufdOpener::create(host_.kernel(), host_.paths()).value();
        device_ = opener_->open(host_.facts(nvme), {}).value();
        const std::span half{memory_->bytes.data(), memory_->bytes.size() / 2};
        EXPECT_TRUE(space().map(Iova{0}, half));
        EXPECT_TRUE(space().map(Iova{0x8000}, half));
    }

    device::AddressSpace& space() { return opener_->address_space(); }
    std::unique_ptr<device::Domain> make() { return space().make_domain().value(); }
    const auto& only_domain() { return domains_ = host_.kernel().domains().begin()->second; }

    struct alignas(0x1000) Memory {
        std::array<std::byte, 0x10000> bytes{};
    };
    std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
    support::FakeHost host_;
    std::unique_ptr<IommufdOpener> opener_;
    std::unique_ptr<device::DeviceControl> device_;
    std::map<std::uint64_t, std::uint64_t> domains_;
};

TEST_F(IoDomainTest, MapsAPartOfTheAddressSpaceElsewhere) {
    const auto domain = make();

    ASSERT_TRUE(domain->map(Iova{0xfffff000}, Iova{0x7000}, 0x2000, {.read = true, .write = true}));

    EXPECT_EQ(only_domain(), (std::map<std::uint64_t, std::uint64_t>{{0xfffff000, 0x2000}}));
}

TEST_F(IoDomainTest, SaysWhatIsNotThere) {
    const auto domain = make();

    const auto mapped = domain->map(Iova{0}, Iova{0xf000}, 0x2000, {.read = true, .write = true});

    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().os_error, ENOENT);
    EXPECT_TRUE(only_domain().empty());
}

TEST_F(IoDomainTest, TakesSeveralMappingsBackAtOnce) {
    const auto domain = make();
    ASSERT_TRUE(domain->map(Iova{0x1000}, Iova{0}, 0x1000, {.read = true, .write = false}));
    ASSERT_TRUE(domain->map(Iova{0x3000}, Iova{0}, 0x1000, {.read = false, .write = true}));

    ASSERT_TRUE(domain->unmap(Iova{0x1000}, 0x3000));

    EXPECT_TRUE(only_domain().empty());
}

TEST_F(IoDomainTest, MovesADeviceThereAndBack) {
    const auto domain = make();

    ASSERT_TRUE(device_->attach(domain.get()));
    EXPECT_EQ(host_.kernel().place_of(nvme), kept + 1);
    ASSERT_TRUE(device_->attach(nullptr));

    // Where all is mapped still.
    EXPECT_EQ(host_.kernel().place_of(nvme), kept);
}

TEST_F(IoDomainTest, ABlockedDeviceIsAttachedToNothing) {
    ASSERT_TRUE(device_->block());
    EXPECT_EQ(host_.kernel().place_of(nvme), std::nullopt);

    ASSERT_TRUE(device_->attach(nullptr));

    EXPECT_EQ(host_.kernel().place_of(nvme), identity);
}

TEST_F(IoDomainTest, GoesWithoutATrace) {
    auto domain = make();
    ASSERT_TRUE(device_->attach(domain.get()));

    device_.reset();
    domain.reset();

    EXPECT_TRUE(host_.kernel().domains().empty());
    opener_.reset();
    EXPECT_EQ(host_.kernel().address_spaces(), 0u);
    EXPECT_TRUE(host_.kernel().mistakes().empty());
}

TEST_F(IoDomainTest, RefusesADomainOfAnotherIommufd) {
    const auto other = IommufdOpener::create(host_.kernel(), host_.paths()).value();
    const auto domain = other->address_space().make_domain().value();

    EXPECT_FALSE(device_->attach(domain.get()));
    EXPECT_EQ(host_.kernel().place_of(nvme), identity);
}

// Keeping a page table, and the attachment.
TEST_F(IoDomainTest, StaysWhereItWasWhicheverCallFails) {
    const auto domain = make();
    for (unsigned call = 1; call <= 2; ++call) {
        host_.kernel().faults().fail_call(call, ENOMEM);
        const auto moved = device_->attach(domain.get());
        ASSERT_FALSE(moved) << "call " << call;
        EXPECT_EQ(moved.error().os_error, ENOMEM);
        EXPECT_EQ(host_.kernel().place_of(nvme), identity);
    }
    EXPECT_TRUE(device_->attach(domain.get()));
}

}  // namespace
}  // namespace tenon::host::iommufd
