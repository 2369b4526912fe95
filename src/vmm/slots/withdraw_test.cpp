#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::slots {
namespace {

constexpr std::uint64_t first_at = 0xd0000000;
constexpr std::uint64_t second_at = 0xd0100000;

// Two functions that the guest uses, and a vCPU that met a fault.
class WithdrawOfAMachine : public testing::Test {
protected:
    WithdrawOfAMachine() {
        for (unsigned port = 0; port < 2; ++port) {
            bench.start_driver(port);
            EXPECT_TRUE(bench.add(port, 0, port == 0 ? "rp0" : "rp1"));
        }
        place(1, first_at);
        place(2, second_at);
    }
    void write(std::uint8_t bus, std::uint16_t offset, unsigned size, std::uint64_t value) {
        bench.topology().write({.bus = bus, .devfn = 0, .offset = offset}, size,
                               static_cast<std::uint32_t>(value));
    }
    void place(std::uint8_t bus, std::uint64_t at) {
        write(bus, 0x10, 4, at);
        write(bus, 0x04, 2, 0x0006);
    }
    bool mapped(std::uint64_t at) {
        return std::ranges::any_of(bench.board().vm.slots,
                                   [at](const auto& slot) { return slot.second.at == at; });
    }
    // Reads as ones everywhere, as what is not there does.
    void break_off(std::size_t n) { bench.function(n).config().write<std::uint32_t>(0x08, ~0u); }

    support::HotPlugBench bench;
};

TEST_F(WithdrawOfAMachine, TakesTheMappingsOfWhoOwnsTheAddress) {
    EXPECT_TRUE(bench.assignment().withdraw(GuestAddress{first_at + 0x1000}));

    EXPECT_FALSE(mapped(first_at));
    EXPECT_TRUE(mapped(second_at));
}

TEST_F(WithdrawOfAMachine, IsNotForAnAddressOfNoDevice) {
    EXPECT_FALSE(bench.assignment().withdraw(GuestAddress{0x100000}));

    EXPECT_TRUE(mapped(first_at));
    EXPECT_TRUE(mapped(second_at));
}

TEST_F(WithdrawOfAMachine, TakesThoseOfWhoIsGoneWhereTheAddressIsUnknown) {
    break_off(1);

    EXPECT_TRUE(bench.assignment().withdraw(std::nullopt));

    EXPECT_TRUE(mapped(first_at));
    EXPECT_FALSE(mapped(second_at));
}

TEST_F(WithdrawOfAMachine, LeavesTheOthersToTheSecondProcessorThatMeetsIt) {
    break_off(1);
    bench.assignment().withdraw(std::nullopt);

    EXPECT_FALSE(bench.assignment().withdraw(std::nullopt));

    EXPECT_TRUE(mapped(first_at));
}

TEST_F(WithdrawOfAMachine, TakesAllWhereNothingIsKnown) {
    EXPECT_TRUE(bench.assignment().withdraw(std::nullopt));

    EXPECT_FALSE(mapped(first_at));
    EXPECT_FALSE(mapped(second_at));
    EXPECT_FALSE(bench.assignment().withdraw(std::nullopt));
}

TEST_F(WithdrawOfAMachine, EndsWhereTheGuestPlacesABarAnew) {
    bench.assignment().withdraw(std::nullopt);

    write(1, 0x04, 2, 0);
    write(1, 0x04, 2, 0x0006);

    EXPECT_TRUE(mapped(first_at));
    EXPECT_FALSE(mapped(second_at));
}

}  // namespace
}  // namespace tenon::vmm::slots
