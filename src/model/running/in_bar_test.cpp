#include "model/running/in_bar.hpp"

#include <gtest/gtest.h>

namespace tenon::model::running {
namespace {

// BAR 2 has 0x3000 bytes of the device in 0x4000, of which ours are the last; table and pending
// bits lie in the device's.
function::FunctionView some_view() {
    function::FunctionView view;
    view.bars.push_back({.index = 0, .size = 0x1000});
    view.bars.push_back({.index = 2, .size = 0x4000, .device_bytes = 0x3000});
    view.msix = function::MsixPlan{
        .vectors = 4, .table_bar = 2, .table_offset = 0x1000, .pba_bar = 2, .pba_offset = 0x2000};
    return view;
}

TEST(InBar, TellsWhoAnswers) {
    const auto view = some_view();
    EXPECT_EQ(find_in_bar(view, 2, 0x10, 4), (InBar{.part = BarPart::Device, .offset = 0x10}));
    EXPECT_EQ(find_in_bar(view, 2, 0x1014, 4), (InBar{.part = BarPart::Table, .offset = 0x14}));
    EXPECT_EQ(find_in_bar(view, 2, 0x2004, 4), (InBar{.part = BarPart::Pending, .offset = 4}));
    EXPECT_EQ(find_in_bar(view, 2, 0x2ffc, 4).part, BarPart::Device);
    EXPECT_EQ(find_in_bar(view, 2, 0x3000, 1).part, BarPart::Nothing);
}

TEST(InBar, NothingIsAcrossAnEdge) {
    const auto view = some_view();
    EXPECT_EQ(find_in_bar(view, 2, 0xffc, 8).part, BarPart::Nothing);
    EXPECT_EQ(find_in_bar(view, 2, 0x103c, 8).part, BarPart::Nothing);
    EXPECT_EQ(find_in_bar(view, 2, 0x2004, 8).part, BarPart::Nothing);
    EXPECT_EQ(find_in_bar(view, 2, 0x2ffc, 8).part, BarPart::Nothing);
    EXPECT_EQ(find_in_bar(view, 2, 0x1040, 8).part, BarPart::Device);
}

TEST(InBar, PartsOfOneBarAreInNoOther) {
    const auto view = some_view();
    EXPECT_EQ(find_in_bar(view, 0, 0x1000 - 4, 4).part, BarPart::Device);
    EXPECT_EQ(find_in_bar(view, 0, 0x14, 4).part, BarPart::Device);
}

// Relocated: the table alone in what is ours.
TEST(InBar, OursMayLieBeyondTheDevice) {
    auto view = some_view();
    view.msix->table_offset = 0x3000;
    EXPECT_EQ(find_in_bar(view, 2, 0x3008, 8), (InBar{.part = BarPart::Table, .offset = 8}));
    EXPECT_EQ(find_in_bar(view, 2, 0x3040, 8).part, BarPart::Nothing);
}

}  // namespace
}  // namespace tenon::model::running
