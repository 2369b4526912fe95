#include "library/function_keys.hpp"

#include <gtest/gtest.h>

#include "library/device_argument.hpp"

namespace tenon::library {
namespace {

TEST(FunctionKeys, AreReadOfADevice) {
    const auto device = parse_device_argument("65:00.0,ats=on,x-ats-strict=off").value();

    EXPECT_EQ(device.keys.ats, model::AtsMode::On);
    EXPECT_EQ(device.keys.ats_strict, false);
}

TEST(FunctionKeys, SayWhatAWrongValueMayBe) {
    EXPECT_EQ(parse_device_argument("65:00.0,ats=yes").error().what,
              "65:00.0: ats=yes: known are auto, on, off");
    EXPECT_EQ(parse_device_argument("65:00.0,x-ats-strict=auto").error().what,
              "65:00.0: x-ats-strict=auto: known are on, off");
}

TEST(FunctionKeys, SayNothingWhereNoneIsGiven) {
    EXPECT_EQ(parse_device_argument("65:00.0").value().keys, model::FunctionKeys{});
}

}  // namespace
}  // namespace tenon::library
