#include "capture/capture_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/config_builder.hpp"
#include "tests/support/fake_device.hpp"

namespace tenon::capture {
namespace {

using device::DeviceFacts;
using testing::HasSubstr;

pci::ConfigImage config() {
    return support::ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .express(0x40, 0xb0)
        .msix(0xb0, 0)
        .extended(0x100, 0x03, 0)
        .put32(0xffc, 0x12345678)
        .image();
}

// A fact of every kind, with values that no default has.
DeviceFacts full_facts() {
    support::FakeFunction function{config()};
    function.add_bar(0, 0x4000);
    function.region(0).areas = {{.offset = 0, .size = 0x1000}, {.offset = 0x3000, .size = 0x1000}};
    function.region(0).msix_table_mappable = true;
    function.irq(device::IrqIndex::Msix) = {.count = 8, .eventfd = true, .noresize = true};
    function.irq(device::IrqIndex::Intx) = {
        .count = 1, .eventfd = true, .maskable = true, .automasked = true};
    function.info().atomic_completer = 3;
    DeviceFacts facts{"0000:65:00.0", device::Origin::Live};
    facts.address = pci::Address{.domain = 0x10000, .bus = 0x65, .device = 0x1f, .function = 7};
    facts.physical = config();
    facts.vfio = support::FakeDevice{function}.facts().value();
    facts.resources =
        std::array<device::ResourceFacts, 7>{{{.size = 0x4000, .flags = 0x140204}, {}, {}}};
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.bus = 0x64}, .driver = "pcieport", .is_bridge = true},
                    {.address = {.bus = 0x65},
                     .driver = "",
                     .is_bridge = false,
                     .uses = {{.kind = device::UseKind::Network, .name = "br0 (eth0)"}},
                     .class_code = 0x020000}}};
    facts.driver = std::string{"vfio-pci"};
    facts.nodes = device::VfioNodes{
        .group = "/dev/vfio/14", .cdev = "/dev/vfio/devices/vfio3", .iommufd = true};
    facts.virtual_function = true;
    facts.numa_node = -1;
    facts.kernel = std::string{"7.2.12-amd64"};
    facts.identity = device::Identity{.vendor = 0x8086,
                                      .device = 0x10ca,
                                      .subsystem_vendor = 0x1af4,
                                      .subsystem_device = 0x1100,
                                      .class_code = 0x020000,
                                      .revision = 0xff};
    facts.has_iommu = true;
    facts.link = device::LinkFacts{
        .speed = "8.0 GT/s PCIe", .max_speed = "16.0 GT/s PCIe", .width = 4, .max_width = 16};
    facts.reset_methods = std::vector<std::string>{"flr", "bus"};
    facts.path = std::vector<device::BridgeFacts>{
        {.address = {.bus = 0x64}, .config = config(), .driver = std::string{"pcieport"}},
        {.address = {.bus = 0x60}, .config = Unknown{"needs privilege"}, .driver = std::string{}}};
    facts.bus_neighbours = std::vector<device::GroupMember>{
        {.address = {.bus = 0x65, .function = 1}, .driver = "nvme", .is_bridge = false}};
    facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true, .privileged = true};
    facts.iommu.ats = false;
    facts.iommu.dirty_tracking = true;
    facts.iommu.kind = 1u;
    facts.iommu.page_sizes = std::uint64_t{0x40201000};
    facts.iommu.iova = std::vector<device::IovaRange>{{.first = 0, .last = 0xfedfffff},
                                                      {.first = 0xfef00000, .last = ~0ull}};
    facts.atomics = 3u;
    facts.line = device::LineFacts{.number = 16,
                                   .functions = {{.address = {.device = 0x1b}, .driver = "ahci"}},
                                   .handlers = {"i801_smbus"}};
    facts.uses = std::vector<device::Use>{{.kind = device::UseKind::FileSystem, .name = "/ (vda1)"},
                                          {.kind = device::UseKind::Swap, .name = ""}};
    return facts;
}

DeviceFacts written_and_read(const DeviceFacts& facts) {
    return read_captures(write_captures({&facts, 1}, {.tool = "tenon"}), facts.source)
        .value()
        .at(0);
}

TEST(CaptureJson, KeepsEveryFactOfALiveFunction) {
    auto expected = full_facts();

    const auto read = written_and_read(expected);

    expected.origin = device::Origin::Capture;
    EXPECT_EQ(read, expected);
}

TEST(CaptureJson, KeepsEveryReasonWhyAFactIsUnknown) {
    DeviceFacts unknown{"dump.txt", device::Origin::File};
    unknown.address = Unknown{"a"};
    unknown.physical = Unknown{"b"};
    unknown.vfio = Unknown{"c"};
    unknown.resources = Unknown{"d"};
    unknown.group = Unknown{"e"};
    unknown.driver = Unknown{"f"};
    unknown.nodes = Unknown{"g"};
    unknown.virtual_function = Unknown{"h"};
    unknown.numa_node = Unknown{"i"};
    unknown.kernel = Unknown{"j"};
    unknown.identity = Unknown{"k"};
    unknown.has_iommu = Unknown{"l"};
    unknown.link = Unknown{"m"};
    unknown.reset_methods = Unknown{"n"};
    unknown.path = Unknown{"o"};
    unknown.bus_neighbours = Unknown{"w"};
    unknown.iommu.pasid = Unknown{"p"};
    unknown.iommu.ats = Unknown{"q"};
    unknown.iommu.dirty_tracking = Unknown{"r"};
    unknown.iommu.kind = Unknown{"s"};
    unknown.iommu.page_sizes = Unknown{"t"};
    unknown.iommu.iova = Unknown{"u"};
    unknown.atomics = Unknown{"v"};
    unknown.line = Unknown{"x"};
    unknown.uses = Unknown{"y"};

    EXPECT_EQ(written_and_read(unknown), unknown);
}

TEST(CaptureJson, TakesAKindOfUseThatItDoesNotKnowForUnclear) {
    auto json = nlohmann::json::parse(write_captures(std::array{full_facts()}, {}));
    json["functions"][0]["uses"][0]["kind"] = "heating";

    const auto read = read_captures(json.dump(), "c.json").value();

    EXPECT_EQ(read[0].uses->front().kind, device::UseKind::Unclear);
}

TEST(CaptureJson, KnowsNothingOfUsesAndLinesThatACaptureOfBeforeLacks) {
    auto json = nlohmann::json::parse(write_captures(std::array{full_facts()}, {}));
    json["functions"][0].erase("uses");
    json["functions"][0].erase("line");

    const auto read = read_captures(json.dump(), "c.json").value();

    EXPECT_EQ(read[0].uses.why(), "the capture does not tell");
    EXPECT_EQ(read[0].line.why(), "the capture does not tell");
}

TEST(CaptureJson, KeepsImagesOfEverySize) {
    for (const std::size_t size : {64u, 208u, 256u, 4096u, 68u}) {
        DeviceFacts facts{"f"};
        pci::ConfigImage image{size};
        image.write<std::uint32_t>(size - 4, 0x01020304);
        facts.physical = image;

        EXPECT_EQ(written_and_read(facts), facts) << size;
    }
}

TEST(CaptureJson, KeepsTheOrderOfItsFunctions) {
    std::vector<DeviceFacts> functions(3);
    functions[0].kernel = std::string{"first"};
    functions[2].kernel = std::string{"last"};

    const auto read = read_captures(write_captures(functions, {}), "f").value();

    ASSERT_EQ(read.size(), 3u);
    EXPECT_EQ(*read[0].kernel, "first");
    EXPECT_EQ(*read[2].kernel, "last");
}

TEST(CaptureJson, LeavesOutRowsThatAreZero) {
    const auto json = nlohmann::json::parse(write_captures(std::array{full_facts()}, {}));

    const auto& rows = json.at("functions").at(0).at("physical").at("rows");

    EXPECT_EQ(rows.front(), "000: 36 1b 10 00 00 00 10 00 02 02 08 01 00 00 00 00");
    EXPECT_EQ(rows.back(), "ff0: 00 00 00 00 00 00 00 00 00 00 00 00 78 56 34 12");
    EXPECT_EQ(rows.size(), 8u);
}

TEST(CaptureJson, IsToldByItsFirstCharacter) {
    EXPECT_TRUE(is_json(" \n{\"format\""));
    EXPECT_FALSE(is_json("65:00.0 NVMe {"));
    EXPECT_FALSE(is_json(""));
}

// A document with one value changed, by its JSON pointer.
std::string refusal(const std::string& pointer, const nlohmann::json& value) {
    auto json = nlohmann::json::parse(write_captures(std::array{full_facts()}, {}));
    json[nlohmann::json::json_pointer{pointer}] = value;
    const auto read = read_captures(json.dump(), "c.json");
    return read ? "no error" : read.error().what;
}

TEST(CaptureJson, RefusesOtherDocuments) {
    EXPECT_EQ(read_captures("{}", "c").error().what, "c: $.format: is missing");
    EXPECT_EQ(read_captures(R"({"format": 1, "ports": []})", "c").error().what,
              "c: $: is what tenon plan --json prints, not a capture: tenon capture makes one. "
              "A plan is for tenon diff, which reads it from a regular file");
    EXPECT_EQ(refusal("/format", "x"), "c.json: $.format: is not \"tenon-capture\"");
    EXPECT_EQ(refusal("/version", 2),
              "c.json: $.version: is not 1, the version that this program reads");
    EXPECT_EQ(refusal("/functions", nlohmann::json::array()),
              "c.json: $.functions: has no function in it");
    EXPECT_THAT(refusal("/functions", std::vector<int>(1025)), HasSubstr("at most 1024"));
}

TEST(CaptureJson, NamesThePathOfAWrongValue) {
    EXPECT_EQ(refusal("/functions/0/address", "65:20.0"),
              "c.json: $.functions[0].address: is not a PCI address");
    EXPECT_EQ(refusal("/functions/0/origin", "moon"),
              "c.json: $.functions[0].origin: is none of \"live\", \"copy\" and \"dump\"");
    EXPECT_EQ(refusal("/functions/0/group/members/1/bridge", 1),
              "c.json: $.functions[0].group.members[1].bridge: is neither true nor false");
    EXPECT_EQ(refusal("/functions/0/vfio/regions/2", 7),
              "c.json: $.functions[0].vfio.regions[2].size: is missing");
    EXPECT_EQ(refusal("/functions/0/vfio/irqs", nlohmann::json::array()),
              "c.json: $.functions[0].vfio.irqs: has not the 5 entries it should have");
    EXPECT_EQ(refusal("/functions/0/identity/class", "0x1000000"),
              "c.json: $.functions[0].identity.class: is not a string of 0x and hex digits up to "
              "0xffffff");
    EXPECT_EQ(refusal("/functions/0/iommu/pasid/width", 21),
              "c.json: $.functions[0].iommu.pasid.width: is not a whole number from 0 to 20");
    EXPECT_EQ(refusal("/functions/0/iommu/iova/0/first", "0xffffffff"),
              "c.json: $.functions[0].iommu.iova[0]: ends before it begins");
    EXPECT_EQ(refusal("/functions/0/driver", nlohmann::json{{"unknown", 3}}),
              "c.json: $.functions[0].driver.unknown: is not a string");
}

TEST(CaptureJson, NamesThePathOfAWrongUseOrLine) {
    EXPECT_EQ(refusal("/functions/0/uses/1/name", 1),
              "c.json: $.functions[0].uses[1].name: is not a string");
    EXPECT_EQ(refusal("/functions/0/group/members/1/class", "0x1000000"),
              "c.json: $.functions[0].group.members[1].class: is not a string of 0x and hex digits "
              "up to 0xffffff");
    EXPECT_EQ(refusal("/functions/0/line/number", -1),
              "c.json: $.functions[0].line.number: is not a whole number from 0 to 4294967295");
    EXPECT_THAT(refusal("/functions/0/uses",
                        std::vector<nlohmann::json>(257, {{"kind", "swap"}, {"name", ""}})),
                HasSubstr("at most 256"));
}

TEST(CaptureJson, RefusesAreasOutsideOfTheirRegion) {
    EXPECT_EQ(refusal("/functions/0/vfio/regions/0/areas/1/size", 0x2000),
              "c.json: $.functions[0].vfio.regions[0].areas[1]: is not inside its region");
    EXPECT_THAT(refusal("/functions/0/vfio/regions/0/areas/1/offset", "0x4001"),
                HasSubstr("areas[1].offset: is not"));
    EXPECT_THAT(refusal("/functions/0/vfio/regions/1", {{"size", ~0ull},
                                                        {"offset", "0x1"},
                                                        {"readable", true},
                                                        {"writable", true},
                                                        {"mappable", true},
                                                        {"areas", nlohmann::json::array()},
                                                        {"msix_table_mappable", false}}),
                HasSubstr("regions[1]: wraps"));
}

TEST(CaptureJson, RefusesImagesThatAreNone) {
    const std::string image = "/functions/0/physical";
    const std::string zeros = " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";

    EXPECT_THAT(refusal(image + "/known", 60), HasSubstr("physical.known: is not 64 to 4096"));
    EXPECT_THAT(refusal(image + "/known", 66), HasSubstr("in whole dwords"));
    EXPECT_THAT(refusal(image + "/known", 4100), HasSubstr("from 0 to 4096"));
    EXPECT_THAT(refusal(image + "/rows/0", "008:" + zeros), HasSubstr("multiple of 16"));
    EXPECT_THAT(refusal(image + "/rows/0", "1000:" + zeros), HasSubstr("inside the bytes known"));
    EXPECT_THAT(refusal(image + "/rows/1", "000:" + zeros), HasSubstr("past the row before"));
    EXPECT_THAT(refusal(image + "/rows/0", "000:" + zeros + " 00"), HasSubstr("17 bytes instead"));
    EXPECT_THAT(refusal(image + "/rows/0", "000: 0 "), HasSubstr("1 bytes instead of 16"));
    EXPECT_THAT(refusal(image + "/rows/0", "000: xx" + zeros.substr(3)),
                HasSubstr("byte 1 is not two hex digits"));
    EXPECT_THAT(refusal(image + "/rows/0", ""), HasSubstr("does not begin with an offset"));
}

TEST(CaptureJson, SurvivesEveryCutAndEveryChangedCharacter) {
    DeviceFacts small{"f"};
    small.physical = pci::ConfigImage{64};
    const auto text = write_captures({&small, 1}, {});
    for (std::size_t at = 0; at + 2 < text.size(); ++at) {
        EXPECT_FALSE(read_captures(text.substr(0, at), "f")) << at;
        auto changed = text;
        changed[at] = changed[at] == '9' ? '[' : '9';
        // Whatever it says, it says something.
        static_cast<void>(read_captures(changed, "f").has_value());
    }
}

TEST(CaptureJson, TellsARunningHostFromACopyOfOne) {
    const auto origin_of = [](device::Origin origin) {
        const device::DeviceFacts facts{"card", origin};
        const auto written = write_captures({&facts, 1}, {});
        const auto read = read_captures(written, "c").value();
        return std::pair{written.substr(written.find("\"origin\""), 16), read.front().origin};
    };
    using device::Origin;

    EXPECT_EQ(origin_of(Origin::Live),
              (std::pair<std::string, Origin>{"\"origin\": \"live\"", Origin::Capture}));
    EXPECT_EQ(origin_of(Origin::Capture),
              (std::pair<std::string, Origin>{"\"origin\": \"copy\"", Origin::Capture}));
    EXPECT_EQ(origin_of(Origin::File),
              (std::pair<std::string, Origin>{"\"origin\": \"dump\"", Origin::File}));
}

}  // namespace
}  // namespace tenon::capture
