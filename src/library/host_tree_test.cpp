#include "library/host_tree.hpp"

#include <gtest/gtest.h>

namespace tenon::library {
namespace {

ListedFunction at(std::uint8_t bus, std::uint8_t device, std::optional<pci::Address> above = {}) {
    ListedFunction function;
    function.address = {.bus = bus, .device = device};
    function.above = above;
    return function;
}

TEST(HostTree, PutsFunctionsBehindTheirBridges) {
    const FunctionList list{.functions = {at(2, 0, pci::Address{.bus = 1, .device = 3}),
                                          at(1, 3, pci::Address{.device = 1}), at(0, 2), at(0, 1)},
                            .problems = {}};

    const auto tree = make_host_tree(list);

    ASSERT_EQ(tree.size(), 1u);
    ASSERT_EQ(tree[0].functions.size(), 2u);
    EXPECT_EQ(tree[0].functions[0].function->address.device, 1);
    ASSERT_EQ(tree[0].functions[0].behind.size(), 1u);
    ASSERT_EQ(tree[0].functions[0].behind[0].behind.size(), 1u);
    EXPECT_EQ(tree[0].functions[0].behind[0].behind[0].function->address.bus, 2);
}

TEST(HostTree, HasARootBusForEachDomainAndForWhatHasNoBridge) {
    auto other = at(0, 1);
    other.address.domain = 0x10000;
    const FunctionList list{.functions = {at(0, 1), other, at(9, 0, pci::Address{.bus = 8})},
                            .problems = {}};

    const auto tree = make_host_tree(list);

    ASSERT_EQ(tree.size(), 3u);
    EXPECT_EQ(tree[1].bus, 9u);
    EXPECT_EQ(tree[2].domain, 0x10000u);
}

TEST(HostTree, EndsWhateverBridgesSayOfEachOther) {
    const FunctionList list{
        .functions = {at(1, 0, pci::Address{.bus = 2}), at(2, 0, pci::Address{.bus = 1}), at(0, 1)},
        .problems = {}};

    EXPECT_EQ(make_host_tree(list).size(), 1u);
}

}  // namespace
}  // namespace tenon::library
