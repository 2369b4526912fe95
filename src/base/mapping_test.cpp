#include "base/mapping.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <utility>

namespace tenon {
namespace {

constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

TEST(Mapping, IsAlignedAsAsked) {
    const auto mapping =
        Mapping::map({.size = 0x3000, .flags = anonymous, .alignment = 1u << 21}, "test memory");

    ASSERT_TRUE(mapping);
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(mapping->data()) % (1u << 21), 0u);
    mapping->bytes()[0x2fff] = std::byte{1};
}

TEST(Mapping, LiesWhereItsPartOfALargePageWouldBe) {
    const auto mapping =
        Mapping::map({.size = 0x3000, .flags = anonymous, .alignment = 1u << 21, .phase = 0x5000},
                     "test memory");

    ASSERT_TRUE(mapping);
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(mapping->data()) % (1u << 21), 0x5000u);
    mapping->bytes()[0x2fff] = std::byte{1};
}

TEST(Mapping, NamesTheObjectWhenItFails) {
    const auto mapping = Mapping::map({.fd = -1, .size = 4096}, "BAR 0");

    ASSERT_FALSE(mapping);
    EXPECT_EQ(mapping.error().os_error, EBADF);
    EXPECT_EQ(mapping.error().what, "BAR 0: Bad file descriptor");
}

TEST(Mapping, HasOneOwner) {
    auto first = Mapping::map({.size = 4096, .flags = anonymous}, "test memory");
    ASSERT_TRUE(first);

    const Mapping second = std::move(*first);

    EXPECT_FALSE(*first);  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_TRUE(second);
}

}  // namespace
}  // namespace tenon
