#include "library/gather.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;

pci::ConfigImage config() { return ConfigBuilder{}.head(0x80).express(0x80, 0).image(); }

// A host with one function at 01:00.0, and a way to open it.
class Gather : public testing::Test {
protected:
    explicit Gather(const char* driver = "vfio-pci") { add(driver, config()); }

    void add(const char* driver, const pci::ConfigImage& image) {
        const auto bytes = image.bytes();
        tree_.add({.address = "0000:01:00.0",
                   .config = {bytes.begin(), bytes.end()},
                   .driver = driver,
                   .group = "14"});
    }

    Host host() {
        return {.sysfs =
                    host::sysfs::Sysfs{
                        {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}},
                .make_opener =
                    [this](device::Interface, std::span<const device::DeviceFacts>,
                           std::optional<int>) -> Result<std::unique_ptr<device::DeviceOpener>> {
                    auto opener = std::make_unique<support::FakeOpener>();
                    opener->add({.bus = 1}, function_);
                    if (open_error_ != 0) opener->faults().fail_call(1, open_error_);
                    return opener;
                }};
    }

    Result<device::DeviceFacts> gather(std::string_view named = "01:00.0",
                                       Opening opening = Opening::Allowed) {
        return gather_facts(host(), named, device::Interface::Automatic, opening);
    }

    support::FakeSysfs tree_;
    support::FakeFunction function_{config()};
    int open_error_ = 0;
};

TEST_F(Gather, AsksVfioAndGivesTheFunctionBack) {
    function_.add_bar(0, 0x4000);

    const auto facts = gather();

    ASSERT_TRUE(facts);
    ASSERT_TRUE(facts->vfio) << facts->vfio.why();
    EXPECT_EQ(facts->vfio->regions[0].size, 0x4000u);
    EXPECT_EQ(function_.opened(), 0u);
}

TEST_F(Gather, DoesNotOpenWhenForbidden) {
    const auto facts = gather("01:00.0", Opening::Forbidden);

    EXPECT_EQ(facts->vfio.why(), "the function was not opened, as --no-open says");
    EXPECT_EQ(function_.resets(), 0u);
}

TEST_F(Gather, KeepsWhatSysfsSaysIfVfioCannotBeAsked) {
    open_error_ = EBUSY;

    const auto facts = gather();

    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->vfio.why(), HasSubstr("busy"));
    EXPECT_EQ(*facts->driver, "vfio-pci");
}

TEST_F(Gather, KeepsWhatSysfsSaysIfAnyQuestionFails) {
    const auto asked = gather();
    ASSERT_TRUE(asked && asked->vfio);
    const auto calls = function_.faults().calls();

    for (unsigned n = 1; n <= calls; ++n) {
        function_.faults().fail_call(n, EIO);
        const auto facts = gather();
        ASSERT_TRUE(facts) << "call " << n;
        EXPECT_EQ(function_.opened(), 0u) << "call " << n;
        EXPECT_EQ(*facts->driver, "vfio-pci") << "call " << n;
    }
}

TEST_F(Gather, ReadsAFile) {
    const auto path = testing::TempDir() + "gather_dump";
    std::ofstream{path, std::ios::binary} << std::string(64, '\0');

    const auto facts = gather(path);

    EXPECT_EQ(facts->origin, device::Origin::File);
    EXPECT_EQ(facts->physical->known(), 64u);
    std::remove(path.c_str());
}

TEST_F(Gather, TakesAFolderForAFunctionOfSysfs) {
    const auto facts = gather(tree_.sysfs() + "/bus/pci/devices/0000:01:00.0");

    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->origin, device::Origin::Live);
    EXPECT_EQ(facts->address, (pci::Address{.bus = 1}));
}

TEST_F(Gather, SaysWhatADeviceIsIfThereIsNoFile) {
    const auto facts = gather("nvme0");

    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().what, "nvme0: No such file or directory");
    EXPECT_THAT(facts.error().hint, HasSubstr("lspci -D"));
}

class GatherOtherDriver : public Gather {
protected:
    GatherOtherDriver() : Gather{"nvme"} {}
};

TEST_F(GatherOtherDriver, LeavesAFunctionWithItsDriverAlone) {
    const auto facts = gather();

    EXPECT_EQ(facts->vfio.why(), "the function was not opened, since it is not bound to vfio-pci");
    EXPECT_EQ(function_.resets(), 0u);
}

}  // namespace
}  // namespace tenon::library
