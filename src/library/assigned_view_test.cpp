#include "library/assigned_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "managed/qemu/command_line.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::library {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A function of the host at 65:00.0 that completes 32 and 64 bit AtomicOps, with ATS that its
// kernel does not support.
std::unique_ptr<device::DeviceFacts> function() {
    auto facts = std::make_unique<device::DeviceFacts>();
    facts->address = pci::Address{.bus = 0x65};
    facts->source = "65:00.0";
    facts->physical = ConfigBuilder{}
                          .head(0x40)
                          .express(0x40, 0)
                          .second_registers(0x40, 0x380)
                          .extended(0x100, 0x0f, 0)
                          .image();
    facts->atomics = 3u;
    facts->iommu.ats = false;
    facts->iommu.pasid = device::PasidFacts{.width = 16};
    return facts;
}

std::vector<AssignedView> views_of(const std::string& devices, const std::string& target = "") {
    const auto words = managed::qemu::read_command("qemu-system-x86_64 -M q35 " + devices, "vm");
    EXPECT_TRUE(words);
    auto configuration = managed::qemu::read_command_line(
        *words, [](const std::string& path) -> Result<std::string> {
            return fail(Error::Kind::NotFound, "{}", path);
        });
    EXPECT_TRUE(configuration);
    Checked checked;
    checked.configuration = *std::move(configuration);
    checked.tree = managed::guest::make_tree(checked.configuration);
    checked.host.asked = true;
    checked.host.functions.push_back(function());
    checked.target = target;
    return view_assigned(checked);
}

constexpr auto root_port = "-device pcie-root-port,id=rp ";

TEST(ViewAssigned, HasAtomicsOfALoneFunctionBelowARootPort) {
    EXPECT_EQ(views_of(std::string{root_port} + "-device vfio-pci,host=65:00.0,bus=rp")[0].atomics,
              3u);
    EXPECT_EQ(views_of(std::string{root_port} +
                       "-device vfio-pci,host=65:00.0,bus=rp,multifunction=on")[0]
                  .atomics,
              0u);
    EXPECT_EQ(views_of("-device vfio-pci,host=65:00.0")[0].atomics, 0u);
}

TEST(ViewAssigned, TakesIommufdForWhatTheKernelSays) {
    const std::string device = std::string{root_port} + "-device vfio-pci,host=65:00.0,bus=rp";

    // Without it QEMU is told nothing, and shows ATS.
    EXPECT_THAT(capabilities_in_words(*views_of(device)[0].view), HasSubstr("Address Translation"));
    EXPECT_THAT(lost_in_words(*views_of(device + ",iommufd=x")[0].view),
                ElementsAre(HasSubstr("Address Translation")));
    EXPECT_THAT(lost_in_words(*views_of(device + ",ats=off")[0].view),
                ElementsAre(HasSubstr("ats=off")));
    // 11.0 shows it whatever the kernel says.
    EXPECT_THAT(lost_in_words(*views_of(device + ",iommufd=x", "QEMU 11.0")[0].view), SizeIs(0));
}

TEST(ViewAssigned, MakesPasidBehindAnIommuOfFirstStages) {
    const auto views = views_of(
        std::string{"-device intel-iommu,scalable-mode=on,fsts=on,pasid-bits=20 "} + root_port +
        "-device vfio-pci,host=65:00.0,bus=rp,iommufd=x,x-vpasid-cap-offset=0x100");

    // ATS, which the kernel does not support, was all that there was: the list begins with it.
    ASSERT_TRUE(views[0].view->pasid);
    EXPECT_EQ(views[0].view->pasid->at, 0x100);
    EXPECT_EQ(views[0].view->pasid->width, 16u);
}

TEST(ViewAssigned, ShowsIdsThatAreChosenAndNamesWhatIsLeftOpen) {
    const auto views =
        views_of(std::string{root_port} +
                 "-device vfio-pci,host=65:00.0,bus=rp,x-pci-vendor-id=0x10de,romfile=/tmp/rom,"
                 "x-nv-gpudirect-clique=1");

    EXPECT_EQ(views[0].view->map.start.read16(0x00), 0x10de);
    EXPECT_THAT(views[0].left_open, ElementsAre("romfile", "x-nv-gpudirect-clique"));
}

TEST(ViewAssigned, LeavesOutWhatTheGuestDoesNotFind) {
    EXPECT_THAT(views_of(std::string{root_port} + "-device vfio-pci,host=65:00.0,bus=rp,addr=1"),
                SizeIs(0));
    EXPECT_THAT(views_of("-device vfio-pci,host=66:00.0"), SizeIs(0));
}

}  // namespace
}  // namespace tenon::library
