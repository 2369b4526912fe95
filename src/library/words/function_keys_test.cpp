#include "library/words/function_keys.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "library/words/device_argument.hpp"

namespace tenon::library::words {
namespace {

TEST(FunctionKeys, AreReadOfADevice) {
    const auto device = parse_device_argument("65:00.0,ats=on,x-ats-strict=off").value();

    EXPECT_EQ(device.keys.ats, model::chosen::AtsMode::On);
    EXPECT_EQ(device.keys.ats_strict, false);
}

TEST(FunctionKeys, SayWhatAWrongValueMayBe) {
    EXPECT_EQ(parse_device_argument("65:00.0,ats=yes").error().what,
              "65:00.0: ats=yes: known are auto, on, off");
    EXPECT_EQ(parse_device_argument("65:00.0,x-ats-strict=auto").error().what,
              "65:00.0: x-ats-strict=auto: known are on, off");
}

TEST(FunctionKeys, PlacePasid) {
    const auto device =
        parse_device_argument("65:00.0,pasid=on,pasid-offset=0x1a0,x-pasid-overlay=on").value();

    EXPECT_EQ(device.keys.pasid, model::chosen::PasidMode::On);
    EXPECT_EQ(device.keys.pasid_offset, model::chosen::PasidOffset{0x1a0});
    EXPECT_TRUE(device.keys.pasid_overlay);
}

TEST(FunctionKeys, LeaveThePlaceToTenon) {
    const auto device = parse_device_argument("65:00.0,pasid-offset=auto").value();

    ASSERT_TRUE(device.keys.pasid_offset);
    EXPECT_EQ(*device.keys.pasid_offset, std::nullopt);
}

TEST(FunctionKeys, RefuseAPlaceThatIsNone) {
    const auto wrong = [](std::string_view place) {
        return parse_device_argument(fmt::format("65:00.0,pasid-offset={}", place)).error().what;
    };
    EXPECT_EQ(wrong("0x1a2"),
              "65:00.0: pasid-offset=0x1a2: a place is a multiple of 4 from 0x100 to 0xff8");
    EXPECT_EQ(wrong("0xffc"),
              "65:00.0: pasid-offset=0xffc: a place is a multiple of 4 from 0x100 to 0xff8");
    EXPECT_EQ(wrong("end"),
              "65:00.0: pasid-offset=end: known are auto and an offset such as 0x1a0");
    EXPECT_EQ(wrong("416"),
              "65:00.0: pasid-offset=416: known are auto and an offset such as 0x1a0");
}

TEST(FunctionKeys, SayNothingWhereNoneIsGiven) {
    EXPECT_EQ(parse_device_argument("65:00.0").value().keys, model::chosen::FunctionKeys{});
}

}  // namespace
}  // namespace tenon::library::words
