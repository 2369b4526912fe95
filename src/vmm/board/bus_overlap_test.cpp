#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::board {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Answers with its number, and notes when it comes and goes.
class Numbered final : public BusDevice {
public:
    Numbered(const Bus& bus, std::uint64_t base, unsigned number, std::vector<std::string>& notes)
        : bus_{bus}, base_{base}, number_{number}, notes_{notes} {}
    std::uint64_t read(std::uint64_t /*offset*/, unsigned /*size*/) override { return number_; }
    void write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) override {}
    void appear() override { note("appears"); }
    void disappear() override { note("disappears"); }

private:
    // With who answers at its place meanwhile.
    void note(const std::string& what) {
        notes_.push_back(std::to_string(number_) + ' ' + what + " at " +
                         std::to_string(bus_.read(base_, 1)));
    }

    const Bus& bus_;
    std::uint64_t base_;
    unsigned number_;
    std::vector<std::string>& notes_;
};

class BusOverlap : public testing::Test {
protected:
    std::shared_ptr<Numbered> make(std::uint64_t base, unsigned number) {
        return std::make_shared<Numbered>(bus, base, number, notes);
    }

    Bus bus;
    std::vector<std::string> notes;
};

TEST_F(BusOverlap, LetsARangeWaitForTheOneInItsWay) {
    const auto first = make(0x1000, 1);
    ASSERT_TRUE(bus.place(0x1000, 0x1000, first).value());

    EXPECT_FALSE(bus.place(0x1000, 0x2000, make(0x1000, 2)).value());
    EXPECT_EQ(bus.read(0x1000, 1), 1u);
    EXPECT_EQ(bus.read(0x2000, 1), 0xffu);

    bus.remove(*first);
    EXPECT_EQ(bus.read(0x2000, 1), 2u);
}

TEST_F(BusOverlap, TellsWhoGoesBeforeWhoComes) {
    const auto first = make(0x1000, 1);
    ASSERT_TRUE(bus.place(0x1000, 0x1000, first));
    ASSERT_TRUE(bus.place(0x1000, 0x1000, make(0x1000, 2)));

    bus.remove(*first);

    // Each is reached through the bus while it is told, so that nothing is there without it.
    EXPECT_THAT(notes, ElementsAre("1 appears at 1", "1 disappears at 1", "2 appears at 2"));
}

TEST_F(BusOverlap, RefusesAFixedRangeInsteadOfLettingItWait) {
    const auto first = make(0x1000, 1);
    ASSERT_TRUE(bus.place(0x1000, 0x1000, first));

    EXPECT_FALSE(bus.add(0x1800, 0x1000, make(0x1800, 2)));
    bus.remove(*first);

    EXPECT_EQ(bus.read(0x1800, 1), 0xffu);
}

TEST_F(BusOverlap, KeepsOthersAwayFromARangeThatNobodyAnswers) {
    ASSERT_TRUE(bus.add(0x1000, 0x1000, nullptr));

    EXPECT_FALSE(bus.place(0x1800, 0x1000, make(0x1800, 1)).value());

    EXPECT_EQ(bus.read(0x1800, 1), 0xffu);
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(BusOverlap, RefusesToPlaceARangeThatWraps) {
    EXPECT_FALSE(bus.place(0xffff'ffff'ffff'f000, 0x1001, make(0, 1)));
}

}  // namespace
}  // namespace tenon::vmm::board
