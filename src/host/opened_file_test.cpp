#include "host/opened_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/fd.hpp"
#include "tests/support/fake_host.hpp"

namespace tenon::host {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A function with the node vfio3 (511:3), whose number sysfs knows.
class OpenedFile : public testing::Test {
protected:
    OpenedFile() {
        host_.add("0000:01:00.0", "14", 3);
        link("511:3", host_.tree().file("0000:01:00.0", "vfio-dev/vfio3"));
    }

    void link(const char* number, const std::filesystem::path& target) {
        const auto folder = std::filesystem::path{host_.paths().sysfs} / "dev/char";
        std::filesystem::create_directories(folder);
        std::filesystem::create_symlink(target, folder / number);
    }

    int open(std::string_view node) {
        return host_.kernel().open(fmt::format("{}/{}", host_.paths().dev, node)).value();
    }

    support::FakeHost host_;
};

TEST_F(OpenedFile, IsFoundByItsNumber) {
    const auto found = find_function_of(host_.kernel(), host_.paths(), open("vfio/devices/vfio3"));

    EXPECT_EQ(found.value(), (pci::Address{.bus = 1}));
}

TEST_F(OpenedFile, SaysThatNothingIsOpen) {
    const auto found = find_function_of(host_.kernel(), host_.paths(), 99);

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().what, "fd=99: no file is open by this number");
}

TEST_F(OpenedFile, SaysWhatItIsInstead) {
    link("10:196", host_.tree().file("0000:01:00.0", "config"));

    const auto found = find_function_of(host_.kernel(), host_.paths(), open("vfio/14"));

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, Error::Kind::Malformed);
    EXPECT_THAT(found.error().what, HasSubstr("it is config, not a function's node of VFIO"));
    EXPECT_THAT(found.error().hint, HasSubstr("/dev/vfio/devices/vfioN"));
}

TEST_F(OpenedFile, SaysThatSysfsDoesNotKnowIt) {
    const auto found = find_function_of(host_.kernel(), host_.paths(), open("vfio/14"));

    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what,
                AllOf(HasSubstr("node 10:196"), HasSubstr("not a function's node")));
}

TEST_F(OpenedFile, ChecksThatAFileIsIommufd) {
    const int file = open("iommu");
    EXPECT_FALSE(check_is_iommufd(host_.kernel(), host_.paths(), file));

    const auto misc = std::filesystem::path{host_.paths().sysfs} / "devices/virtual/misc/iommu";
    std::filesystem::create_directories(misc);
    link("10:123", misc);

    EXPECT_TRUE(check_is_iommufd(host_.kernel(), host_.paths(), file));
    EXPECT_THAT(
        check_is_iommufd(host_.kernel(), host_.paths(), open("vfio/devices/vfio3")).error().what,
        HasSubstr("--iommufd: fd="));
}

TEST(CheckIsKvm, SaysWhatIsNoKvm) {
    const auto null = Fd::open("/dev/null", O_RDWR);
    ASSERT_TRUE(null);
    EXPECT_EQ(check_is_kvm(linux_kernel(), null->number()).error().what,
              fmt::format("--kvm: fd={}: it is not /dev/kvm", null->number()));
    EXPECT_EQ(check_is_kvm(linux_kernel(), 100'000).error().what,
              "--kvm: fd=100000: no file is open by this number");
}

}  // namespace
}  // namespace tenon::host
