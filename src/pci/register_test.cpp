#include "pci/register.hpp"

#include <gtest/gtest.h>

#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::pci {
namespace {

TEST(Register, GivesItsFields) {
    // 0x0142: version 2, type 4 (root port), slot implemented.
    constexpr ExpressCapabilities caps{0x0142};

    EXPECT_EQ(caps.get<ExpressVersion>(), 2);
    EXPECT_EQ(caps.get<DevicePortType>(), 4);
    EXPECT_EQ(caps.get<SlotImplemented>(), 1);
}

TEST(Register, ReplacesOneFieldAndKeepsTheRest) {
    constexpr ExpressCapabilities caps{0x0192};

    EXPECT_EQ(caps.with<DevicePortType>(0).raw(), 0x0102);
    EXPECT_EQ(caps.with<DevicePortType>(0x1f).raw(), 0x01f2);
}

TEST(Command, IsWritableInSixBits) { EXPECT_EQ(Command::mask_of(Access::ReadWrite), 0x0547); }

TEST(Status, ClearsItsErrorsByWritingOnes) {
    EXPECT_EQ(Status::mask_of(Access::WriteOneToClear), 0xf900);
}

}  // namespace
}  // namespace tenon::pci
