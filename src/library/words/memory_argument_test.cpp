#include "library/words/memory_argument.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::library::words {
namespace {

using model::machine::MemoryRequest;
using model::machine::NodeRequest;

constexpr std::uint64_t gib = 1ull << 30;

TEST(MemoryArgument, IsASize) {
    EXPECT_EQ(parse_memory_argument("16G").value(), (MemoryRequest{.size = 16 * gib}));
    EXPECT_EQ(parse_memory_argument("536870912").value(), (MemoryRequest{.size = gib / 2}));
}

TEST(MemoryArgument, ChoosesHugePagesAndANode) {
    EXPECT_EQ(parse_memory_argument("16G,hugepages=1G,node=1").value(),
              (MemoryRequest{.size = 16 * gib,
                             .page = gib,
                             .node = {.choice = NodeRequest::Choice::Number, .number = 1}}));
    EXPECT_EQ(parse_memory_argument("2G,hugepages=2M").value().page, 2u << 20);
    EXPECT_EQ(parse_memory_argument("2G,node=none").value().node.choice, NodeRequest::Choice::None);
    EXPECT_EQ(parse_memory_argument("2G,node=auto").value(), (MemoryRequest{.size = 2 * gib}));
}

TEST(MemoryArgument, SaysWhatIsWrong) {
    const auto message = [](const char* text) { return parse_memory_argument(text).error().what; };

    EXPECT_EQ(message("much"),
              "\"much\" is not a size: write bytes, or a number with K, M, G or T");
    EXPECT_EQ(message("1G,hugepages=4M"), "hugepages=4M: known are 2M and 1G");
    EXPECT_EQ(message("1G,node=far"), "node=far: a number of a NUMA node, auto, or none");
    EXPECT_EQ(message("1G,node=4096"), "node=4096: a number of a NUMA node, auto, or none");
    EXPECT_EQ(message("1G,pages=2M"), "1G: unknown key \"pages\"; known: hugepages, node");
    EXPECT_EQ(message("1536M,hugepages=1G"), "1536M: guest memory is a multiple of 1 GiB");
    EXPECT_EQ(message("0"), "0: guest memory is a multiple of 2 MiB");
    EXPECT_EQ(message("3000000"), "3000000: guest memory is a multiple of 2 MiB");
}

TEST(CpusArgument, IsANumberThatApicIdsTellApart) {
    EXPECT_EQ(parse_cpus_argument("1").value(), (model::machine::Processors{.count = 1}));
    EXPECT_EQ(parse_cpus_argument("255").value(), (model::machine::Processors{.count = 255}));
    EXPECT_EQ(parse_cpus_argument("256").error().what, "\"256\": a guest has 1 to 255 processors");
    EXPECT_FALSE(parse_cpus_argument("0"));
    EXPECT_FALSE(parse_cpus_argument("-1"));
    EXPECT_FALSE(parse_cpus_argument(""));
}

TEST(CpusArgument, SpreadsApicIds) {
    EXPECT_EQ(parse_cpus_argument("2,x-apic-step=300").value(),
              (model::machine::Processors{.count = 2, .apic_step = 300}));
    EXPECT_EQ(parse_cpus_argument("2,x-apic-step=4095").value().highest_apic_id(), 4095u);
    for (const auto* const wrong : {"3,x-apic-step=2048", "2,x-apic-step=0", "2,x-apic-step=",
                                    "2,x-apic-step=18446744073709551615", "2,step=2", "2,"})
        EXPECT_FALSE(parse_cpus_argument(wrong)) << wrong;
}

}  // namespace
}  // namespace tenon::library::words
