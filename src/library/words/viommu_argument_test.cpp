#include "library/words/viommu_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using model::chosen::ViommuMode;
using model::chosen::VtdRequest;
using testing::HasSubstr;

TEST(ParseViommu, TakesWidthsOfPasid) {
    EXPECT_EQ(parse_viommu("none").value(), model::chosen::ViommuRequest{});
    EXPECT_EQ(parse_viommu("pasid").value().pasid_width, 20u);
    EXPECT_EQ(parse_viommu("pasid=8").value().pasid_width, 8u);
    EXPECT_FALSE(parse_viommu("pasid=8").value().vtd);
    EXPECT_EQ(parse_viommu("pasid=21").error().what, "--viommu pasid=21: a width is 1 to 20 bits");
    EXPECT_FALSE(parse_viommu("pasid=0"));
    EXPECT_FALSE(parse_viommu("pasid="));
}

TEST(ParseViommu, TakesAnIommuThatIsThere) {
    EXPECT_EQ(parse_viommu("vtd").value().vtd, VtdRequest{});
    EXPECT_EQ(
        parse_viommu("vtd,mode=scalable,intremap=off,aw=39").value().vtd,
        (VtdRequest{
            .mode = ViommuMode::Scalable, .interrupt_remapping = false, .address_width = 39}));
    EXPECT_EQ(parse_viommu("vtd,intremap=on").value().vtd->interrupt_remapping, true);
}

TEST(ParseViommu, SaysWhatIsKnown) {
    EXPECT_EQ(parse_viommu("smmu").error().what,
              "--viommu smmu: known are none, pasid, pasid=WIDTH and vtd");
    EXPECT_THAT(parse_viommu("vtd,mode=old").error().what,
                HasSubstr("mode=old: known are legacy, scalable, nested and auto"));
    EXPECT_THAT(parse_viommu("vtd,aw=57").error().what, HasSubstr("aw=57: known are 39 and 48"));
    EXPECT_THAT(parse_viommu("vtd,intremap=yes").error().what, HasSubstr("known are on and off"));
    EXPECT_THAT(parse_viommu("vtd,width=3").error().what, HasSubstr("unknown key \"width\""));
    EXPECT_FALSE(parse_viommu("vtd,"));
    EXPECT_FALSE(parse_viommu("vtdx"));
}

}  // namespace
}  // namespace tenon::library::words
