#include "library/arrival.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "base/input.hpp"
#include "library/request.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A host with two functions bound to vfio-pci, one that is not, and a machine with two ports.
class ArrivalOnAHost : public testing::Test {
protected:
    ArrivalOnAHost() {
        add("0000:01:00.0", "vfio-pci");
        add("0000:02:00.0", "vfio-pci");
        add("0000:03:00.0", "nvme");
        plan_ = make(host_, {.ports = {"rp0", "rp1"}, .devices = {"02:00.0,id=disk"}});
    }

    void add(const char* address, const char* driver) {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        tree_.add({.address = address,
                   .config = {image.bytes().begin(), image.bytes().end()},
                   .driver = driver,
                   .group = address});
    }

    model::machine::MachinePlan make(const Host& host, const MachineArguments& arguments) {
        auto planned = plan_machine(host, arguments);
        EXPECT_TRUE(planned) << to_string(planned.error());
        return std::move(planned->plan);
    }

    Result<model::machine::Arrival> arrive(const std::string& device,
                                           std::optional<int> iommufd = {}) {
        return plan_arrival(host_, device, iommufd, {.plan = plan_, .ports = plan_.ports}, opened_);
    }
    std::string refusal(const std::string& device) {
        const auto arrival = arrive(device);
        return arrival ? "" : arrival.error().what;
    }

    support::FakeSysfs tree_;
    support::FakeFunction first_{support::ConfigBuilder{}.head(0x80).express(0x80, 0).image()};
    support::FakeFunction second_{support::ConfigBuilder{}.head(0x80).express(0x80, 0).image()};
    std::vector<std::optional<int>> iommufds_;
    Host host_{
        .sysfs =
            host::sysfs::Sysfs{{.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}},
        .make_opener =
            [this](device::Interface, std::span<const device::DeviceFacts>,
                   std::optional<int> iommufd) -> Result<std::unique_ptr<device::DeviceOpener>> {
            iommufds_.push_back(iommufd);
            auto opener = std::make_unique<support::FakeOpener>();
            opener->add({.bus = 1}, first_);
            opener->add({.bus = 2}, second_);
            return opener;
        },
        .find_function_of = {},
        .check_is_iommufd = {},
        .dma_limits = [] { return device::DmaLimits{.lock_limit_applies = false}; }};
    model::machine::MachinePlan plan_;
    device::OpenedFunctions opened_{host_.make_opener};
};

// A plug has the machine's lock: a pipe without a writer would hold every client and the end.
TEST_F(ArrivalOnAHost, DoesNotReadAFile) {
    const auto pipe = testing::TempDir() + "tenon-" + std::to_string(::getpid()) + "-arrival";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto before = std::chrono::steady_clock::now();

    EXPECT_EQ(refusal(pipe), pipe + ": a file can be planned, not assigned");
    EXPECT_EQ(refusal("-"), "-: a file can be planned, not assigned");
    EXPECT_THAT(refusal("01:00.0,rom=" + pipe), HasSubstr("it is a pipe, not a regular file"));

    EXPECT_LT(std::chrono::steady_clock::now() - before, pipe_patience);
    ::unlink(pipe.c_str());
}

TEST_F(ArrivalOnAHost, IsPlannedFromTheOpenedFunction) {
    const auto arrival = arrive("01:00.0,id=late,port=rp1,ats=off");

    ASSERT_TRUE(arrival) << arrival.error().what;
    EXPECT_EQ(arrival->port, 1u);
    const auto& function = arrival->plan->functions.at(0);
    EXPECT_EQ(function.view.id, "late");
    EXPECT_TRUE(function.facts.vfio);
    EXPECT_EQ(first_.opened(), 1u);
    EXPECT_TRUE(opened_.take({.bus = 1}));
}

TEST_F(ArrivalOnAHost, TakesAnIommufdThatSomebodyOpened) {
    iommufds_.clear();
    ASSERT_TRUE(arrive("01:00.0,port=rp1,iommu=iommufd", 42));
    EXPECT_THAT(iommufds_, testing::ElementsAre(42));
}

TEST_F(ArrivalOnAHost, ThatIsRefusedGivesTheFunctionBack) {
    EXPECT_THAT(refusal("01:00.0,port=other"), HasSubstr("no port other"));
    EXPECT_EQ(first_.opened(), 0u);
    EXPECT_THAT(refusal("01:00.0,port=rp1,id=disk"), HasSubstr("id disk is taken"));
    EXPECT_EQ(first_.opened(), 0u);
}

TEST_F(ArrivalOnAHost, RefusesWhatNoGuestCanHave) {
    EXPECT_THAT(refusal("02:00.0,port=rp1"), HasSubstr("this machine has it already, as disk"));
    EXPECT_THAT(refusal("03:00.0,port=rp1"), HasSubstr("nvme"));
    EXPECT_THAT(refusal("01:00.*"), HasSubstr("one by one"));
    EXPECT_THAT(refusal("04:00.0"), HasSubstr("04:00.0"));
    EXPECT_THAT(refusal("01:00.0,nokey=1"), HasSubstr("nokey"));
}

}  // namespace
}  // namespace tenon::library
