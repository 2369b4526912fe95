#include "library/request.hpp"

#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::library {
namespace {

// A host with functions at 01:00.0 and 01:00.1, bound to their own driver.
class Request : public testing::Test {
protected:
    Request() {
        const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
        for (const auto* const address : {"0000:01:00.0", "0000:01:00.1"})
            tree_.add({.address = address,
                       .config = {image.bytes().begin(), image.bytes().end()},
                       .driver = "nvme",
                       .group = "14"});
    }

    Result<model::MachinePlan> plan(const MachineArguments& arguments) {
        const Host host{.sysfs = host::Sysfs{
                            {.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}};
        return plan_machine(host, arguments);
    }

    std::string wrong(const MachineArguments& arguments) {
        const auto made = plan(arguments);
        return made ? "no error" : made.error().what;
    }

    support::FakeSysfs tree_;
};

TEST_F(Request, GivesEachDeviceAPortOfItsOwn) {
    const auto made = plan({.devices = {"01:00.0", "0000:01:00.1"}}).value();

    ASSERT_EQ(made.ports.size(), 2u);
    EXPECT_EQ(made.ports[0].name, "rp0");
    EXPECT_EQ(made.ports[1].name, "rp1");
    EXPECT_EQ(made.ports[1].functions[0].view.id, "dev1");
    EXPECT_EQ(made.version, "tenon-1");
}

TEST_F(Request, PutsDevicesWhereTheirKeysSay) {
    const auto made =
        plan({.ports = {"slot"},
              .devices = {"01:00.0,port=slot,id=disk,iommu=group", "01:00.1,port=slot,function=4"}})
            .value();

    ASSERT_EQ(made.ports.size(), 1u);
    EXPECT_EQ(made.ports[0].functions[0].view.id, "disk");
    EXPECT_EQ(made.ports[0].functions[0].interface, device::Interface::Group);
    EXPECT_EQ(made.ports[0].functions[1].view.function, 4u);
}

TEST_F(Request, RefusesAFunctionTwice) {
    EXPECT_EQ(wrong({.devices = {"01:00.0", "0000:01:00.0"}}), "0000:01:00.0 is given twice");
}

TEST_F(Request, RefusesWhatDoesNotExist) {
    EXPECT_EQ(wrong({.devices = {"02:00.0"}}), "0000:02:00.0: this host has no such PCI function");
    EXPECT_TRUE(wrong({.version = "pc-1", .devices = {"01:00.0"}})
                    .starts_with("machine version \"pc-1\" is not known; known: tenon-1"));
    EXPECT_EQ(wrong({.ports = {"a", "a"}, .devices = {"01:00.0"}}), "port a is given twice");
}

}  // namespace
}  // namespace tenon::library
