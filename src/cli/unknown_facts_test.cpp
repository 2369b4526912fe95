// Plans of functions of which any facts are missing, one or two at a time, in all forms of output.
#include <gtest/gtest.h>

#include <array>
#include <exception>
#include <vector>

#include "cli/text/map_svg.hpp"
#include "cli/text/map_text.hpp"
#include "cli/text/plan_lspci.hpp"
#include "cli/text/plan_text.hpp"
#include "cli/text/verdict_text.hpp"
#include "library/plan_json.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/slot/slot_proposal.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli {
namespace {

using device::DeviceFacts;
using Forget = void (*)(DeviceFacts&);

const Unknown untold{"nobody tells"};

// Each fact that may be missing.
constexpr auto forgetting = std::to_array<Forget>({
    [](DeviceFacts& of) { of.address = untold; },
    [](DeviceFacts& of) { of.physical = untold; },
    [](DeviceFacts& of) { of.vfio = untold; },
    [](DeviceFacts& of) { of.resources = untold; },
    [](DeviceFacts& of) { of.group = untold; },
    [](DeviceFacts& of) { of.driver = untold; },
    [](DeviceFacts& of) { of.nodes = untold; },
    [](DeviceFacts& of) { of.virtual_function = untold; },
    [](DeviceFacts& of) { of.physical_function = untold; },
    [](DeviceFacts& of) { of.numa_node = untold; },
    [](DeviceFacts& of) { of.kernel = untold; },
    [](DeviceFacts& of) { of.identity = untold; },
    [](DeviceFacts& of) { of.has_iommu = untold; },
    [](DeviceFacts& of) { of.link = untold; },
    [](DeviceFacts& of) { of.reset_methods = untold; },
    [](DeviceFacts& of) { of.path = untold; },
    [](DeviceFacts& of) { of.bus_neighbours = untold; },
    [](DeviceFacts& of) { of.iommu.pasid = untold; },
    [](DeviceFacts& of) { of.iommu.ats = untold; },
    [](DeviceFacts& of) { of.iommu.dirty_tracking = untold; },
    [](DeviceFacts& of) { of.iommu.kind = untold; },
    [](DeviceFacts& of) { of.iommu.page_sizes = untold; },
    [](DeviceFacts& of) { of.iommu.iova = untold; },
    [](DeviceFacts& of) { of.iommu.bar_maps = untold; },
    [](DeviceFacts& of) { of.iommu.bar_files = untold; },
    [](DeviceFacts& of) { of.atomics = untold; },
    [](DeviceFacts& of) {
        for (auto& bridge : *of.path)
            bridge.config = untold;
    },
    [](DeviceFacts& of) {
        for (auto& bridge : *of.path)
            bridge.driver = untold;
    },
    [](DeviceFacts& of) { of.physical_function->config = untold; },
});

// A function of which everything is known, of some kinds at once.
DeviceFacts all_known(unsigned function, bool is_virtual) {
    const auto image = support::ConfigBuilder{}
                           .head(0x80)
                           .express(0x80, 0x60)
                           .second_registers(0x80, 0x00010380)
                           .msix(0x60, 0)
                           .put32(0x10, 0xc0000004)
                           .extended(0x100, 0x0f, 0)
                           .image();
    const pci::Address address{.bus = 0x0b, .function = static_cast<std::uint8_t>(function)};
    DeviceFacts facts{to_string(address), device::Origin::Capture};
    facts.address = address;
    facts.physical = image;
    facts.vfio = device::VfioFacts{.config = image};
    facts.resources = std::array<device::ResourceFacts, device::bar_count + 1>{};
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.bus = 0x0b, .function = 3}, .driver = "snd_hda_intel"}}};
    facts.driver = std::string{"vfio-pci"};
    facts.nodes = device::VfioNodes{};
    facts.virtual_function = is_virtual;
    facts.physical_function =
        device::PhysicalFunctionFacts{.address = {.bus = 0x0a}, .config = image};
    facts.numa_node = 0;
    facts.kernel = std::string{"6.1.0"};
    facts.identity = device::Identity{};
    facts.has_iommu = true;
    facts.link = device::LinkFacts{};
    facts.reset_methods = std::vector<std::string>{};
    facts.path = std::vector<device::BridgeFacts>{
        {.address = {.bus = 0}, .config = image, .driver = std::string{"pcieport"}}};
    facts.bus_neighbours = std::vector<device::GroupMember>{
        {.address = {.bus = 0x0b, .function = 3}, .driver = "snd_hda_intel"}};
    facts.iommu.pasid = device::PasidFacts{.width = 16};
    facts.iommu.ats = true;
    facts.iommu.dirty_tracking = true;
    facts.iommu.kind = 1u;
    facts.iommu.page_sizes = std::uint64_t{0x1000};
    facts.iommu.iova = std::vector<device::IovaRange>{{.first = 0, .last = ~std::uint64_t{0}}};
    facts.iommu.bar_maps = device::BarMaps::ByFile;
    facts.iommu.bar_files = true;
    facts.atomics = std::uint32_t{device::atomics_32};
    return facts;
}

model::machine::MachinePlan plan_of(std::vector<DeviceFacts> functions,
                                    model::chosen::ResetChoice reset, model::chosen::AtsMode ats) {
    model::machine::MachineRequest request;
    request.viommu_pasid_width = 20;
    request.interfaces = {device::Interface::Iommufd};
    for (auto& facts : functions)
        request.devices.push_back(
            {.facts = std::move(facts), .port = "a", .keys = {.ats = ats, .reset = reset}});
    request.ports = {{.name = "a"}};
    return model::machine::make_plan(std::move(request)).value();
}

std::size_t print(const model::machine::MachinePlan& plan) {
    return text::render_text(plan, {}).size() + library::render_json(plan).size() +
           text::render_map_text(plan, {}).size() + text::render_map_svg(plan).size() +
           text::render_lspci(plan).size() + text::render_refusal(plan, {}).size();
}

std::size_t propose(const DeviceFacts& one, const DeviceFacts& other) {
    const std::array candidates{model::slot::SlotCandidate{.facts = &one, .argument = "a"},
                                model::slot::SlotCandidate{.facts = &other, .argument = "b"}};
    return model::slot::propose_slots({.bus = 0x0b}, candidates, {.named = {}, .taken = {}})
        .slots.size();
}

bool throws(const DeviceFacts& facts, const DeviceFacts& other) {
    try {
        print(plan_of({facts, other}, model::chosen::ResetChoice::Auto,
                      model::chosen::AtsMode::Auto));
        print(plan_of({facts, other}, model::chosen::ResetChoice::Bus, model::chosen::AtsMode::On));
        propose(facts, other);
        return false;
    } catch (const std::exception&) {
        return true;
    }
}

// Whoever asks for the half of a fact that is not there ends the program by an exception.
TEST(UnknownFacts, AreMissingInAnyPair) {
    for (std::size_t a = 0; a < forgetting.size(); ++a)
        for (std::size_t b = a + 1; b < forgetting.size(); ++b) {
            auto facts = all_known(0, false);
            // What is deeper first.
            forgetting.at(b)(facts);
            forgetting.at(a)(facts);
            EXPECT_FALSE(throws(facts, all_known(1, false))) << a << " and " << b;
        }
}

TEST(UnknownFacts, AreMissingOneByOneOfAVirtualFunction) {
    for (std::size_t n = 0; n < forgetting.size(); ++n) {
        auto facts = all_known(0, true);
        forgetting.at(n)(facts);
        EXPECT_FALSE(throws(facts, all_known(1, true))) << n;
    }
}

}  // namespace
}  // namespace tenon::cli
