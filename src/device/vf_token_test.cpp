#include "device/vf_token.hpp"

#include <gtest/gtest.h>

namespace tenon::device {
namespace {

constexpr auto text = "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3";

TEST(VfToken, IsAUuidInTheOrderOfItsText) {
    const auto token = parse_vf_token(text).value();

    EXPECT_EQ(token.bytes[0], std::byte{0xbd});
    EXPECT_EQ(token.bytes[4], std::byte{0x5a});
    EXPECT_EQ(token.bytes[15], std::byte{0xf3});
    EXPECT_EQ(to_string(token), text);
}

TEST(VfToken, TakesEitherCase) {
    EXPECT_EQ(parse_vf_token("BD8D9D2B-5A5F-4F5A-A211-F591514BA1F3").value(),
              parse_vf_token(text).value());
}

TEST(VfToken, RefusesWhatIsNoUuid) {
    EXPECT_EQ(parse_vf_token("secret").error().what,
              "\"secret\" is no UUID such as 01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_FALSE(parse_vf_token(""));
    EXPECT_FALSE(parse_vf_token("bd8d9d2b-5a5f-4f5a-a211-f591514ba1f"));
    EXPECT_FALSE(parse_vf_token("bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3a"));
    EXPECT_FALSE(parse_vf_token("bd8d9d2b-5a5f-4f5a-a211_f591514ba1f3"));
    EXPECT_FALSE(parse_vf_token("bd8d9d2b-5a5f-4f5a-a211-f591514ba1fg"));
    EXPECT_FALSE(parse_vf_token("-d8d9d2b-5a5f-4f5a-a211-f591514ba1f3"));
}

}  // namespace
}  // namespace tenon::device
