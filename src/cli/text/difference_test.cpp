#include "cli/text/difference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json& function_in(json& plan) { return plan.at("ports").at(0).at("functions").at(0); }

// A function of which everything is known, with all that a plan can have of one.
json known_plan() {
    device::DeviceFacts facts{"65:00.0", device::Origin::Capture};
    facts.address = pci::Address{.bus = 0x65};
    facts.physical = support::ConfigBuilder{}
                         .put32(0x10, 0xfe000004)
                         .put32(0x2c, 0x12345678)
                         .put8(0x3d, 1)
                         .head(0x80)
                         .express(0x80, 0xb0)
                         .second_registers(0x80, 0x00000380)
                         .msix(0xb0, 0xd0)
                         .standard(0xd0, 0x05, 0)
                         .put16(0xd2, 0x0180)
                         .extended(0x100, 0x01, 0x150)
                         .extended(0x150, 0x19, 0)
                         .image();
    std::array<device::ResourceFacts, device::bar_count + 1> resources{};
    resources[0] = {.size = 16384, .flags = 0x140204};
    facts.resources = resources;
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{
        .number = 14, .members = {{.address = {.bus = 0x65, .function = 1}, .driver = "vfio-pci"}}};
    facts.virtual_function = false;
    facts.numa_node = 0;
    facts.has_iommu = true;
    facts.link = device::LinkFacts{"8.0 GT/s PCIe", "8.0 GT/s PCIe", 4, 4};
    facts.reset_methods = std::vector<std::string>{"flr", "bus"};
    facts.path = std::vector<device::BridgeFacts>{};
    facts.bus_neighbours = std::vector<device::GroupMember>{};
    facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true, .privileged = true};
    facts.iommu.ats = true;
    facts.iommu.page_sizes = 0x1000;
    facts.iommu.iova = std::vector<device::IovaRange>{{0, 0xfedfffff}};
    facts.atomics = device::atomics_32 | device::atomics_64;
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = std::move(facts)});
    request.viommu_pasid_width = 20;
    request.memory.size = 1 << 29;
    request.physical_bits = 46u;
    auto plan = json::parse(
        render_json(model::machine::make_plan(std::move(request)).value(), Bytes::Shown));
    // What one function of a file has not, or does not tell.
    function_in(plan)["bars"][0]["why"] = "mapped: the guest reaches the device directly";
    plan["dma"] = json::parse(R"([{"interface": "group", "lock_allowed": 1, "sufficient": true}])");
    plan["peers"] = json::parse(R"({"state": "mapped", "why": "all of them"})");
    plan["interrupts"]["host_vectors"] = 3200;
    plan["proposals"] = json::parse(
        R"([{"host_slot": "0000:65:00", "slots": [{"port": "rp0", "functions":
             [{"host": "0000:65:00.0", "guest_function": 0, "why": ["it is alone"]}], "why": []}],
             "arguments": ["--port", "rp0"]}])");
    return plan;
}

Comparable side(const json& plan) { return read_plan(plan.dump(), "plan.json", "").value(); }

Comparison compared(const json& a, const json& b) { return compare(side(a), side(b)); }

// Another value of the same kind.
json changed(const json& value) {
    if (value.is_boolean()) return !value.get<bool>();
    if (value.is_number()) return value == 0 ? 1 : value.get<std::uint64_t>() - 1;
    if (value.is_null()) return "0x1";
    auto text = value.get<std::string>();
    if (!text.starts_with("0x")) return text + 'x';
    text.back() = text.back() == '1' ? '2' : '1';
    return text;
}

void for_each_leaf(json& value, const std::string& path,
                   const std::function<void(json&, const std::string&)>& visit) {
    if (!value.is_structured()) visit(value, path);
    if (value.is_array())
        for (std::size_t n = 0; n < value.size(); ++n)
            for_each_leaf(value[n], path + "[]", visit);
    if (value.is_object())
        for (auto& [key, member] : value.items())
            if (key != "config") for_each_leaf(member, path + '.' + key, visit);
}

TEST(Compare, FindsAChangeOfEachValueOfAPlan) {
    auto plan = known_plan();
    const auto original = side(plan);
    const auto before = compare(original, original);
    ASSERT_THAT(before.differences, IsEmpty());
    std::vector<std::string> quiet;
    std::size_t count = 0;

    for_each_leaf(plan, "", [&](json& leaf, const std::string& path) {
        const auto kept = std::exchange(leaf, changed(leaf));
        const auto other = read_plan(plan.dump(), "plan.json", "");
        ++count;
        if (other && compare(original, *other).differences.empty() &&
            compare(original, *other).not_compared == before.not_compared)
            quiet.push_back(path);
        leaf = kept;
    });

    EXPECT_THAT(quiet, ElementsAre(".ports[].functions[].source"));  // A name of the file.
    EXPECT_GT(count, 200u);
}

TEST(Compare, FindsAFieldThatIsNewHere) {
    auto plan = known_plan();
    auto newer = plan;
    function_in(newer)["sails"] = json{{"colour", "red"}};
    auto newest = newer;
    function_in(newest)["sails"]["colour"] = "blue";

    EXPECT_THAT(compared(plan, newer).differences,
                ElementsAre(Difference{"sails", "not there", "colour red"}));
    EXPECT_THAT(compared(newer, newest).differences,
                ElementsAre(Difference{"sails.colour", "red", "blue"}));
}

TEST(Compare, FindsACapabilityThatMovedOrIsGone) {
    auto plan = known_plan();
    auto moved = plan;
    auto gone = plan;
    function_in(moved)["capabilities"][1]["guest_offset"] = "0xc0";
    function_in(gone)["capabilities"].erase(1);

    EXPECT_THAT(compared(plan, moved).differences,
                Contains(Difference{"capabilities[MSI-X 0x11].guest_offset", "0xb0", "0xc0"}));
    const auto found = compared(plan, gone).differences;
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].where, "capabilities[MSI-X 0x11]");
    EXPECT_THAT(found[0].a, HasSubstr("guest_offset 0xb0"));
    EXPECT_EQ(found[0].b, "not there");
}

TEST(Compare, PutsTheHostBehindTheGuest) {
    auto plan = known_plan();
    auto other = plan;
    function_in(other)["driver"] = "nvme";
    function_in(other)["msix"]["vectors"] = 9;

    EXPECT_THAT(compared(plan, other).differences,
                ElementsAre(Difference{"msix.vectors", "8", "9", false},
                            Difference{"driver", "vfio-pci", "nvme", true}));
}

TEST(Compare, TakesWordsThatWereToldForTheHosts) {
    auto plan = known_plan();
    auto other = plan;
    function_in(plan)["told"] = {"IOMMU group 15, with 0000:03:00.1 (igb)"};
    function_in(other)["told"] = {"IOMMU group 15, with 0000:03:00.0 (igb)"};

    EXPECT_THAT(
        compared(plan, other).differences,
        ElementsAre(
            Difference{"told: IOMMU group 15, with 0000:03:00.1 (igb)", "said", "not said", true},
            Difference{"told: IOMMU group 15, with 0000:03:00.0 (igb)", "not said", "said", true}));
}

TEST(Compare, SaysAReasonWithoutTheCommandsThatMendIt) {
    auto plan = known_plan();
    auto bound = plan;
    function_in(bound)["reasons"] = {"it is bound to nvme: modprobe vfio-pci; echo x > bind"};
    function_in(bound)["mend"] = {"modprobe vfio-pci", "echo x > bind"};
    bound["problems"] = {"no memory: echo 5 > nr_hugepages"};
    bound["mend"] = {"echo 5 > nr_hugepages"};

    EXPECT_THAT(compared(plan, bound).differences,
                ElementsAre(Difference{"reasons: it is bound to nvme", "not said", "said", true},
                            Difference{"plan.problems: no memory", "not said", "said", true}));
}

TEST(Compare, NamesTheDeviceOnceAndThePortAsAPort) {
    auto plan = known_plan();
    auto other = plan;
    other["problems"] = {"port rp0 has no function 0"};
    other["ports"][0]["reasons"] = {"dev0 0000:65:00.0: its driver asks for none"};

    const auto found = compared(plan, other).differences;

    EXPECT_THAT(found, Contains(Difference{"port.reasons: DEVICE: its driver asks for none",
                                           "not said", "said", true}));
    EXPECT_THAT(found, Contains(Difference{"plan.problems: port PORT has no function 0", "not said",
                                           "said", true}));
}

TEST(Compare, ShowsNoEmptyValue) {
    auto plan = known_plan();
    auto other = plan;
    function_in(other)["intx"] = nullptr;
    function_in(plan)["intx"] =
        json::parse(R"({"pin": "A", "interrupt": 17, "delivery": "irqfd", "why": ""})");
    function_in(other)["driver"] = "";

    EXPECT_THAT(
        compared(plan, other).differences,
        ElementsAre(Difference{"intx", "delivery irqfd, interrupt 17, pin A", "none", false},
                    Difference{"driver", "vfio-pci", "none", true}));
}

TEST(Compare, CountsWhatNeitherSideKnows) {
    auto plan = known_plan();
    function_in(plan)["driver"] = nullptr;
    function_in(plan)["iommu_group"] = nullptr;

    const auto found = compared(plan, plan);

    EXPECT_THAT(found.unknown_of_both, ElementsAre("driver", "iommu_group"));
    EXPECT_THAT(found.not_compared, IsEmpty());
}

TEST(Compare, TakesNoNameOfTheDeviceForADifference) {
    auto plan = known_plan();
    auto text = plan.dump();
    for (auto at = text.find("0000:65:00.0"); at != std::string::npos;
         at = text.find("0000:65:00.0", at))
        text.replace(at, 12, "0000:66:00.0");

    EXPECT_THAT(compared(plan, json::parse(text)).differences, IsEmpty());
}

TEST(Compare, DoesNotTakeUnknownForDifferent) {
    auto plan = known_plan();
    auto other = plan;
    auto& function = function_in(other);
    function["bars"][0]["size"] = nullptr;
    function["bars"][0]["guest_address"] = nullptr;
    function["bars"][0]["why"] = "size not known: a dump of bytes does not tell them";
    function["unknowns"] = {"sizes of BARs: a dump of bytes does not tell them"};
    other["ports"][0]["windows"]["memory"] = nullptr;

    const auto found = compared(plan, other);

    EXPECT_THAT(found.differences, IsEmpty());
    EXPECT_THAT(found.not_compared, Contains(HasSubstr("not known of plan.json: bars[0].")));
    EXPECT_THAT(found.not_compared, Contains(HasSubstr("sizes of BARs")));
}

TEST(Compare, ComparesNoListThatWasNotRead) {
    auto plan = known_plan();
    auto header = plan;
    auto conventional = plan;
    auto& few = function_in(header);
    few["config_known"] = 64;
    few["config_size"] = 64;
    few["capabilities"] = json::array();
    few["msi"] = few["msix"] = few["pasid"] = nullptr;
    few["config"].erase(few["config"].begin() + 4, few["config"].end());
    auto& some = function_in(conventional);
    some["config_known"] = 256;
    some["capabilities"].erase(some["capabilities"].begin() + 3, some["capabilities"].end());

    EXPECT_THAT(compared(plan, header).differences, IsEmpty());
    EXPECT_THAT(compared(plan, header).not_compared,
                Contains("capabilities: of plan.json only 64 bytes were read"));
    EXPECT_THAT(compared(plan, conventional).differences, IsEmpty());
    EXPECT_THAT(compared(plan, conventional).not_compared,
                Contains("extended capabilities: of plan.json only 256 bytes were read"));
}

TEST(Compare, SaysThatAPlanHasNoBytes) {
    auto plan = known_plan();
    auto bare = plan;
    function_in(bare).erase("config");

    EXPECT_THAT(compared(plan, bare).differences, IsEmpty());
    EXPECT_THAT(compared(plan, bare).not_compared, Contains(HasSubstr("tenon plan -v --json")));
}

TEST(ReadPlan, CutsNamesThatAreLongOrDeep) {
    auto plan = known_plan();
    plan[std::string(100'000, 'a')] = json(1000, json{{"colour", "red"}});
    json deep = "end";
    for (unsigned n = 0; n < 24; ++n)
        deep = {{std::string(90, 'b'), deep}};
    plan["deep"] = deep;

    const auto read = side(plan);

    for (const auto& leaf : read.leaves)
        EXPECT_LT(leaf.where.size(), 1000u);
}

TEST(Compare, TakesNoAddressInTheGuestForTheDevices) {
    auto typed = known_plan();
    function_in(typed)["source"] = function_in(typed)["guest"];
    auto from_file = known_plan();
    function_in(from_file)["source"] = "capture.json";

    EXPECT_THAT(compared(typed, from_file).differences, IsEmpty());
}

TEST(ReadPlan, RefusesWhatIsNoPlan) {
    const auto refuses = [](const std::function<void(json&)>& spoil) {
        auto plan = known_plan();
        spoil(plan);
        const auto read = read_plan(plan.dump(), "plan.json", "");
        return !read && read.error().kind == Error::Kind::Malformed;
    };

    EXPECT_TRUE(refuses([](json& plan) { plan["ports"] = 3; }));
    EXPECT_TRUE(refuses([](json& plan) { plan["ports"][0]["functions"] = "none"; }));
    EXPECT_TRUE(refuses([](json& plan) { function_in(plan)["capabilities"] = nullptr; }));
    EXPECT_TRUE(refuses([](json& plan) { function_in(plan)["config"] = {"0102", "zz"}; }));
    EXPECT_TRUE(refuses([](json& plan) { function_in(plan)["config"] = json(300, "00"); }));
    EXPECT_TRUE(
        refuses([](json& plan) { plan["sails"] = json(200'000, json{{"colour", "red"}}); }));
}

}  // namespace
}  // namespace tenon::cli::text
