#include "library/words/stated_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using device::DeviceFacts;
using device::Origin;
using testing::HasSubstr;

StatedFacts stated(std::string_view key, std::string_view value) {
    StatedFacts facts;
    EXPECT_TRUE(take_key(stated_keys(), facts, "d", {.key = key, .value = value}))
        << key << '=' << value;
    return facts;
}

std::string refusal(std::string_view key, std::string_view value) {
    StatedFacts facts;
    const auto read = take_key(stated_keys(), facts, "d", {.key = key, .value = value});
    return read ? "no error" : read.error().what;
}

TEST(StatedFacts, ReadWidthsOfAtomicOps) {
    EXPECT_EQ(stated("host-atomics", "32+64+128").atomics, 7u);
    EXPECT_EQ(stated("host-atomics", "128").atomics, 4u);
    EXPECT_EQ(stated("host-atomics", "none").atomics, 0u);
    EXPECT_EQ(refusal("host-atomics", "16"),
              "d: host-atomics=16: \"16\" is not one of 32, 64 and 128, each once, or none");
    EXPECT_THAT(refusal("host-atomics", "32+32"), HasSubstr("each once"));
    EXPECT_THAT(refusal("host-atomics", "32+"), HasSubstr("\"\" is not"));
    EXPECT_THAT(refusal("host-atomics", "32+none"), HasSubstr("\"none\" is not"));
}

TEST(StatedFacts, ReadAts) {
    EXPECT_EQ(stated("host-ats", "supported").ats, Known<bool>{true});
    EXPECT_EQ(stated("host-ats", "unsupported").ats, Known<bool>{false});
    EXPECT_EQ(stated("host-ats", "unknown").ats, Known<bool>{Unknown{"stated as unknown"}});
    EXPECT_EQ(refusal("host-ats", "on"),
              "d: host-ats=on: known are supported, unsupported, unknown");
}

TEST(StatedFacts, ReadPasid) {
    EXPECT_EQ(stated("host-pasid", "20+exec+priv").pasid,
              (device::PasidFacts{.width = 20, .execute = true, .privileged = true}));
    EXPECT_EQ(stated("host-pasid", "16").pasid, (device::PasidFacts{.width = 16}));
    EXPECT_EQ(stated("host-pasid", "none").pasid, device::PasidFacts{});
    EXPECT_THAT(refusal("host-pasid", "0"), HasSubstr("1 to 20 bits"));
    EXPECT_THAT(refusal("host-pasid", "21"), HasSubstr("1 to 20 bits"));
    EXPECT_THAT(refusal("host-pasid", "exec"), HasSubstr("1 to 20 bits"));
    EXPECT_THAT(refusal("host-pasid", "16+read"), HasSubstr("+exec, +priv"));
}

TEST(StatedFacts, ReadAGroup) {
    EXPECT_EQ(stated("host-group", "24").group, 24u);
    EXPECT_EQ(stated("host-group", "0").group, 0u);
    EXPECT_EQ(refusal("host-group", "x"),
              "d: host-group=x: it is not the number of an IOMMU group");
    EXPECT_THAT(refusal("host-group", "4294967296"), HasSubstr("not the number"));
    EXPECT_THAT(refusal("host-group", "-1"), HasSubstr("not the number"));
}

TEST(StatedFacts, ReadWaysToReset) {
    using Methods = std::vector<std::string>;
    EXPECT_EQ(stated("host-reset", "flr+bus").reset_methods, (Methods{"flr", "bus"}));
    EXPECT_EQ(stated("host-reset", "none").reset_methods, Methods{});
    EXPECT_EQ(refusal("host-reset", "hammer"),
              "d: host-reset=hammer: known are none, or with + between them: device_specific, "
              "acpi, flr, af_flr, pm, bus, cxl_bus");
    EXPECT_THAT(refusal("host-reset", "flr+flr"), HasSubstr("known are"));
    EXPECT_THAT(refusal("host-reset", "flr+none"), HasSubstr("known are"));
}

TEST(StatedFacts, FillInWhatAFileLacks) {
    DeviceFacts facts{"", Origin::File};
    facts.group = Unknown{"a dump does not tell"};
    facts.reset_methods = Unknown{"a dump does not tell"};
    auto all = stated("host-atomics", "64");
    all.ats = Known<bool>{false};
    all.pasid = device::PasidFacts{.width = 8};
    all.group = 3;
    all.reset_methods = std::vector<std::string>{"pm"};

    ASSERT_TRUE(apply_stated(all, facts));

    EXPECT_EQ(*facts.atomics, 2u);
    EXPECT_FALSE(*facts.iommu.ats);
    EXPECT_EQ(facts.iommu.pasid->width, 8u);
    EXPECT_EQ(facts.group->number, 3u);
    EXPECT_THAT(*facts.reset_methods, testing::ElementsAre("pm"));
}

TEST(StatedFacts, AreRefusedOfThisHost) {
    DeviceFacts facts{"65:00.0", Origin::Live};

    EXPECT_EQ(apply_stated(stated("host-ats", "unknown"), facts).error().what,
              "65:00.0: host-ats= is for files that lack the fact; this host answers for itself");
    EXPECT_TRUE(apply_stated({}, facts));
}

TEST(StatedFacts, AreRefusedWhereACaptureKnows) {
    DeviceFacts facts{"c.json", Origin::Capture};
    facts.iommu.pasid = device::PasidFacts{.width = 20};

    EXPECT_EQ(apply_stated(stated("host-pasid", "none"), facts).error().what,
              "c.json: host-pasid= is given, but the file tells it");
    EXPECT_TRUE(apply_stated(stated("host-atomics", "none"), facts));
}

}  // namespace
}  // namespace tenon::library::words
