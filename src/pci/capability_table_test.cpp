#include "pci/capability_table.hpp"

#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

TEST(CapabilityTable, HasEveryIdOfBothLists) {
    // Standard ids 00h to 15h, extended ids 00h to 3Ah.
    ASSERT_EQ(capability_table().size(), 0x16u + 0x3bu);
    for (std::size_t n = 0; n < capability_table().size(); ++n)
        EXPECT_EQ(capability_table()[n].id, n < 0x16 ? n : n - 0x16);
}

TEST(CapabilityTable, GivesAReasonAndASourceForEachRow) {
    for (const auto& kind : capability_table()) {
        EXPECT_FALSE(kind.name.empty());
        EXPECT_FALSE(kind.why.empty()) << kind.name;
        EXPECT_FALSE(kind.source.empty()) << kind.name;
    }
}

TEST(CapabilityTable, NeverShowsWhatTheKernelHides) {
    for (const auto& kind : capability_table())
        EXPECT_TRUE(kind.kernel != KernelTreatment::Hidden || kind.action == Action::Hide)
            << kind.name;
}

TEST(CapabilityTable, HidesIdsThatItDoesNotKnow) {
    EXPECT_EQ(kind_of(CapabilityList::Extended, 0x7777).name, "unknown");
    EXPECT_EQ(kind_of(CapabilityList::Extended, 0x7777).action, Action::Hide);
    EXPECT_EQ(kind_of(CapabilityList::Standard, 0x16).name, "unknown");
}

TEST(CapabilityTable, FindsRowsByListAndId) {
    EXPECT_EQ(kind_of(CapabilityList::Standard, 0x10).name, "PCI Express");
    EXPECT_EQ(kind_of(CapabilityList::Extended, 0x10).name, "SR-IOV");
}

}  // namespace
}  // namespace tenon::pci
