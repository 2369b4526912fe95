// The keys of a device that are about its interrupts.
#include <gtest/gtest.h>

#include "library/words/device_argument.hpp"

namespace tenon::library::words {
namespace {

using Mode = model::chosen::MsixRelocation::Mode;

TEST(InterruptKeys, SayWhereTheTableGoes) {
    const auto place = [](std::string_view value) {
        const auto device =
            parse_device_argument("65:00.0,msix-relocation=" + std::string{value}).value();
        return *device.keys.msix_relocation;
    };

    EXPECT_EQ(place("off"), model::chosen::MsixRelocation{});
    EXPECT_EQ(place("auto"), (model::chosen::MsixRelocation{.mode = Mode::Auto}));
    EXPECT_EQ(place("bar0"), (model::chosen::MsixRelocation{.mode = Mode::Bar, .bar = 0}));
    EXPECT_EQ(place("bar5"), (model::chosen::MsixRelocation{.mode = Mode::Bar, .bar = 5}));
}

TEST(InterruptKeys, RefuseAPlaceThatIsNone) {
    for (const std::string wrong : {"bar6", "bar", "bar00", "2", "BAR2", "on"})
        EXPECT_EQ(parse_device_argument("65:00.0,msix-relocation=" + wrong).error().what,
                  "65:00.0: msix-relocation=" + wrong + ": known are off, auto, bar0 to bar5");
}

TEST(InterruptKeys, SayHowIntxIsDelivered) {
    EXPECT_EQ(parse_device_argument("65:00.0,intx=trapped").value().keys.intx,
              model::chosen::IntxChoice::Trapped);
    EXPECT_EQ(parse_device_argument("65:00.0,intx=off").value().keys.intx,
              model::chosen::IntxChoice::Off);
    EXPECT_EQ(parse_device_argument("65:00.0,intx=on").error().what,
              "65:00.0: intx=on: known are auto, trapped, off");
}

}  // namespace
}  // namespace tenon::library::words
