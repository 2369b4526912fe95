#include "vmm/control/query_pci.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/assigned_nvme.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;

// A guest in which every register is as the plan has it at the start.
class PlannedHost final : public board::PciHost {
public:
    explicit PlannedHost(const model::machine::MachinePlan& plan) : plan_{plan} {}

    std::uint32_t read(const Place& place, unsigned size) override {
        const auto* const image = find(place);
        if (image == nullptr) return static_cast<std::uint32_t>(board::all_ones(size));
        return size == 1   ? image->read8(place.offset)
               : size == 2 ? image->read<std::uint16_t>(place.offset)
                           : image->read<std::uint32_t>(place.offset);
    }
    void write(const Place& /*place*/, unsigned /*size*/, std::uint32_t /*value*/) override {}
    void restart() override {}

private:
    const pci::ConfigImage* find(const Place& place) {
        if (place.bus == 0 && place.devfn == 0) return &plan_.host_bridge.start;
        for (const auto& port : plan_.ports) {
            if (place.bus == 0 && place.devfn == port->guest.devfn()) return &port->map.start;
            for (const auto& function : port->functions)
                if (place.bus == port->secondary_bus && place.devfn == function.guest.devfn())
                    return &(image_ = function.start());
        }
        return nullptr;
    }

    const model::machine::MachinePlan& plan_;
    pci::ConfigImage image_;
};

class QueryPci : public testing::Test {
protected:
    Json ask(const std::string& described) {
        PlannedHost host{plan};
        return query_pci(host, plan.ports, [&](const model::slot::PortPlan&) { return described; });
    }
    Json ask() { return ask(R"({"functions":[{"id":")" + id() + R"(","mark":7}]})"); }
    const std::string& id() const { return plan.ports[0]->functions[0].view.id; }

    std::unique_ptr<support::FakeFunction> nvme = support::nvme_function();
    model::machine::MachinePlan plan = support::plan_of({nvme.get()});
};

TEST_F(QueryPci, GivesTheTreeOfTheGuest) {
    const auto json = ask();

    ASSERT_EQ(json.size(), 1u);
    EXPECT_EQ(json.at(0).at("bus"), 0);
    const auto& devices = json.at(0).at("devices");
    ASSERT_EQ(devices.size(), 2u);
    EXPECT_EQ(devices.at(0).at("id"), Json::parse(R"({"vendor":6966,"device":8})"));  // 1b36:0008
    const auto& port = devices.at(1);
    EXPECT_EQ(port.at("slot"), plan.ports[0]->guest.device);
    EXPECT_EQ(port.at("class_info").at("class"), 0x0604);
    EXPECT_EQ(port.at("qdev_id"), plan.ports[0]->name);
    EXPECT_EQ(port.at("pci_bridge").at("bus").at("secondary"), plan.ports[0]->secondary_bus);
}

TEST_F(QueryPci, GivesAnAssignedFunctionItsPartOfThePlan) {
    const auto behind = ask()[0]["devices"][1]["pci_bridge"]["devices"];

    ASSERT_EQ(behind.size(), 1u);
    const auto& function = behind.at(0);
    const auto& view = plan.ports[0]->functions[0].view;
    EXPECT_EQ(function.at("bus"), plan.ports[0]->secondary_bus);
    EXPECT_EQ(function.at("id").at("vendor"), view.vendor);
    EXPECT_EQ(function.at("class_info").at("class"), view.class_code >> 8);
    EXPECT_EQ(function.at("qdev_id"), view.id);
    EXPECT_EQ(function.at("tenon").at("mark"), 7);
}

TEST_F(QueryPci, GivesBarsTheAddressThatTheGuestSees) {
    const auto& function = plan.ports[0]->functions[0];
    const auto at = ask()[0]["devices"][1]["pci_bridge"]["devices"][0]["regions"][0];

    EXPECT_EQ(at.at("bar"), 0);
    EXPECT_EQ(at.at("type"), "memory");
    EXPECT_EQ(at.at("size"), function.view.bars[0].size.value_or(0));
    const bool decodes = (function.start().read8(4) & 2) != 0;
    EXPECT_EQ(at.at("address"), decodes ? static_cast<std::int64_t>(function.bar_address[0]) : -1);
}

TEST_F(QueryPci, ShowsNothingBehindAPortWithoutABus) {
    auto port = *plan.ports[0];
    port.map.start.write<std::uint8_t>(0x19, 0);
    plan.ports[0] = std::make_shared<const model::slot::PortPlan>(std::move(port));

    EXPECT_EQ(ask()[0]["devices"][1]["pci_bridge"]["devices"].size(), 0u);
}

TEST_F(QueryPci, DoesWithoutAPlan) {
    const auto json = ask("no json");

    EXPECT_TRUE(
        json.at(0).at("devices").at(1).at("pci_bridge").at("devices").at(0).at("tenon").is_null());
}

}  // namespace
}  // namespace tenon::vmm::control
