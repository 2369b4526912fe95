#include "capture/listing/script_line.hpp"

#include <gtest/gtest.h>

#include "tests/support/read_listing.hpp"

namespace tenon::capture::listing {
namespace {

using support::read_listing;

constexpr pci::Address card{.bus = 1};

TEST(ScriptLine, OfNumbersTellsAll) {
    const auto line = parse_script_line(R"("0108" "1b36" "7e57" -r03 -p02 "1af4" "1100")");
    ASSERT_TRUE(line);
    Said said;
    put_script_line(*line, said);

    EXPECT_EQ(*said.class_code, 0x0108);
    EXPECT_EQ(*said.ids, (Ids{.vendor = 0x1b36, .device = 0x7e57}));
    EXPECT_EQ(*said.subsystem, (Ids{.vendor = 0x1af4, .device = 0x1100}));
    EXPECT_EQ(*said.revision, 0x03);
    EXPECT_EQ(*said.interface, 0x02);
    EXPECT_EQ(said.name, "");
}

TEST(ScriptLine, OfNamesAndNumbersHasAName) {
    const auto line =
        parse_script_line(R"("VGA compatible controller [0300]" "NVIDIA Corporation [10de]" )"
                          R"("GP104 [GeForce GTX 1080] [1b80]" -ra1 "" "")");
    ASSERT_TRUE(line);
    Said said;
    put_script_line(*line, said);

    EXPECT_EQ(*said.class_code, 0x0300);
    EXPECT_EQ(*said.ids, (Ids{.vendor = 0x10de, .device = 0x1b80}));
    EXPECT_EQ(said.name, "NVIDIA Corporation GP104 [GeForce GTX 1080]");
    EXPECT_FALSE(said.subsystem);
}

TEST(ScriptLine, OfNamesAloneKnowsNoIds) {
    const auto line = parse_script_line(R"("PCI bridge" "Intel Corporation" "Device 9a09" -r01)");
    ASSERT_TRUE(line);
    Said said;
    put_script_line(*line, said);

    EXPECT_EQ(*said.class_code, 0x0604);
    EXPECT_FALSE(said.ids);
    EXPECT_EQ(said.name, "Intel Corporation Device");
}

TEST(ScriptLine, IsNothingElse) {
    for (const auto* const text :
         {"", R"("PCI bridge")", R"("PCI bridge" "a")", R"("no class" "a" "b")",
          R"("0108" "1b36" "7e57" -x03)", R"("0108" "1b36" "7e57" -r3)", R"("0108" "1b36" "7e57)",
          R"("0108" "1" "2" "3" "4" "5")", R"("0108" "1b36" "7e57" more)"})
        EXPECT_FALSE(parse_script_line(text)) << text;
}

TEST(ScriptLine, IsReadBehindItsAddress) {
    const auto listing =
        read_listing("01:00.0 \"0300\" \"10de\" \"1b80\" -ra1 -p00 \"1458\" \"3702\"\n");
    ASSERT_NE(listing.find(card), nullptr);
    EXPECT_EQ(*listing.find(card)->ids, (Ids{.vendor = 0x10de, .device = 0x1b80}));
}

TEST(Record, TellsWhatItsKeysHave) {
    const auto listing = read_listing(
        "Slot:\t01:00.0\nClass:\tVGA compatible controller [0300]\nVendor:\tNVIDIA [10de]\n"
        "Device:\tGP104 [1b80]\nSVendor:\tGigabyte [1458]\nSDevice:\tDevice [3702]\nRev:\ta1\n"
        "ProgIf:\t00\nDriver:\tvfio-pci\nModule:\tnouveau\nNUMANode:\t1\nIOMMUGroup:\t17\n\n"
        "Slot:\t01:00.1\nClass:\tAudio device [0403]\nVendor:\tNVIDIA [10de]\n"
        "Device:\tAudio [10f0]\nIOMMUGroup:\t17\n");

    const auto* const said = listing.find(card);
    ASSERT_NE(said, nullptr);
    EXPECT_EQ(*said->class_code, 0x0300);
    EXPECT_EQ(*said->ids, (Ids{.vendor = 0x10de, .device = 0x1b80}));
    EXPECT_EQ(*said->subsystem, (Ids{.vendor = 0x1458, .device = 0x3702}));
    EXPECT_EQ(*said->revision, 0xa1);
    EXPECT_EQ(*said->driver, "vfio-pci");
    EXPECT_EQ(*said->numa_node, 1u);
    EXPECT_EQ(*said->group, 17u);
    EXPECT_EQ(said->name, "NVIDIA GP104");
    const auto* const sound = listing.find({.bus = 1, .function = 1});
    ASSERT_NE(sound, nullptr);
    EXPECT_EQ(*sound->ids, (Ids{.vendor = 0x10de, .device = 0x10f0}));
    EXPECT_EQ(*sound->group, 17u);
}

TEST(Record, OfTheOldFormBeginsWithDevice) {
    const auto listing =
        read_listing("Device:\t01:00.0\nClass:\t0300\nVendor:\t10de\nDevice:\t1b80\nRev:\ta1\n");
    ASSERT_NE(listing.find(card), nullptr);
    EXPECT_EQ(*listing.find(card)->ids, (Ids{.vendor = 0x10de, .device = 0x1b80}));
}

TEST(Record, EndsAtALineThatIsNoneOfIt) {
    const auto listing = read_listing(
        "Slot:\t01:00.0\nClass:\t0300\nand then we said\nVendor:\t10de\nDevice:\t1b80\n");
    ASSERT_NE(listing.find(card), nullptr);
    EXPECT_FALSE(listing.find(card)->ids);
}

}  // namespace
}  // namespace tenon::capture::listing
