#include "cli/capture_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/diff_command.hpp"
#include "cli/plan_command.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

pci::ConfigImage config() {
    return support::ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .express(0x40, 0xb0)
        .msix(0xb0, 0)
        .extended(0x100, 0x03, 0)
        .put32(0x104, 0x44332211)
        .image();
}

// A host with a function at 01:00.0 that is bound to vfio-pci, and one at 02:00.0 in its group that
// is not.
class CaptureCommand : public testing::Test {
protected:
    CaptureCommand() {
        const auto image = config();
        const auto bytes = image.bytes();
        tree_.add({.address = "0000:01:00.0",
                   .config = {bytes.begin(), bytes.end()},
                   .driver = "vfio-pci",
                   .group = "14"});
        tree_.add({.address = "0000:02:00.0",
                   .config = {bytes.begin(), bytes.end()},
                   .driver = "nvme",
                   .group = "14"});
        function_.add_bar(0, 0x4000);
        function_.irq(device::IrqIndex::Msix) = {.count = 8, .eventfd = true};
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
                    return opener;
                },
                .dma_limits = [] { return device::DmaLimits{.lock_limit_applies = false}; }};
    }

    std::string path(const char* name) const { return tree_.proc() + "/" + name; }

    // What the plan of `device` prints, without where it was read from and who would run it.
    std::string plan(const std::string& device) {
        auto plan =
            nlohmann::json::parse(run_plan(host(), {.devices = {device}}, PlanForm::Json, {}).out);
        plan.at("ports").at(0).at("functions").at(0).erase("source");
        plan.erase("dma");
        plan.erase("interrupts");
        return plan.dump();
    }

    support::FakeSysfs tree_;
    support::FakeFunction function_{config()};
};

TEST_F(CaptureCommand, TakesEveryFunctionOfASlot) {
    const auto image = config();
    const auto bytes = image.bytes();
    tree_.add(
        {.address = "0000:02:00.3", .config = {bytes.begin(), bytes.end()}, .driver = "nvme"});
    const auto outcome = run_capture(host(), {.devices = {"02:00.*"}});

    EXPECT_EQ(outcome.status, 0);
    const auto functions = nlohmann::json::parse(outcome.out).at("functions");
    ASSERT_EQ(functions.size(), 2u);
    EXPECT_EQ(functions.at(1).at("address"), "0000:02:00.3");
    EXPECT_EQ(run_capture(host(), {.devices = {"03:00.*"}}).status, 2);
}

TEST_F(CaptureCommand, GivesThePlanOfTheDeviceElsewhere) {
    const auto file = path("c.json");

    const auto outcome = run_capture(host(), {.devices = {"01:00.0", "02:00.0"}, .output = file});

    EXPECT_EQ(outcome.status, status::good) << outcome.err;
    EXPECT_THAT(plan("01:00.0"), HasSubstr("0000:02:00.0 of the same IOMMU group 14 is bound"));
    EXPECT_EQ(plan(file + "#0000:01:00.0"), plan("01:00.0"));
    EXPECT_EQ(plan(file + "#02:00.0"), plan("02:00.0"));
    EXPECT_EQ(run_diff(host(), {.a = file + "#01:00.0", .b = "01:00.0"}, {}).status, status::good);
}

TEST_F(CaptureCommand, SaysWhatItOpenedAndWhatStaysUnknown) {
    const auto outcome = run_capture(host(), {.devices = {"01:00.0", "02:00.0"}});

    EXPECT_THAT(outcome.out, testing::StartsWith("{\n \"format\": \"tenon-capture\""));
    EXPECT_THAT(outcome.err, HasSubstr("01:00.0: opened through VFIO to ask about it, which resets "
                                       "it\n"));
    EXPECT_THAT(outcome.err, HasSubstr("02:00.0: what only VFIO knows is left unknown"));
}

TEST_F(CaptureCommand, OpensNothingIfForbidden) {
    const auto outcome =
        run_capture(host(), {.devices = {"01:00.0"}, .opening = Opening::Forbidden});

    EXPECT_EQ(function_.resets(), 0u);
    EXPECT_THAT(outcome.err, HasSubstr("--no-open"));
}

TEST_F(CaptureCommand, BlanksSerialNumbersIfAsked) {
    const auto open = run_capture(host(), {.devices = {"01:00.0"}});
    const auto blank = run_capture(host(), {.devices = {"01:00.0"}, .anonymize = true});

    EXPECT_THAT(open.out, HasSubstr("11 22 33 44"));
    EXPECT_THAT(blank.out, Not(HasSubstr("11 22 33 44")));
    EXPECT_THAT(blank.out, HasSubstr("\"anonymized\": true"));
}

TEST_F(CaptureCommand, NamesWhatCannotBeHad) {
    const auto absent = run_capture(host(), {.devices = {"09:00.0"}});
    const auto unwritable =
        run_capture(host(), {.devices = {"01:00.0"}, .output = "/nonexistent/c.json"});

    EXPECT_EQ(absent.status, status::wrong);
    EXPECT_THAT(absent.err, HasSubstr("0000:09:00.0: this host has no such PCI function"));
    EXPECT_EQ(unwritable.status, status::wrong);
    EXPECT_THAT(unwritable.err, HasSubstr("/nonexistent/c.json: No such file"));
}

TEST_F(CaptureCommand, IsNoDeviceToOpen) {
    const auto file = path("c.json");
    ASSERT_EQ(run_capture(host(), {.devices = {"01:00.0"}, .output = file}).status, status::good);
    const auto resets = function_.resets();

    const auto facts =
        gather_facts(host(), file, device::Interface::Automatic, Opening::Allowed).value();

    EXPECT_EQ(facts.origin, device::Origin::Capture);
    EXPECT_EQ(function_.resets(), resets);
}

TEST_F(CaptureCommand, CanBeComparedAsAPlan) {
    const auto file = path("plan.json");
    const auto json = run_plan(host(), {.devices = {"01:00.0", "02:00.0"}}, PlanForm::Json, {}).out;
    std::ofstream{file} << json;

    // What a machine has in all is another where another function is beside it.
    const auto beside = run_diff(host(), {.a = file + "#dev0", .b = "01:00.0"}, {});
    EXPECT_EQ(beside.status, status::refused) << beside.out;
    EXPECT_THAT(beside.out, HasSubstr("plan.interrupts.vectors  16  8"));
    const auto alone = path("alone.json");
    std::ofstream{alone} << run_plan(host(), {.devices = {"01:00.0"}}, PlanForm::Json, {}).out;
    const auto same = run_diff(host(), {.a = alone, .b = "01:00.0"}, {});
    EXPECT_EQ(same.status, status::good) << same.out;
    const auto unclear = run_diff(host(), {.a = file, .b = "01:00.0"}, {});
    EXPECT_EQ(unclear.status, status::wrong);
    EXPECT_THAT(unclear.err, HasSubstr("FILE#ID with one of: dev0, dev1"));
    std::ofstream{file} << R"({"format": 1, "ports": [{"functions": [{"id": "a"}]}]})";
    EXPECT_THAT(run_diff(host(), {.a = file, .b = "01:00.0"}, {}).err,
                HasSubstr("$.ports[0].functions[0].host: is missing"));
    auto twice = nlohmann::json::parse(json);
    auto& bars = twice["ports"][0]["functions"][0]["bars"];
    bars.push_back(bars.at(0));
    std::ofstream{file} << twice.dump();
    EXPECT_THAT(run_diff(host(), {.a = file + "#dev0", .b = "01:00.0"}, {}).err,
                HasSubstr("$.ports[0].functions[0].bars[1].index: a second time"));
}

}  // namespace
}  // namespace tenon::cli
