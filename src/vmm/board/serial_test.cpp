#include "vmm/board/serial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tenon::vmm::board {
namespace {

using testing::ElementsAre;

class SerialPortTest : public testing::Test {
protected:
    std::string sent;
    std::vector<bool> levels;
    SerialPort port{[this](std::uint8_t byte) { sent += static_cast<char>(byte); },
                    [this](bool level) { levels.push_back(level); }};
};

TEST_F(SerialPortTest, SendsTheGuestsBytes) {
    port.write(0, 1, 'h');
    port.write(0, 1, 'i');
    EXPECT_EQ(sent, "hi");
}

TEST_F(SerialPortTest, SetsTheLineOnlyWhenItChanges) {
    port.write(4, 1, 0x08);
    port.write(1, 1, 0x02);
    port.write(0, 1, 'x');
    port.read(2, 1);

    EXPECT_THAT(levels, ElementsAre(true, false));
}

TEST_F(SerialPortTest, KeepsWhatTheGuestDoesNotTakeYet) {
    port.receive('a');
    port.receive('b');

    EXPECT_EQ(port.read(0, 1), 'a');
    EXPECT_EQ(port.read(0, 1), 'b');
    EXPECT_EQ(port.read(5, 1), 0x60u);
}

TEST_F(SerialPortTest, SaysWhenTooMuchIsWaiting) {
    EXPECT_FALSE(port.is_full());
    for (int byte = 0; byte < 5000; ++byte)
        port.receive('a');
    EXPECT_TRUE(port.is_full());
}

TEST_F(SerialPortTest, StartsAfreshWithItsLineDown) {
    port.write(4, 1, 0x08);
    port.write(1, 1, 0x02);
    port.write(7, 1, 0x5a);

    port.reset();

    EXPECT_THAT(levels, ElementsAre(true, false));
    EXPECT_EQ(port.read(1, 1), 0u);
    EXPECT_EQ(port.read(7, 1), 0u);
}

TEST_F(SerialPortTest, ReadsRegistersSideBySideAsOneAccess) {
    port.write(7, 1, 0x5a);
    EXPECT_EQ(port.read(6, 2), 0x5ab0u);
}

}  // namespace
}  // namespace tenon::vmm::board
