#include "library/backends.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "library/request.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

using testing::HasSubstr;

// A machine with a disk, a network and two ports that are empty.
class ProcessArrival : public testing::Test {
protected:
    ProcessArrival() {
        const Host host{.sysfs = host::sysfs::Sysfs{
                            {.sysfs = tree.sysfs(), .dev = tree.dev(), .proc = tree.proc()}}};
        auto planned = plan_machine(
            host, {.ports = {"rp0", "rp1"},
                   .backends = {{"disk", {"a.img,id=system,port=a"}}, {"net", {"user,port=b"}}}});
        EXPECT_TRUE(planned) << to_string(planned.error());
        plan = std::move(planned->plan);
    }
    Result<model::machine::Arrival> arrive(std::string_view option, std::string_view keys) {
        return plan_process_arrival(option, keys, {.plan = plan, .ports = plan.ports});
    }
    std::string refusal(std::string_view option, std::string_view keys) {
        const auto arrival = arrive(option, keys);
        return arrival ? "" : arrival.error().what;
    }

    support::FakeSysfs tree;  // No device is in it.
    model::machine::MachinePlan plan;
};

TEST_F(ProcessArrival, IsPlannedAsAtTheStart) {
    const auto arrival = arrive("disk", "port=rp1,file=b.qcow2,readonly=on,id=data");

    ASSERT_TRUE(arrival) << to_string(arrival.error());
    EXPECT_EQ(arrival->plan->name, "rp1");
    const auto& function = arrival->plan->functions.at(0);
    EXPECT_EQ(function.view.id, "data");
    EXPECT_EQ(function.view.host, "disk:b.qcow2");
    EXPECT_EQ(function.view.device, 0x1042u);
    EXPECT_TRUE(function.backend->program->readonly);
}

TEST_F(ProcessArrival, FindsAPortByItself) {
    EXPECT_EQ(arrive("share", "folder=/srv,tag=work").value().plan->name, "rp0");
}

TEST_F(ProcessArrival, HasAnAddressThatNoOtherHas) {
    const auto arrival = arrive("net", "type=user").value();

    EXPECT_EQ(arrival.plan->functions.at(0).backend->mac,
              (model::virtio::MacAddress{0x52, 0x54, 0, 0x12, 0x34, 0x57}));
}

TEST_F(ProcessArrival, LeavesTheImageOfAnother) {
    EXPECT_EQ(refusal("disk", "file=a.img"), "disk:a.img: this machine has it already, as system");
    EXPECT_EQ(refusal("disk", "file=a.img,readonly=on"), "");
}

TEST_F(ProcessArrival, NamesWhatIsWrong) {
    EXPECT_EQ(refusal("disk", "readonly=on"), "Parameter 'file' is missing");
    EXPECT_THAT(refusal("disk", "file=b.img,format=vmdk"), HasSubstr("known are raw, qcow2"));
    EXPECT_THAT(refusal("disk", "file=b.img,file=c.img"), HasSubstr("unknown key \"file\""));
    EXPECT_THAT(refusal("vhost-user", "socket=/run/a"), HasSubstr("type= is missing"));
    EXPECT_THAT(refusal("floppy", "file=a"), HasSubstr("no option --floppy"));
}

}  // namespace
}  // namespace tenon::library
