#include "model/machine/peers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::machine {
namespace {

using device::BarMaps;
using State = PeerPlan::State;
using testing::HasSubstr;

// A function with a BAR of 16 KiB at c0000000 of which half is mapped.
slot::FunctionPlan function(const char* host, Known<BarMaps> bar_maps, Known<bool> bar_files) {
    slot::FunctionPlan plan{};
    plan.view.host = host;
    plan.view.bars.push_back({.index = 0,
                              .kind = pci::BarKind::Memory32,
                              .size = 0x4000,
                              .mapped = {{.offset = 0, .size = 0x2000}}});
    plan.bar_address[0] = 0xc0000000;
    plan.facts.vfio = device::VfioFacts{};
    plan.facts.kernel = std::string{"6.12.4"};
    plan.facts.iommu.bar_maps = std::move(bar_maps);
    plan.facts.iommu.bar_files = std::move(bar_files);
    return plan;
}

slot::FunctionPlan by_group(const char* host = "0000:01:00.0") {
    return function(host, BarMaps::ByAddress, true);
}
slot::FunctionPlan by_iommufd(const char* host = "0000:02:00.0", bool files = true) {
    return function(host, BarMaps::ByFile, files);
}

PeerPlan plan(const std::vector<slot::FunctionPlan>& functions) {
    std::vector<const slot::FunctionPlan*> all;
    for (const auto& one : functions)
        all.push_back(&one);
    return plan_peers(all).value();
}

TEST(Peers, AreNoneOfASingleFunction) {
    EXPECT_EQ(plan_peers(std::span<const slot::FunctionPlan* const>{}), std::nullopt);
    const auto one = by_group();
    const auto* const alone = &one;
    EXPECT_EQ(plan_peers(std::span{&alone, 1}), std::nullopt);
}

TEST(Peers, AreMappedAsTheInterfaceTakesThem) {
    EXPECT_EQ(plan({by_group(), by_group()}),
              (PeerPlan{.state = State::Mapped,
                        .line = "BARs of each function are mapped for DMA of the others, by "
                                "address (VFIO groups)"}));
    EXPECT_EQ(plan({by_iommufd(), by_iommufd()}),
              (PeerPlan{.state = State::Mapped,
                        .line = "BARs of each function are mapped for DMA of the others, as "
                                "dma-bufs (iommufd)"}));
    EXPECT_EQ(plan({by_group(), by_iommufd()}).state, State::Mapped);
}

TEST(Peers, AreNotThereWithIommufdOfAnOldKernel) {
    EXPECT_EQ(plan({by_iommufd("0000:01:00.0", false), by_iommufd("0000:02:00.0", false)}),
              (PeerPlan{.state = State::None,
                        .line = "none: Linux 6.12.4 gives iommufd no BARs (dma-buf): Linux does "
                                "from 6.19 on, built with PCI_P2PDMA"}));
    EXPECT_EQ(plan({by_iommufd("0000:01:00.0", false), by_iommufd("0000:02:00.0")}).state,
              State::Partly);
    // The container takes the BAR of the other one as it is.
    EXPECT_EQ(plan({by_group(), by_iommufd("0000:02:00.0", false)}).state, State::Mapped);
}

TEST(Peers, AreNotKnownOfACapture) {
    auto captured = by_iommufd();
    captured.facts.iommu = {};
    EXPECT_EQ(plan({captured, captured}),
              (PeerPlan{.state = State::Unknown,
                        .line = "not known: only functions that are opened on their host tell"}));
    EXPECT_EQ(plan({by_iommufd(), captured}).state, State::Unknown);
    // A dump does not even tell of BARs.
    captured.facts.vfio = Unknown{"a dump"};
    captured.view.bars.clear();
    EXPECT_EQ(plan({captured, captured}).state, State::Unknown);
}

TEST(Peers, DoNotReachWhatTheIommuDoesNotTranslate) {
    auto narrow = by_group("0000:01:00.0");
    narrow.facts.iommu.iova = std::vector<device::IovaRange>{{.first = 0, .last = 0xc0003ffe}};
    const auto partly = plan({narrow, by_group("0000:02:00.0")});
    EXPECT_EQ(partly.state, State::Partly);
    EXPECT_THAT(partly.line, HasSubstr("the IOMMU of 0000:01:00.0 does not translate 0xc0000000, "
                                       "where BAR 0 of 0000:02:00.0 is"));

    narrow.facts.iommu.iova = std::vector<device::IovaRange>{{.first = 0, .last = 0xc0003fff}};
    EXPECT_EQ(plan({narrow, by_group("0000:02:00.0")}).state, State::Mapped);
}

TEST(Peers, WantABarThatCanBeMapped) {
    auto without = by_group();
    without.view.bars.clear();
    EXPECT_EQ(plan({without, without}).state, State::None);
    // One reaches the other all the same.
    EXPECT_EQ(plan({without, by_group()}).state, State::Mapped);
}

}  // namespace
}  // namespace tenon::model::machine
