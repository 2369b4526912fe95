#include "host/iommufd/page_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>

#include "host/iommufd/iommufd_opener.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host::iommufd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr auto accelerator = "0000:01:00.0";
constexpr auto whole_space = support::FakeKernel::address_space_id;

// A device with PASIDs, in an address space with a page at 0.
class PageTablesTest : public testing::Test {
protected:
    PageTablesTest() {
        host_.add(accelerator, "14", 3);
        host_.kernel().traits().hardware =
            support::FakeKernel::Hardware{.type = 1, .pasid_width = 20};
    }

    void open(Pasids pasids = Pasids::Used) {
        opener_ = IommufdOpener::create(host_.kernel(), host_.paths(), pasids).value();
        device_ = opener_->open(host_.facts(accelerator), {}).value();
        ASSERT_TRUE(opener_->address_space().map(Iova{0}, std::span<std::byte>{memory_->bytes}));
    }
    void close() {
        device_.reset();
        opener_.reset();
    }
    // The address space that the table is of which `place` is.
    std::optional<std::uint32_t> space_of(std::optional<std::uint32_t> place) {
        return place ? host_.kernel().space_of(*place) : std::nullopt;
    }

    struct alignas(0x1000) Memory {
        std::array<std::byte, 0x1000> bytes{};
    };
    std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
    support::FakeHost host_;
    std::unique_ptr<IommufdOpener> opener_;
    std::unique_ptr<device::DeviceControl> device_;
};

TEST_F(PageTablesTest, TheDeviceIsInOneFromTheStart) {
    open();

    EXPECT_EQ(space_of(host_.kernel().place_of(accelerator)), whole_space);
    EXPECT_EQ(device_->iommu().pasid->width, 20u);
}

TEST_F(PageTablesTest, PasidsReachOtherMemoryThanTheDevice) {
    open();
    const auto one = opener_->address_space().make_domain().value();
    const auto other = opener_->address_space().make_domain().value();

    ASSERT_TRUE(device_->attach_pasid(7, one.get()));
    ASSERT_TRUE(device_->attach_pasid(9, other.get()));
    ASSERT_TRUE(device_->attach_pasid(11, nullptr));

    const auto places = host_.kernel().pasids_of(accelerator);
    EXPECT_EQ(places.size(), 3u);
    EXPECT_EQ(space_of(places.at(11)), whole_space);
    EXPECT_NE(space_of(places.at(7)), space_of(places.at(9)));
    EXPECT_EQ(places.at(11), host_.kernel().place_of(accelerator));
    close();
}

TEST_F(PageTablesTest, APasidThatLeavesReachesNothing) {
    open();
    const auto domain = opener_->address_space().make_domain().value();
    ASSERT_TRUE(device_->attach_pasid(7, domain.get()));

    ASSERT_TRUE(device_->detach_pasid(7));

    EXPECT_THAT(host_.kernel().pasids_of(accelerator), IsEmpty());
    EXPECT_EQ(device_->detach_pasid(7).error().os_error, ENOENT);
}

TEST_F(PageTablesTest, APasidStaysWhileTheDeviceMoves) {
    open();
    const auto domain = opener_->address_space().make_domain().value();
    ASSERT_TRUE(device_->attach_pasid(7, nullptr));

    ASSERT_TRUE(device_->attach(domain.get()));
    EXPECT_NE(space_of(host_.kernel().place_of(accelerator)), whole_space);
    ASSERT_TRUE(device_->block());
    ASSERT_TRUE(device_->attach(nullptr));

    EXPECT_THAT(host_.kernel().pasids_of(accelerator), ElementsAre(Pair(7, testing::_)));
    ASSERT_TRUE(device_->detach_pasid(7));
}

TEST_F(PageTablesTest, AKernelWithoutThemHasNoPasids) {
    host_.kernel().traits().hardware->attaches_pasids = false;
    open();

    EXPECT_EQ(host_.kernel().place_of(accelerator), whole_space);
    EXPECT_FALSE(device_->iommu().pasid);
    const auto attached = device_->attach_pasid(7, nullptr);
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().kind, Error::Kind::Unsupported);
}

TEST_F(PageTablesTest, NothingIsMadeForWhoDoesNotUseThem) {
    open(Pasids::Unused);

    EXPECT_EQ(host_.kernel().place_of(accelerator), whole_space);
    EXPECT_EQ(device_->iommu().pasid->width, 20u);
    EXPECT_FALSE(device_->attach_pasid(7, nullptr));
}

TEST_F(PageTablesTest, GoWithTheirAddressSpace) {
    open();
    auto domain = opener_->address_space().make_domain().value();
    ASSERT_TRUE(device_->attach_pasid(7, domain.get()));
    ASSERT_TRUE(device_->detach_pasid(7));

    domain.reset();

    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
    close();
    EXPECT_EQ(host_.kernel().address_spaces(), 0u);
    EXPECT_THAT(host_.kernel().mistakes(), IsEmpty());
}

// A table of the domain, and the attachment.
TEST_F(PageTablesTest, APasidStaysWhereItWasWhicheverCallFails) {
    open();
    const auto domain = opener_->address_space().make_domain().value();
    for (unsigned call = 1; call <= 2; ++call) {
        host_.kernel().faults().fail_call(call, ENOMEM);

        const auto attached = device_->attach_pasid(7, domain.get());

        ASSERT_FALSE(attached);
        EXPECT_EQ(attached.error().os_error, ENOMEM);
        EXPECT_THAT(host_.kernel().pasids_of(accelerator), IsEmpty());
    }
    EXPECT_TRUE(device_->attach_pasid(7, domain.get()));
    EXPECT_TRUE(device_->detach_pasid(7));
}

}  // namespace
}  // namespace tenon::host::iommufd
