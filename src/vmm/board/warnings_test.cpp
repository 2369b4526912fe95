#include "vmm/board/warnings.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace tenon::vmm::board {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// What is printed by the time all of it is over.
std::string printed(const std::function<void(Warnings&)>& what) {
    testing::internal::CaptureStderr();
    {
        Warnings warnings;
        what(warnings);
    }
    return testing::internal::GetCapturedStderr();
}

const WarningSubject placing{.function = "dev0", .kind = "placing BARs"};

void place_everywhere(Warnings& warnings) {
    for (unsigned address = 0; address < 5000; ++address)
        warnings.once(placing, fmt::format("BAR 0 of dev0 at {:#x}: taken", address));
}

TEST(Warnings, SayATextOnce) {
    EXPECT_EQ(printed([](Warnings& warnings) {
                  warnings.once("a reset failed");
                  warnings.once("a reset failed");
                  warnings.once(placing, "BAR 0");
                  warnings.once(placing, "BAR 0");
              }),
              "tenon: warning: a reset failed\r\ntenon: warning: BAR 0\r\n");
}

TEST(Warnings, AreNotMutedByAGuestThatVariesAnother) {
    const auto text = printed([](Warnings& warnings) {
        place_everywhere(warnings);
        warnings.once("the machine is out of room");
        warnings.once({.function = "dev0", .kind = "reset"}, "dev0: not reset");
        warnings.once({.function = "dev1", .kind = placing.kind}, "BAR 0 of dev1: taken");
    });

    EXPECT_THAT(text, HasSubstr("the machine is out of room"));
    EXPECT_THAT(text, HasSubstr("dev0: not reset"));
    EXPECT_THAT(text, HasSubstr("BAR 0 of dev1"));
}

TEST(Warnings, CountWhatIsNotSaid) {
    const auto text = printed(place_everywhere);

    EXPECT_THAT(text, HasSubstr("at 0x7: taken"));
    EXPECT_THAT(text, Not(HasSubstr("at 0x8: taken")));
    EXPECT_THAT(
        text, EndsWith("tenon: warning: dev0: placing BARs: 4992 more warnings of this kind\r\n"));
}

TEST(Warnings, AreNotMutedByIncidents) {
    const auto text = printed([](Warnings& warnings) {
        for (unsigned vector = 0; vector < 2048; ++vector)
            warnings.incident({.function = "dev0",
                               .kind = "silent-vector",
                               .vector = vector,
                               .text = fmt::format("vector {} stays silent", vector)});
        warnings.once("the machine is out of room");
    });

    EXPECT_THAT(text, HasSubstr("vector 0 stays silent"));
    EXPECT_THAT(text, HasSubstr("the machine is out of room"));
}

}  // namespace
}  // namespace tenon::vmm::board
