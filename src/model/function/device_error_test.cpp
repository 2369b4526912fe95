#include "model/function/device_error.hpp"

#include <gtest/gtest.h>

namespace tenon::model::function {
namespace {

// Uncorrectable Error Status. Source: PCIe Base Spec 6.0, 7.8.4.2.
constexpr std::uint32_t internal = 1u << 22;
constexpr std::uint32_t data_link_protocol = 1u << 4;
constexpr std::uint32_t completion_timeout = 1u << 14;

TEST(ChooseError, TakesTheDataLinkProtocolErrorAfterAReset) {
    EXPECT_EQ(choose_error(error_mask_after_reset, error_severity_after_reset),
              (ShownError{.status = data_link_protocol, .fatal = true}));
}

TEST(ChooseError, PrefersTheInternalErrorOfWhoUnmasksIt) {
    EXPECT_EQ(choose_error(0, error_severity_after_reset),
              (ShownError{.status = internal, .fatal = true}));
}

TEST(ChooseError, PrefersAFatalErrorToAnEarlierOne) {
    EXPECT_EQ(choose_error(0, completion_timeout),
              (ShownError{.status = completion_timeout, .fatal = true}));
}

TEST(ChooseError, TakesANonFatalOneWhereNoneIsFatal) {
    EXPECT_EQ(choose_error(internal | data_link_protocol, 0),
              (ShownError{.status = 1u << 18, .fatal = false}));
}

TEST(ChooseError, TakesNoneWhereAllAreMasked) {
    EXPECT_EQ(choose_error(~0u, error_severity_after_reset), ShownError{});
}

TEST(DeviceStatusOf, TellsTheSeverity) {
    EXPECT_EQ(device_status_of({.status = internal, .fatal = false}), 0x0002);
    EXPECT_EQ(device_status_of({.status = internal, .fatal = true}), 0x0004);
    EXPECT_EQ(device_status_of({}), 0);
}

TEST(MaySend, AsksDeviceControlForTheSeverity) {
    constexpr std::uint16_t no_command = 0;
    const ShownError fatal{.status = internal, .fatal = true};
    const ShownError other{.status = internal, .fatal = false};
    EXPECT_FALSE(may_send(fatal, no_command, 0x0002));
    EXPECT_TRUE(may_send(fatal, no_command, 0x0004));
    EXPECT_TRUE(may_send(other, no_command, 0x0002));
    EXPECT_FALSE(may_send(other, no_command, 0x0004));
}

TEST(MaySend, TakesSerrEnableInsteadOfDeviceControl) {
    constexpr std::uint16_t serr_enable = 0x0100;
    EXPECT_TRUE(may_send({.status = internal, .fatal = true}, serr_enable, 0));
}

TEST(MaySend, SendsNothingOfWhatIsMasked) { EXPECT_FALSE(may_send({}, 0xffff, 0xffff)); }

}  // namespace
}  // namespace tenon::model::function
