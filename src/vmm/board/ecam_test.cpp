#include "vmm/board/ecam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tenon::vmm::board {
namespace {

using testing::ElementsAre;

struct Seen {
    PciHost::Place place;
    unsigned size = 0;
    std::uint32_t value = 0;

    bool operator==(const Seen&) const = default;
};

/// Answers each byte with the low byte of its offset, and remembers what it was asked.
class RecordingHost final : public PciHost {
public:
    std::uint32_t read(const Place& place, unsigned size) override {
        seen.push_back({.place = place, .size = size});
        std::uint32_t value = 0;
        for (unsigned byte = 0; byte < size; ++byte)
            value |= ((place.offset + byte) & 0xffu) << (byte * 8);
        return value;
    }
    void restart() override {}
    void write(const Place& place, unsigned size, std::uint32_t value) override {
        seen.push_back({.place = place, .size = size, .value = value});
    }
    std::vector<Seen> seen;
};

TEST(Ecam, FindsBusDeviceFunctionAndRegisterInTheAddress) {
    RecordingHost host;
    Ecam ecam{host};

    // Bus 1, device 2, function 3, register 0x100.
    ecam.read(0x0011'3100, 4);

    EXPECT_THAT(host.seen,
                ElementsAre(Seen{.place = {.bus = 1, .devfn = 0x13, .offset = 0x100}, .size = 4}));
}

TEST(Ecam, CutsEightBytesIntoTwoDwords) {
    RecordingHost host;
    Ecam ecam{host};

    EXPECT_EQ(ecam.read(0x10, 8), 0x1716151413121110u);

    EXPECT_THAT(host.seen, ElementsAre(Seen{.place = {.offset = 0x10}, .size = 4},
                                       Seen{.place = {.offset = 0x14}, .size = 4}));
}

TEST(Ecam, CutsAnAccessThatLeavesItsDword) {
    RecordingHost host;
    Ecam ecam{host};

    ecam.write(0x13, 4, 0xddccbbaa);

    EXPECT_THAT(host.seen, ElementsAre(Seen{.place = {.offset = 0x13}, .size = 1, .value = 0xaa},
                                       Seen{.place = {.offset = 0x14}, .size = 2, .value = 0xccbb},
                                       Seen{.place = {.offset = 0x16}, .size = 1, .value = 0xdd}));
}

TEST(Ecam, KeepsBytesOfDifferentFunctionsApart) {
    RecordingHost host;
    Ecam ecam{host};

    ecam.read(0xffe, 4);

    EXPECT_THAT(host.seen, ElementsAre(Seen{.place = {.offset = 0xffe}, .size = 2},
                                       Seen{.place = {.devfn = 1, .offset = 0}, .size = 2}));
}

}  // namespace
}  // namespace tenon::vmm::board
