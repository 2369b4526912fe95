// Offsets and bits are literals of VIRTIO 1.2, 4.1.4.3 and 2.1.
#include "model/virtio/transport.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace tenon::model::virtio {
namespace {

constexpr std::uint64_t offered = std::uint64_t{1} << 32 | 0x0000'0e40;
const Backend two_queues{
    .socket = "", .file = {}, .type = 2, .queues = 2, .queue_size = 128, .config_size = 60};

class VirtioTransport : public testing::Test {
protected:
    std::uint64_t read(std::uint64_t offset, unsigned size) { return transport.read(offset, size); }
    std::optional<Effect> write(std::uint64_t offset, unsigned size, std::uint64_t value) {
        return transport.write(offset, size, value);
    }
    void take_features(std::uint32_t low, std::uint32_t high) {
        write(8, 4, 0);
        write(12, 4, low);
        write(8, 4, 1);
        write(12, 4, high);
    }
    // Up to FEATURES_OK, with queue 0 enabled.
    void set_up() {
        write(20, 1, 1);
        write(20, 1, 3);
        take_features(0x40, 1);
        write(20, 1, 11);
        write(22, 2, 0);
        write(24, 2, 64);
        write(26, 2, 1);
        write(32, 4, 0x1000);
        write(36, 4, 0);
        write(40, 4, 0x2000);
        write(48, 8, 0x1'0000'3000);
        write(28, 2, 1);
    }
    std::optional<Effect> start() {
        set_up();
        return write(20, 1, 15);
    }

    Transport transport{two_queues, offered};
};

TEST_F(VirtioTransport, OffersFeaturesBy32Bits) {
    EXPECT_EQ(read(4, 4), 0x0e40u);
    write(0, 4, 1);
    EXPECT_EQ(read(4, 4), 1u);
    write(0, 4, 2);
    EXPECT_EQ(read(4, 4), 0u);
}

TEST_F(VirtioTransport, HasItsQueuesWithTheirSizes) {
    EXPECT_EQ(read(18, 2), 2u);
    EXPECT_EQ(read(24, 2), 128u);
    write(22, 2, 2);
    EXPECT_EQ(read(24, 2), 0u);
}

TEST_F(VirtioTransport, GivesEachQueueADoorbellOfItsOwn) {
    EXPECT_EQ(read(30, 2), 0u);
    write(22, 2, 1);
    EXPECT_EQ(read(30, 2), 1u);
}

TEST_F(VirtioTransport, KeepsFeaturesOkForASubsetOfWhatIsOffered) {
    take_features(0x40, 1);
    write(20, 1, 11);

    EXPECT_EQ(read(20, 1), 11u);
    EXPECT_EQ(transport.driver_features(), std::uint64_t{1} << 32 | 0x40);
}

TEST_F(VirtioTransport, RefusesAFeatureThatIsNotOffered) {
    take_features(0x41, 1);
    write(20, 1, 11);

    EXPECT_EQ(read(20, 1), 3u);
}

TEST_F(VirtioTransport, RefusesADriverWithoutVersion1) {
    take_features(0x40, 0);
    write(20, 1, 11);

    EXPECT_EQ(read(20, 1), 3u);
}

TEST_F(VirtioTransport, RefusesFeaturesPastThoseThatThereAre) {
    take_features(0x40, 1);
    write(8, 4, 2);
    write(12, 4, 1);
    write(20, 1, 11);

    EXPECT_EQ(read(20, 1), 3u);
}

TEST_F(VirtioTransport, KeepsFeaturesOnceTheyAreAgreedOn) {
    take_features(0x40, 1);
    write(20, 1, 11);

    take_features(0, 0);

    EXPECT_EQ(transport.driver_features(), std::uint64_t{1} << 32 | 0x40);
}

TEST_F(VirtioTransport, StartsWithWhatTheDriverSetUp) {
    EXPECT_EQ(start(), Effect{effect::Start{}});

    EXPECT_TRUE(transport.started());
    EXPECT_EQ(transport.queues()[0], (Queue{.size = 64,
                                            .vector = 1,
                                            .enabled = true,
                                            .descriptors = 0x1000,
                                            .driver = 0x2000,
                                            .device = 0x1'0000'3000}));
    EXPECT_FALSE(transport.queues()[1].enabled);
}

TEST_F(VirtioTransport, DoesNotStartWithoutFeaturesOk) {
    EXPECT_EQ(write(20, 1, 7), std::nullopt);

    EXPECT_EQ(read(20, 1), 3u);
    EXPECT_FALSE(transport.started());
}

TEST_F(VirtioTransport, StartsOnce) {
    start();

    EXPECT_EQ(write(20, 1, 15), std::nullopt);
}

TEST_F(VirtioTransport, ReadsZeroAsStatusWhenTheQueuesAreBackAndNotBefore) {
    start();

    EXPECT_EQ(write(20, 1, 0), Effect{effect::Stop{}});
    EXPECT_EQ(read(20, 1), 15u);
    EXPECT_EQ(write(20, 1, 0), std::nullopt);
    transport.finish_reset();

    EXPECT_EQ(read(20, 1), 0u);
    EXPECT_EQ(read(24, 2), 128u);
    EXPECT_EQ(read(26, 2), 0xffffu);
    EXPECT_EQ(read(28, 2), 0u);
}

TEST_F(VirtioTransport, ResetsAtOnceWhatHasNotStarted) {
    set_up();

    EXPECT_EQ(write(20, 1, 0), std::nullopt);

    EXPECT_EQ(read(20, 1), 0u);
    EXPECT_EQ(read(28, 2), 0u);
}

TEST_F(VirtioTransport, ClearsNoBitOfItsStatusButByAReset) {
    set_up();

    write(20, 1, 1);

    EXPECT_EQ(read(20, 1), 11u);
}

TEST_F(VirtioTransport, LetsNoDriverSayThatItNeedsAReset) {
    write(20, 1, 0x41);

    EXPECT_EQ(read(20, 1), 1u);
}

TEST_F(VirtioTransport, TakesSizesThatAQueueCanHave) {
    write(24, 2, 100);
    EXPECT_EQ(read(24, 2), 128u);
    write(24, 2, 256);
    EXPECT_EQ(read(24, 2), 128u);
    write(24, 2, 0);
    EXPECT_EQ(read(24, 2), 128u);
    write(24, 2, 32);
    EXPECT_EQ(read(24, 2), 32u);
}

TEST_F(VirtioTransport, KeepsAQueueThatIsEnabled) {
    set_up();

    write(32, 4, 0x9000);
    write(24, 2, 16);
    write(28, 2, 0);

    EXPECT_EQ(read(32, 4), 0x1000u);
    EXPECT_EQ(read(24, 2), 64u);
    EXPECT_EQ(read(28, 2), 1u);
}

TEST_F(VirtioTransport, HasVectorsForQueuesAndConfigurationAlone) {
    write(16, 2, 2);
    EXPECT_EQ(read(16, 2), 2u);
    write(16, 2, 3);
    EXPECT_EQ(read(16, 2), 0xffffu);
    write(26, 2, 7);
    EXPECT_EQ(read(26, 2), 0xffffu);
}

TEST_F(VirtioTransport, TellsOfAVectorThatChangesInUse) {
    start();

    EXPECT_EQ(write(26, 2, 2), Effect{effect::VectorChanged{.queue = 0}});
}

TEST_F(VirtioTransport, KicksTheQueueWhoseDoorbellWasRung) {
    start();

    EXPECT_EQ(write(0x3000, 2, 0), Effect{effect::Kick{.queue = 0}});
    EXPECT_EQ(write(0x3004, 2, 1), std::nullopt);  // Not enabled.
    EXPECT_EQ(write(0x3008, 2, 2), std::nullopt);  // Not there.
}

TEST_F(VirtioTransport, ChangesTheGenerationWithItsConfiguration) {
    const auto before = read(21, 1);

    EXPECT_FALSE(transport.set_config(std::array{std::byte{7}}));

    EXPECT_NE(read(21, 1), before);
    EXPECT_EQ(read(0x2000, 1), 7u);
    EXPECT_FALSE(transport.set_config(std::array{std::byte{7}}));
}

TEST_F(VirtioTransport, TellsADriverOfItsConfigurationOnce) {
    start();

    EXPECT_TRUE(transport.set_config(std::array{std::byte{7}}));

    EXPECT_EQ(read(0x1000, 1), 2u);
    EXPECT_EQ(read(0x1000, 1), 0u);
}

TEST_F(VirtioTransport, NeedsAResetUntilItGetsOne) {
    start();

    EXPECT_TRUE(transport.need_reset());

    EXPECT_EQ(read(20, 1), 0x4fu);
    write(20, 1, 0);
    transport.finish_reset();
    EXPECT_EQ(read(20, 1), 0u);
}

TEST_F(VirtioTransport, OffersNothingOnceTheDeviceHasGone) {
    transport.withdraw();
    take_features(0, 1);
    write(20, 1, 11);

    EXPECT_EQ(read(20, 1), 3u);
}

TEST_F(VirtioTransport, HandsOnWritesIntoItsConfiguration) {
    EXPECT_EQ(write(0x2020, 1, 1),
              Effect(effect::WriteConfig{.offset = 32, .size = 1, .value = 1}));
}

TEST_F(VirtioTransport, TakesFieldsByTheirWidth) {
    write(16, 4, 0);
    EXPECT_EQ(read(16, 2), 0xffffu);
    write(22, 1, 1);
    EXPECT_EQ(read(22, 2), 0u);
}

struct Access {
    std::uint64_t offset;
    unsigned size;
    std::uint64_t value;
};

// Where a driver may write; sometimes anywhere.
std::vector<Access> any_accesses() {
    const auto one = rc::gen::map(
        rc::gen::tuple(
            rc::gen::weightedOneOf<std::uint64_t>(
                {{8, rc::gen::inRange<std::uint64_t>(0, 64)},
                 {2, rc::gen::inRange<std::uint64_t>(0x2ff0, 0x3100)},
                 {1, rc::gen::arbitrary<std::uint64_t>()}}),
            rc::gen::element(1u, 2u, 4u, 8u, 3u),
            rc::gen::weightedOneOf<std::uint64_t>({{3, rc::gen::inRange<std::uint64_t>(0, 20)},
                                                   {1, rc::gen::arbitrary<std::uint64_t>()}})),
        [](const auto& parts) {
            return Access{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)};
        });
    return *rc::gen::container<std::vector<Access>>(one);
}

RC_GTEST_PROP(VirtioTransportAnyDriver, NamesNothingThatIsNotThere, ()) {
    Transport transport{two_queues, offered};
    for (const auto& access : any_accesses()) {
        const auto before = transport.started();
        const auto effect = transport.write(access.offset, access.size, access.value);
        transport.read(access.offset, access.size);
        for (const auto& queue : transport.queues()) {
            RC_ASSERT(queue.size >= 1 && queue.size <= 128);
            RC_ASSERT(queue.vector <= 2 || queue.vector == no_vector);
        }
        RC_ASSERT((transport.driver_features() & ~offered) == 0 ||
                  (transport.device_status() & status::features_ok) == 0);
        if (!effect) continue;
        if (const auto* const kick = std::get_if<effect::Kick>(&*effect))
            RC_ASSERT(transport.queues().at(kick->queue).enabled);
        if (const auto* const write = std::get_if<effect::WriteConfig>(&*effect))
            RC_ASSERT(write->offset + write->size <= 256);
        if (std::holds_alternative<effect::Start>(*effect))
            RC_ASSERT(!before && transport.started());
        if (std::holds_alternative<effect::Stop>(*effect)) {
            RC_ASSERT(before && !transport.started());
            transport.finish_reset();
            RC_ASSERT(transport.device_status() == 0);
        }
    }
}

}  // namespace
}  // namespace tenon::model::virtio
