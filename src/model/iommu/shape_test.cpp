#include "model/iommu/shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::iommu {
namespace {

std::string value_of(const UnitDesign& design, std::string_view name) {
    for (const auto& trait : design.traits)
        if (trait.name == name) return trait.value;
    return "none";
}

// ND 6, CM, SAGAW 39 and 48, MGAW 47, ZLR, FRO 0x22, 2 MiB and 1 GiB, PSI, 8 records, MAMV 36,
// DWD, DRD, ESIRTPS, ESRTPS; not RWBF, PLMR, PHMR, AFL, FS1GP, PI, FS5LP.
TEST(UnitShape, HasTheCapabilitiesOfALegacyUnit) {
    const auto design = design_unit({}, {});

    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.capability, 0xc0e4'078c'226f'0686u);
    // C, QI, IR, EIM, PT, IRO 0xf, MHMV 15; not DT, SC, NEST, PRS, SMTS, FSTS.
    EXPECT_EQ(design->shape.extended_capability, 0x00f0'0f5bu);
}

TEST(UnitShape, HasTheCapabilitiesOfAScalableUnitWithPasids) {
    const auto design = design_unit({.snoop_control = true, .pasid_width = 20},
                                    {.mode = TableMode::Scalable, .pasid_width = 20, .ats = true});

    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.capability, 0xc0e4'078c'226f'0686u);
    // As above and DT, SC, PSS 19, PASID, SMTS, SSTS, SMPWC; still no FSTS (bit 47).
    EXPECT_EQ(design->shape.extended_capability, 0x0001'4998'00f0'0fdfu);
    EXPECT_EQ(design->shape.pasid_width(), 20u);
    EXPECT_TRUE(design->shape.scalable());
    EXPECT_TRUE(design->shape.device_tlb());
    EXPECT_TRUE(design->shape.snoop_control());
}

TEST(UnitShape, HasOfFirstStageTablesWhatTheHostWalks) {
    // FS1GP, FS5LP of all that the host has.
    const HostLimits host{.pasid_width = 20,
                          .capability = 1ull << 60 | 1ull << 56 | 1ull << 4,
                          .extended_capability = 1ull << 26 | 1ull << 31 | 1ull << 34 | 1ull << 43 |
                                                 1ull << 46 | 1ull << 47 | 1ull << 48};
    const auto design = design_unit(host, {.mode = TableMode::Nested, .pasid_width = 20});

    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.capability, 0xd1e4'078c'226f'0686u);
    // SRS, EAFS, PSS 19, PASID, SMTS, FSTS, SMPWC; neither SSTS nor NEST.
    EXPECT_EQ(design->shape.extended_capability, 0x0001'899c'80f0'0f5bu);
    EXPECT_EQ(design->shape.mode(), TableMode::Nested);
    EXPECT_EQ(value_of(*design, "tables"), "nested");

    HostLimits less = host;
    less.capability = 0;
    less.extended_capability &= ~(1ull << 31 | 1ull << 34 | 1ull << 48);
    const auto plain = design_unit(less, {.mode = TableMode::Nested, .pasid_width = 20});
    EXPECT_EQ(plain->shape.capability, 0xc0e4'078c'226f'0686u);
    EXPECT_EQ(plain->shape.extended_capability, 0x0000'8998'00f0'0f5bu);
}

TEST(UnitShape, NestsOnlyWhereTheHostDoes) {
    constexpr std::uint64_t all = 1ull << 26 | 1ull << 43 | 1ull << 47;
    for (const unsigned lacking : {26u, 43u, 47u}) {
        const HostLimits host{.extended_capability = all & ~(1ull << lacking)};
        EXPECT_FALSE(host.nests()) << lacking;
        const auto design = design_unit(host, {.mode = TableMode::Nested});
        ASSERT_FALSE(design);
        EXPECT_EQ(design.error().what,
                  "the host's IOMMU walks no first-stage tables of a guest (no nesting)");
    }
    EXPECT_TRUE(HostLimits{.extended_capability = all}.nests());
}

TEST(UnitShape, WithoutInterruptRemappingHasNothingOfIt) {
    const auto design = design_unit({}, {.interrupt_remapping = false});
    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.extended_capability, 0x0000'0f43u);
    EXPECT_FALSE(design->shape.interrupt_remapping());
}

// A host with first-stage tables has 47 bits: four levels, MGAW 46.
TEST(UnitShape, IsNoWiderThanTheHostsDomains) {
    const auto design = design_unit({.aperture_bits = 47}, {});
    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.capability, 0xc0e4'078c'226e'0686u);
    EXPECT_EQ(design->shape.address_bits(), 47u);
    EXPECT_EQ(value_of(*design, "address width"), "47 bits");
}

TEST(UnitShape, WithAHostOf39BitsHasTablesOfThreeLevelsAlone) {
    const auto design = design_unit({.aperture_bits = 39}, {});
    ASSERT_TRUE(design);
    // SAGAW 39, MGAW 38, MAMV 27.
    EXPECT_EQ(design->shape.capability, 0xc0db'078c'2266'0286u);
    EXPECT_TRUE(design->shape.takes_levels(3));
    EXPECT_FALSE(design->shape.takes_levels(4));
    EXPECT_FALSE(design->shape.takes_levels(5));
    EXPECT_FALSE(design->shape.takes_levels(2));
}

TEST(UnitShape, IsAsNarrowAsAskedFor) {
    const auto design = design_unit({.aperture_bits = 57}, {.address_width = 39});
    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.address_bits(), 39u);
    EXPECT_EQ(design->shape.address_mask(), 27u);
}

TEST(UnitShape, NeverHasMoreThan48Bits) {
    const auto design = design_unit({.aperture_bits = 57}, {});
    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.address_bits(), 48u);
}

TEST(UnitShape, HasNoMorePasidsThanTheHostAttaches) {
    const auto design =
        design_unit({.pasid_width = 16}, {.mode = TableMode::Scalable, .pasid_width = 20});
    ASSERT_TRUE(design);
    EXPECT_EQ(design->shape.pasid_width(), 16u);
    EXPECT_EQ(value_of(*design, "PASID"), "16 bits");
}

TEST(UnitShape, IsRefusedWithTheReason) {
    const auto why = [](const HostLimits& host, const UnitRequest& request) {
        const auto design = design_unit(host, request);
        return design ? "made" : design.error().what;
    };
    EXPECT_EQ(why({.aperture_bits = 36}, {}),
              "the host's domains take addresses of 36 bits: an IOMMU of the guest needs 39");
    EXPECT_EQ(why({.aperture_bits = 46}, {.address_width = 48}),
              "the host's domains take addresses of 46 bits: an IOMMU of 48 bits does not fit; 39 "
              "do");
    EXPECT_EQ(why({}, {.address_width = 40}), "an IOMMU of 40 bits: known are 39 and 48");
    EXPECT_EQ(why({.pasid_width = 20}, {.pasid_width = 20}),
              "PASIDs need the IOMMU's scalable mode");
    EXPECT_EQ(why({}, {.mode = TableMode::Scalable, .pasid_width = 20}),
              "the host cannot attach PASIDs");
    EXPECT_EQ(why({.pasid_width = 20}, {.mode = TableMode::Scalable, .pasid_width = 21}),
              "PASIDs of 21 bits: 1 to 20 are possible");
    EXPECT_EQ(why({}, {.memory_bits = 53}),
              "guest physical addresses of 53 bits: 32 to 52 are possible");
}

TEST(UnitShape, SaysOfEachTraitWhyItIsSo) {
    const auto design = design_unit({}, {});
    ASSERT_TRUE(design);
    for (const auto& trait : design->traits) {
        EXPECT_FALSE(trait.why.empty()) << trait.name;
        EXPECT_FALSE(trait.source.empty()) << trait.name;
    }
    EXPECT_EQ(value_of(*design, "tables"), "legacy");
    EXPECT_EQ(value_of(*design, "snoop control"), "no");
    EXPECT_EQ(value_of(*design, "device TLB"), "no");
    EXPECT_EQ(value_of(*design, "interrupt remapping"), "yes");
    EXPECT_EQ(value_of(*design, "PASID"), "no");
}

}  // namespace
}  // namespace tenon::model::iommu
