// What a guest switches of ATS, page requests and PASID: told, and kept from the device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_slots.hpp"
#include "vmm/assigned/function.hpp"

namespace tenon::vmm::assigned {
namespace {

using board::AtsSwitch;
using board::PageRequestSwitch;
using board::PasidSwitch;
using board::TranslationSwitch;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Registers in the guest: ATS at 110, page requests at 120, PASID at 140.
constexpr std::uint16_t ats_control = 0x116;
constexpr std::uint16_t page_request_control = 0x124;
constexpr std::uint16_t page_request_allocation = 0x12c;
constexpr std::uint16_t pasid_control = 0x146;

model::slot::FunctionPlan plan_with_pasid(support::FakeFunction& host) {
    model::machine::MachineRequest request{.viommu_pasid_width = 20};
    model::machine::DeviceRequest device;
    device.facts.origin = device::Origin::Live;
    device.facts.address = support::nvme_address();
    device.facts.driver = std::string{"vfio-pci"};
    device.facts.group = device::GroupFacts{.number = 1};
    device.facts.vfio = support::FakeDevice{host}.facts().value();
    device.facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true, .privileged = true};
    device.keys.pasid_offset = model::chosen::PasidOffset{0x140};
    request.devices.push_back(std::move(device));
    return model::machine::make_plan(std::move(request)).value().ports[0]->functions[0];
}

class TranslationSwitchTest : public testing::Test {
protected:
    TranslationSwitchTest() {
        board_.translation.set([this](const TranslationSwitch& one) { told_.push_back(one); });
        function_->write_config(0x04, 2, 0x0006);
    }
    ~TranslationSwitchTest() override {
        function_->shut_down();
        board_.translation.set({});
    }
    TranslationSwitchTest(const TranslationSwitchTest&) = delete;
    TranslationSwitchTest& operator=(const TranslationSwitchTest&) = delete;

    std::unique_ptr<support::FakeFunction> host_ =
        std::make_unique<support::FakeFunction>(support::ConfigBuilder{}
                                                    .head(0x80)
                                                    .express(0x80, 0)
                                                    .extended(0x100, 0x0e, 0x110)
                                                    .extended(0x110, 0x0f, 0x120)
                                                    .extended(0x120, 0x13, 0)
                                                    .image());
    model::slot::FunctionPlan plan_ = plan_with_pasid(*host_);
    support::FakeBoard board_;
    std::shared_ptr<AssignedFunction> function_ =
        AssignedFunction::create(std::make_shared<const model::slot::FunctionPlan>(plan_),
                                 std::make_unique<support::FakeDevice>(*host_), board_.parts())
            .value();
    std::vector<TranslationSwitch> told_;
};

TEST_F(TranslationSwitchTest, TellsOfAtsWithTheSizeThatTheRegisterStandsFor) {
    function_->write_config(ats_control, 2, 0x8001);
    function_->write_config(ats_control, 2, 0x0001);

    EXPECT_THAT(
        told_,
        ElementsAre(
            TranslationSwitch{
                .id = "dev0", .enabled = true, .of = AtsSwitch{.smallest_translation = 8192}},
            TranslationSwitch{
                .id = "dev0", .enabled = false, .of = AtsSwitch{.smallest_translation = 8192}}));
}

TEST_F(TranslationSwitchTest, TellsOfPageRequestsWithTheirAllocation) {
    function_->write_config(page_request_allocation, 4, 32);
    function_->write_config(page_request_control, 2, 0x0001);

    EXPECT_THAT(told_,
                ElementsAre(
                    TranslationSwitch{
                        .id = "dev0", .enabled = false, .of = PageRequestSwitch{.allocation = 32}},
                    TranslationSwitch{
                        .id = "dev0", .enabled = true, .of = PageRequestSwitch{.allocation = 32}}));
}

TEST_F(TranslationSwitchTest, TellsOfPasidWithItsPermissions) {
    function_->write_config(pasid_control, 2, 0x0003);

    EXPECT_THAT(told_, ElementsAre(TranslationSwitch{
                           .id = "dev0", .enabled = true, .of = PasidSwitch{.execute = true}}));
}

TEST_F(TranslationSwitchTest, SaysNothingOfWhatStays) {
    function_->write_config(ats_control, 2, 0x8000);
    told_.clear();

    function_->write_config(ats_control, 2, 0x8000);
    function_->write_config(page_request_control, 2, 0);
    function_->write_config(pasid_control, 2, 0);

    EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TranslationSwitchTest, TellsThatAResetSwitchesAllOff) {
    function_->write_config(ats_control, 2, 0x8000);
    function_->write_config(page_request_control, 2, 0x0001);
    function_->write_config(pasid_control, 2, 0x0001);
    told_.clear();

    function_->begin_reset();
    function_->end_reset();

    EXPECT_THAT(told_,
                UnorderedElementsAre(
                    TranslationSwitch{.id = "dev0", .of = AtsSwitch{.smallest_translation = 4096}},
                    TranslationSwitch{.id = "dev0", .of = PageRequestSwitch{}},
                    TranslationSwitch{.id = "dev0", .of = PasidSwitch{}}));
}

// Its registers are the host's, whose driver has set them.
TEST_F(TranslationSwitchTest, WritesNothingOfItToTheDevice) {
    const auto before = host_->config_writes().size();

    function_->write_config(ats_control, 2, 0x8000);
    function_->write_config(page_request_allocation, 4, 32);
    function_->write_config(page_request_control, 2, 0x0001);
    function_->write_config(pasid_control, 2, 0x0001);

    EXPECT_EQ(host_->config_writes().size(), before);
}

}  // namespace
}  // namespace tenon::vmm::assigned
