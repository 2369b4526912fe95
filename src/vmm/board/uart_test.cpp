#include "vmm/board/uart.hpp"

#include <gtest/gtest.h>

namespace tenon::vmm::board {
namespace {

constexpr std::uint8_t out2 = 0x08;

/// A controller as Linux sets it up: FIFOs on with a trigger level of 8, interrupts connected.
Uart ready(std::uint8_t enabled) {
    Uart uart;
    uart.write(2, 0x81);
    uart.write(4, out2 | 0x03);
    uart.write(1, enabled);
    return uart;
}

TEST(Uart, SendsWhatIsWrittenToTheTransmitter) {
    Uart uart;

    EXPECT_EQ(uart.write(0, 'x'), 'x');
    EXPECT_EQ(uart.read(5), 0x60);  // Transmitter empty, nothing received.
}

TEST(Uart, ReachesTheDivisorThroughItsLatch) {
    Uart uart;
    uart.write(3, 0x80);

    EXPECT_EQ(uart.write(0, 0x01), std::nullopt);
    uart.write(1, 0x02);

    EXPECT_EQ(uart.read(0), 0x01);
    EXPECT_EQ(uart.read(1), 0x02);
    uart.write(3, 0x03);
    EXPECT_EQ(uart.read(1), 0x00);  // Interrupt Enable again.
}

TEST(Uart, KeepsOnlyTheFourBitsOfInterruptEnable) {
    Uart uart;
    uart.write(1, 0xff);
    EXPECT_EQ(uart.read(1), 0x0f);
}

TEST(Uart, KeepsTheScratchRegister) {
    Uart uart;
    uart.write(7, 0x5a);
    EXPECT_EQ(uart.read(7), 0x5a);
}

TEST(Uart, ShowsFifosOnceTheyAreOn) {
    Uart uart;
    EXPECT_EQ(uart.read(2), 0x01);
    uart.write(2, 0x01);
    EXPECT_EQ(uart.read(2), 0xc1);
}

TEST(Uart, RaisesTheTransmitterInterruptWhenItIsEnabled) {
    auto uart = ready(0x02);

    EXPECT_TRUE(uart.interrupt());
    EXPECT_EQ(uart.read(2), 0xc2);
    // Reading which interrupt it was ends it.
    EXPECT_FALSE(uart.interrupt());
    EXPECT_EQ(uart.read(2), 0xc1);
}

TEST(Uart, RaisesTheTransmitterInterruptAfterEachByte) {
    auto uart = ready(0x02);
    uart.read(2);

    uart.write(0, 'x');

    EXPECT_TRUE(uart.interrupt());
}

TEST(Uart, TellsReceivedBytesByTimeoutBelowTheTriggerLevel) {
    auto uart = ready(0x01);
    for (int byte = 0; byte < 7; ++byte)
        uart.receive('a');

    EXPECT_EQ(uart.read(2), 0xcc);
    uart.receive('b');
    EXPECT_EQ(uart.read(2), 0xc4);
    EXPECT_EQ(uart.read(5), 0x61);
    EXPECT_EQ(uart.read(0), 'a');
}

TEST(Uart, EndsTheReceiverInterruptWithTheLastByte) {
    auto uart = ready(0x01);
    uart.receive('a');
    EXPECT_TRUE(uart.interrupt());

    EXPECT_EQ(uart.read(0), 'a');

    EXPECT_FALSE(uart.interrupt());
}

TEST(Uart, HasRoomForSixteenBytesAndTellsTheSeventeenthAsLost) {
    auto uart = ready(0x04);
    for (int byte = 0; byte < 16; ++byte)
        uart.receive('a');
    EXPECT_FALSE(uart.can_receive());

    uart.receive('b');

    EXPECT_EQ(uart.read(2), 0xc6);
    EXPECT_EQ(uart.read(5), 0x63);
    EXPECT_EQ(uart.read(5), 0x61);  // Reading the status clears the error.
}

TEST(Uart, HasRoomForOneByteWithoutFifos) {
    Uart uart;
    EXPECT_TRUE(uart.can_receive());
    uart.receive('a');
    EXPECT_FALSE(uart.can_receive());
}

TEST(Uart, EmptiesTheReceiverWhenToldTo) {
    auto uart = ready(0x01);
    uart.receive('a');
    uart.write(2, 0x83);
    EXPECT_EQ(uart.read(5), 0x60);
}

TEST(Uart, LoopsSentBytesBack) {
    Uart uart;
    uart.write(4, 0x10);

    EXPECT_EQ(uart.write(0, 'x'), std::nullopt);

    EXPECT_EQ(uart.read(5), 0x61);
    EXPECT_EQ(uart.read(0), 'x');
}

TEST(Uart, LoopsModemLinesBackAsLinuxProbesThem) {
    Uart uart;
    // Loop, OUT2 and RTS: DCD and CTS.
    uart.write(4, 0x1a);
    EXPECT_EQ(uart.read(6) & 0xf0, 0x90);
}

TEST(Uart, TellsChangesOfModemLinesOnce) {
    Uart uart;
    uart.write(4, 0x10);  // All lines fall.
    EXPECT_EQ(uart.read(6), 0x0b);
    EXPECT_EQ(uart.read(6), 0x00);
}

TEST(Uart, TellsRingOnlyAtItsEnd) {
    Uart uart;
    uart.write(4, 0x10);
    uart.read(6);
    uart.write(4, 0x14);
    EXPECT_EQ(uart.read(6), 0x40);
    uart.write(4, 0x10);
    EXPECT_EQ(uart.read(6), 0x04);
}

TEST(Uart, ShowsAPeerThatIsAlwaysThere) {
    Uart uart;
    EXPECT_EQ(uart.read(6), 0xb0);
}

TEST(Uart, TellsWhenItsBusyTransmitterIsReadyAgain) {
    auto uart = ready(0x02);
    uart.set_transmitter_ready(false);

    EXPECT_EQ(uart.read(5), 0x00);
    EXPECT_FALSE(uart.interrupt());
    // What is sent all the same is sent.
    EXPECT_EQ(uart.write(0, 'x'), 'x');
    EXPECT_FALSE(uart.interrupt());

    uart.set_transmitter_ready(true);
    EXPECT_EQ(uart.read(5), 0x60);
    EXPECT_EQ(uart.read(2), 0xc2);
    EXPECT_FALSE(uart.interrupt());
}

TEST(Uart, KeepsItsInterruptFromTheBusWithoutOut2) {
    Uart uart;
    uart.write(1, 0x02);
    EXPECT_FALSE(uart.interrupt());
    uart.write(4, out2);
    EXPECT_TRUE(uart.interrupt());
}

}  // namespace
}  // namespace tenon::vmm::board
