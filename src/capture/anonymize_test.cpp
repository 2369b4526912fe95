#include "capture/anonymize.hpp"

#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::capture {
namespace {

// PCI Express at 40, and room for another capability at 80. Serial number
// 02-1b-21-ff-ff-aa-bb-cc at 104, so that the MAC address is 02:1b:21:aa:bb:cc.
support::ConfigBuilder with_serial_number() {
    return support::ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0x80)
        .extended(0x100, 0x03, 0)
        .put32(0x104, 0xffaabbcc)
        .put32(0x108, 0x021b21ff)
        .put32(0x10c, 0x0badcafe);
}

device::DeviceFacts facts_with(const pci::ConfigImage& image) {
    device::DeviceFacts facts;
    facts.physical = image;
    return facts;
}

pci::ConfigImage nameless(const pci::ConfigImage& image) {
    auto facts = facts_with(image);
    Anonymizer{}.take_names(facts);
    return *facts.physical;
}

TEST(Anonymizer, ZeroesTheSerialNumberInEveryImage) {
    const auto image = with_serial_number().image();
    auto facts = facts_with(image);
    facts.vfio = device::VfioFacts{.config = image};
    facts.path = std::vector<device::BridgeFacts>{{.config = image}};
    facts.physical_function = device::PhysicalFunctionFacts{.config = image};

    Anonymizer{}.take_names(facts);

    const auto expected = with_serial_number().put32(0x104, 0).put32(0x108, 0).image();
    EXPECT_EQ(*facts.physical, expected);
    EXPECT_EQ(facts.vfio->config, expected);
    EXPECT_EQ(*facts.path->front().config, expected);
    EXPECT_EQ(*facts.physical_function->config, expected);
}

TEST(Anonymizer, TakesThePlaceFromEitherView) {
    auto facts = facts_with(with_serial_number().image());
    facts.vfio = device::VfioFacts{.config = with_serial_number().put32(0x100, 0).image()};

    Anonymizer{}.take_names(facts);

    EXPECT_EQ(facts.vfio->config.read32(0x104), 0u);
    EXPECT_EQ(facts.vfio->config.read32(0x108), 0u);
}

TEST(Anonymizer, ZeroesWhatWasReadOfVitalProductData) {
    const auto image = with_serial_number()
                           .standard(0x80, 0x03, 0)
                           .put16(0x82, 0x8010)
                           .put32(0x84, 0x31353353)
                           .image();

    const auto after = nameless(image);

    EXPECT_EQ(after.read32(0x80), 0x00000003u);
    EXPECT_EQ(after.read32(0x84), 0u);
}

TEST(Anonymizer, ZeroesNumberAndGuidOfTheHierarchyButNotItsStatus) {
    auto builder = with_serial_number().extended(0x100, 0x03, 0x200).extended(0x200, 0x28, 0);
    builder.put32(0x204, 0x80000000);
    for (std::size_t at = 0x208; at < 0x220; at += 4)
        builder.put32(at, 0x5ec2e700u + static_cast<std::uint32_t>(at));

    const auto after = nameless(builder.image());

    EXPECT_EQ(after.read32(0x204), 0x80000000u);
    for (std::size_t at = 0x208; at < 0x220; at += 4)
        EXPECT_EQ(after.read32(at), 0u) << at;
}

TEST(Anonymizer, ZeroesRegistersThatTheirVendorAloneKnows) {
    const auto builder = with_serial_number()
                             .standard(0x80, 0x09, 0)
                             .put8(0x82, 8)
                             .put32(0x84, 0x5ec2e701)
                             .extended(0x100, 0x03, 0x200)
                             .extended(0x200, 0x0b, 0x220)  // VSEC of 0x10 bytes.
                             .put32(0x204, 0x01011234)
                             .put32(0x208, 0x5ec2e702)
                             .extended(0x220, 0x23, 0x240)  // DVSEC of 0x10 bytes of vendor 8086.
                             .put32(0x224, 0x01008086)
                             .put32(0x228, 0x5ec20001)
                             .put32(0x22c, 0x5ec2e703)
                             .extended(0x240, 0x23, 0)  // One of CXL.
                             .put32(0x244, 0x01001e98)
                             .put32(0x24c, 0x0000001e);

    const auto after = nameless(builder.image());

    EXPECT_EQ(after.read32(0x80), 0x00080009u);
    EXPECT_EQ(after.read32(0x84), 0u);
    EXPECT_EQ(after.read32(0x204), 0x01011234u);
    EXPECT_EQ(after.read32(0x208), 0u);
    EXPECT_EQ(after.read32(0x228), 0x00000001u);
    EXPECT_EQ(after.read32(0x22c), 0u);
    EXPECT_EQ(after.read32(0x24c), 0x0000001eu);
}

TEST(Anonymizer, LeavesTheVendorsCapabilitiesOfVirtioThatSayWhereItsRegistersAre) {
    const auto image = with_serial_number()
                           .put16(0x00, 0x1af4)
                           .standard(0x80, 0x09, 0)
                           .put8(0x82, 16)
                           .put32(0x88, 0x1000)
                           .image();

    EXPECT_EQ(nameless(image).read32(0x88), 0x1000u);
}

TEST(Anonymizer, FindsTheMacAddressOfTheSerialNumberElsewhere) {
    // As a network frame has it at c0, and the other way round at 800, where nobody owns it. Zeros
    // stay zeros, and others become ones: which bytes are free is the same.
    const auto image = with_serial_number()
                           .put32(0xc0, 0xaa211b02)
                           .put16(0xc4, 0xccbb)
                           .put32(0x800, 0x21aabbcc)
                           .put16(0x804, 0x021b)
                           .image();

    const auto after = nameless(image);

    EXPECT_EQ(after.read32(0xc0), 0xffffffffu);
    EXPECT_EQ(after.read32(0xc4), 0x0000ffffu);
    EXPECT_EQ(after.read32(0x800), 0xffffffffu);
    EXPECT_EQ(after.read32(0x804), 0x0000ffffu);
}

TEST(Anonymizer, FindsEitherFormOfAnAddressOfEightBytesThatIsNotTheSerialNumbersOwn) {
    // The number has ff ff in its middle; ff fe at c0, and the other way round at 800.
    const auto image = with_serial_number()
                           .put32(0xc0, 0xff211b02)
                           .put32(0xc4, 0xccbbaafe)
                           .put32(0x800, 0xfeaabbcc)
                           .put32(0x804, 0x021b21ff)
                           .image();
    // The other way round: ff fe in the number, ff ff in the copy.
    const auto second = with_serial_number()
                            .put32(0x104, 0xfeaabbcc)
                            .put32(0xc0, 0xff211b02)
                            .put32(0xc4, 0xccbbaaff)
                            .image();

    for (const auto at : {0xc0u, 0xc4u, 0x800u, 0x804u})
        EXPECT_EQ(nameless(image).read32(at), 0xffffffffu) << at;
    for (const auto at : {0xc0u, 0xc4u})
        EXPECT_EQ(nameless(second).read32(at), 0xffffffffu) << at;
}

TEST(Anonymizer, EndsWhereANumberIsMadeOfWhatItBecomes) {
    const auto image = with_serial_number()
                           .put32(0x104, 0xff00ff00)
                           .put32(0x108, 0xff00ff00)
                           .put32(0x200, 0xff00ff00)
                           .put32(0x204, 0xff00ff00)
                           .image();

    EXPECT_EQ(nameless(image).read32(0x104), 0u);
}

TEST(Anonymizer, KeepsReasonsWithoutTheFoldersOfWhoCopiedTheTree) {
    auto facts = facts_with(with_serial_number().image());
    facts.source = "/home/ann smith/COPY/sys/bus/pci/devices/0000:01:00.0";
    facts.address = pci::Address{.bus = 1};
    facts.driver = Unknown{"/home/ann smith/COPY/sys/bus/pci/x/driver: Permission denied"};
    facts.link = Unknown{"it is in \"/srv/acme/box\", and that is closed"};
    facts.kernel = std::string{"7.2.12-acme-builder"};
    facts.nodes = device::VfioNodes{.group = "COPY/dev/vfio/14", .cdev = {}};
    facts.iommu.pasid = Unknown{"needs privilege: /sys/x"};

    Anonymizer{}.take_names(facts);

    EXPECT_EQ(facts.source, "file1#0000:01:00.0");
    EXPECT_EQ(facts.driver.why(), "/sys/bus/pci/x/driver: Permission denied");
    EXPECT_EQ(facts.link.why(), "it is in \"FILE\", and that is closed");
    EXPECT_EQ(*facts.kernel, "7.2.12");
    EXPECT_EQ(facts.nodes->group, "/dev/vfio/14");
    EXPECT_EQ(facts.iommu.pasid.why(), "needs privilege: /sys/x");
}

TEST(Anonymizer, SaysWhatTheHostUsesFunctionsForWithoutNames) {
    const std::vector<device::Use> uses{
        {.kind = device::UseKind::FileSystem, .name = "/srv/acme (vda1)"},
        {.kind = device::UseKind::FileSystem, .name = "/home/ann (vda2)"}};
    const std::vector<device::GroupMember> members{{.driver = "nvme", .uses = uses}};
    auto facts = facts_with(with_serial_number().image());
    facts.uses = uses;
    facts.group = device::GroupFacts{.number = 1, .members = members};
    facts.bus_neighbours = members;
    facts.line = device::LineFacts{.number = 16, .functions = members, .handlers = {"acme0"}};

    Anonymizer{}.take_names(facts);

    const std::vector<device::Use> nameless{{.kind = device::UseKind::FileSystem, .name = ""}};
    EXPECT_EQ(*facts.uses, nameless);
    EXPECT_EQ(facts.group->members[0].uses, nameless);
    EXPECT_EQ(facts.bus_neighbours->front().uses, nameless);
    EXPECT_EQ(facts.line->functions[0].uses, nameless);
    EXPECT_EQ(facts.line->functions[0].driver, "nvme");
    EXPECT_EQ(facts.line->handlers, std::vector<std::string>{""});
}

TEST(Anonymizer, NumbersFilesAsTheyCome) {
    Anonymizer anonymizer;
    const auto name_of = [&](const char* source, device::Origin origin,
                             const Known<pci::Address>& address) {
        device::DeviceFacts facts;
        facts.source = source;
        facts.origin = origin;
        facts.address = address;
        anonymizer.take_names(facts);
        return facts.source;
    };
    const auto file = device::Origin::File;

    EXPECT_EQ(name_of("acme.txt#01:00.0", file, pci::Address{.bus = 1}), "file1#0000:01:00.0");
    EXPECT_EQ(name_of("other.bin", file, Unknown{"no"}), "file2");
    EXPECT_EQ(name_of("acme.txt#02:00.0", file, pci::Address{.bus = 2}), "file1#0000:02:00.0");
    EXPECT_EQ(name_of("/sys/x/0000:03:00.0", device::Origin::Live, pci::Address{.bus = 3}),
              "0000:03:00.0");
}

TEST(Anonymizer, LeavesWhatIsUnknownUnknown) {
    device::DeviceFacts facts;
    facts.physical = Unknown{"needs privilege"};
    const auto before = facts;

    Anonymizer{}.take_names(facts);

    facts.source = before.source;
    EXPECT_EQ(facts, before);
}

}  // namespace
}  // namespace tenon::capture
