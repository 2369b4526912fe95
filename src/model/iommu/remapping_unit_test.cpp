#include "model/iommu/remapping_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/support/guest_tables.hpp"
#include "tests/support/iommu_host.hpp"

namespace tenon::model::iommu {
namespace {

using support::Reached;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Permissions both{.read = true, .write = true};
constexpr DeviceId disk{1};
constexpr DeviceId network{2};
constexpr SourceId disk_source = 0x0100;
constexpr SourceId network_source = 0x0200;

// Registers and bits. Source: Intel VT-d 4.1, 11.4.
constexpr std::uint64_t gcmd = 0x18;
constexpr std::uint64_t gsts = 0x1c;
constexpr std::uint64_t fsts = 0x34;
constexpr std::uint32_t te = 0x8000'0000;
constexpr std::uint32_t srtp = 0x4000'0000;
constexpr std::uint32_t qie = 0x0400'0000;
constexpr std::uint32_t ire = 0x0200'0000;
constexpr std::uint32_t sirtp = 0x0100'0000;
constexpr std::uint32_t cfi = 0x0080'0000;

// A guest in legacy mode with a disk and a network card, both without a context.
class Unit : public testing::Test {
protected:
    explicit Unit(const UnitRequest& request = {.memory_bits = 40}, const UnitLimits& limits = {},
                  const HostLimits& on = {.pasid_width = 20})
        : unit{design_unit(on, request).value().shape, tables, limits},
          wide{request.mode != TableMode::Legacy} {
        host.carry_out(unit.set_regions(DmaRegions{{{GuestAddress{0}, 0x8000'0000, both}}}));
        host.carry_out(unit.add(disk, disk_source));
        host.carry_out(unit.add(network, network_source));
        write(0x20, root | (wide ? 0x400u : 0u), 8);
        write(0x90, queue | (wide ? 0x800u : 0u), 8);
        write(0xb8, interrupts | 7, 8);
        for (const auto source : {disk_source, network_source})
            tables.put(root + (source >> 8) * 16ull, contexts(source) | 1);
    }

    void write(std::uint64_t offset, std::uint64_t value, std::uint8_t size = 4) {
        host.carry_out(unit.write(offset, size, value));
        EXPECT_THAT(host.wrong, IsEmpty());
    }
    std::uint64_t read(std::uint64_t offset, std::uint8_t size = 4) const {
        return unit.read(offset, size);
    }
    void start() {
        write(gcmd, srtp);
        write(gcmd, qie);
        write(gcmd, qie | te);
    }
    std::uint64_t contexts(SourceId source) const {
        return source == disk_source ? disk_contexts : network_contexts;
    }
    void put_context(SourceId source, std::uint64_t low, std::uint64_t high = 0x502) {
        tables.put(contexts(source), low);
        tables.put(contexts(source) + 8, high);
    }
    void put_in_queue(std::uint64_t low, std::uint64_t high = 0) {
        tables.put(queue + tail, low);
        tables.put(queue + tail + 8, high);
        tail += wide ? 32 : 16;
    }
    void run_queue() { write(0x88, tail); }
    void invalidate(std::uint64_t low, std::uint64_t high = 0) {
        put_in_queue(low, high);
        run_queue();
    }
    void flush_context(SourceId source) {
        invalidate(0x31 | static_cast<std::uint64_t>(source) << 32);
    }
    void flush_page(std::uint64_t iova, std::uint64_t mask = 0, std::uint64_t domain = 5) {
        invalidate(0x32 | domain << 16, iova | mask);
    }
    Target target(DeviceId device) const { return host.devices.at(device); }
    std::optional<Reached> reach(DeviceId device, std::uint64_t iova,
                                 std::optional<std::uint32_t> pasid = {}) const {
        return host.reach(device, pasid, iova, Reached{iova, both});
    }

    support::GuestTables tables;
    support::IommuHost host;
    std::uint64_t root = tables.page();
    std::uint64_t disk_contexts = tables.page();
    std::uint64_t network_contexts = tables.page();
    std::uint64_t pages = tables.page();
    std::uint64_t queue = tables.page();
    std::uint64_t interrupts = tables.page();
    std::uint64_t status = tables.page();
    RemappingUnit unit;
    bool wide;
    std::uint64_t tail = 0;
};

TEST_F(Unit, BeginsWithEverythingAtIdentity) {
    EXPECT_EQ(target(disk), Target{Identity{}});
    EXPECT_EQ(read(gsts), 0u);
    EXPECT_EQ(read(0), 0x10u);
}

TEST_F(Unit, ReadsAndWritesInTwoSizesAlone) {
    EXPECT_EQ(read(0x20, 8), root);
    EXPECT_EQ(read(0x20, 4), root);
    for (const std::uint8_t size : std::initializer_list<std::uint8_t>{0, 1, 2, 3, 5, 7, 16})
        EXPECT_EQ(unit.read(0x20, size), 0u);
    EXPECT_EQ(unit.read(0x24, 8), 0u);
    EXPECT_EQ(unit.read(0x22, 4), 0u);
    EXPECT_EQ(unit.read(~7ull, 8), 0u);
    write(0x20, 0, 2);
    write(0x22, 0, 4);
    EXPECT_EQ(read(0x20, 8), root);
}

TEST_F(Unit, KeepsNoCommand) {
    write(gcmd, srtp | qie);
    EXPECT_EQ(read(gcmd), 0u);
    EXPECT_EQ(read(gsts), srtp | qie);
    write(gcmd, qie);
    EXPECT_EQ(read(gsts), srtp | qie);
    write(gcmd, 0);
    EXPECT_EQ(read(gsts), srtp);
}

TEST_F(Unit, TranslatesOnlyWithARoot) {
    write(gcmd, te);
    EXPECT_EQ(read(gsts), 0u);
    EXPECT_EQ(target(disk), Target{Identity{}});
    write(gcmd, te | srtp);
    EXPECT_EQ(read(gsts), te | srtp);
    EXPECT_EQ(target(disk), Target{Blocked{}});
}

TEST_F(Unit, WithoutAContextBlocksADeviceAndSaysNothing) {
    start();
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_THAT(host.faults, IsEmpty());
    EXPECT_EQ(read(fsts), 0u);
}

TEST_F(Unit, LetsADeviceReachWhatItsTablesSay) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_EQ(reach(disk, 0x2000), std::nullopt);
    EXPECT_EQ(reach(network, 0x1000), std::nullopt);
}

TEST_F(Unit, MapsBeforeADeviceMoves) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    write(gcmd, qie);
    const auto effects = unit.write(gcmd, 4, qie | te);
    const Extent page{Iova{0x1000}, 0x1000, GuestAddress{0x5000}, both};
    const DomainId domain{2};
    EXPECT_THAT(effects,
                ElementsAre(Effect{effect::MakeDomain{domain}}, Effect{effect::Map{domain, page}},
                            Effect{effect::MoveDevice{disk, domain}},
                            Effect{effect::MoveDevice{network, Blocked{}}}));
}

TEST_F(Unit, SwitchedOffGoesBackToIdentity) {
    put_context(disk_source, pages | 1);
    start();
    write(gcmd, qie);
    EXPECT_EQ(target(disk), Target{Identity{}});
    EXPECT_THAT(host.domains, IsEmpty());
}

TEST_F(Unit, MovesNobodyAtPassThrough) {
    put_context(disk_source, 2 << 2 | 1);
    put_context(network_source, 2 << 2 | 1);
    write(gcmd, srtp);
    EXPECT_THAT(unit.write(gcmd, 4, te), IsEmpty());
}

TEST_F(Unit, FollowsATableFromItsInvalidationOn) {
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 0x5000);
    EXPECT_EQ(reach(disk, 0x1000), std::nullopt);
    flush_page(0x1000);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    tables.map(pages, 4, 0x1000, 0, 0);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    flush_page(0x1000);
    EXPECT_EQ(reach(disk, 0x1000), std::nullopt);
}

TEST_F(Unit, LooksAtNothingElseThanWasInvalidated) {
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 0x5000);
    tables.map(pages, 4, 0x8000, 0x6000);
    flush_page(0x1000);
    EXPECT_EQ(reach(disk, 0x8000), std::nullopt);
    flush_page(0x8000, 0, 6);  // Of a domain that nobody has.
    EXPECT_EQ(reach(disk, 0x8000), std::nullopt);
    invalidate(0x0005'0022);
    EXPECT_EQ(reach(disk, 0x8000), (Reached{0x6000, both}));
}

TEST_F(Unit, KeepsLargePagesLarge) {
    put_context(disk_source, pages | 1);
    start();
    for (std::uint64_t n = 0; n < 512; ++n)
        tables.map(pages, 4, n << 21, n << 21, 3, 2);
    put_in_queue(0x0005'0032, 18);
    const auto effects = unit.write(0x88, 4, tail);
    // 1 GiB: a call each.
    EXPECT_EQ(effects.size(), 512u);
}

TEST_F(Unit, SharesADomainBetweenDevicesWithOneTable) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1, 0x502);
    put_context(network_source, pages | 1, 0x602);
    start();
    EXPECT_EQ(host.domains.size(), 1u);
    EXPECT_EQ(target(disk), target(network));
    // Either number invalidates it.
    tables.map(pages, 4, 0x2000, 0x6000);
    flush_page(0x2000, 0, 6);
    EXPECT_EQ(reach(disk, 0x2000), (Reached{0x6000, both}));
}

TEST_F(Unit, MovesADeviceBetweenTables) {
    const auto other = tables.page();
    tables.map(pages, 4, 0x1000, 0x5000);
    tables.map(other, 4, 0x1000, 0x6000);
    put_context(disk_source, pages | 1);
    start();
    put_context(disk_source, other | 1);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    flush_context(disk_source);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x6000, both}));
    EXPECT_EQ(host.domains.size(), 1u);
    put_context(disk_source, 2 << 2 | 1);
    flush_context(disk_source);
    EXPECT_EQ(target(disk), Target{Identity{}});
    put_context(disk_source, 0);
    flush_context(disk_source);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_THAT(host.domains, IsEmpty());
}

TEST_F(Unit, OfAContextFlushLooksAtItsDevicesAlone) {
    put_context(disk_source, 2 << 2 | 1);
    put_context(network_source, 2 << 2 | 1);
    start();
    put_context(disk_source, 0);
    put_context(network_source, 0);
    flush_context(disk_source);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_EQ(target(network), Target{Identity{}});
    invalidate(0x11);
    EXPECT_EQ(target(network), Target{Blocked{}});
}

TEST_F(Unit, NewToADomainSeesItsTablesAsTheyAreNow) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 0x6000);
    put_context(network_source, pages | 1, 0x602);
    flush_context(network_source);
    EXPECT_EQ(reach(network, 0x1000), (Reached{0x6000, both}));
}

TEST_F(Unit, WritesStatusBehindAllThatCameBefore) {
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 0x5000);
    put_in_queue(0x0005'0032, 0x1000);
    put_in_queue(0x0000'0002'0000'0025, status);
    const auto effects = unit.write(0x88, 4, tail);
    ASSERT_EQ(effects.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<effect::Map>(effects[0]));
    EXPECT_EQ(effects[1], Effect(effect::WriteStatus{GuestAddress{status}, 2}));
    EXPECT_EQ(read(0x80, 8), 0x20u);
}

TEST_F(Unit, ComparesOnceForManyInvalidationsOfOneWait) {
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 0x5000);
    for (int n = 0; n < 100; ++n)
        put_in_queue(0x0005'0022);
    tables.reads = 0;
    run_queue();
    // A hundred descriptors, four levels.
    EXPECT_EQ(tables.reads, 104u);
}

TEST_F(Unit, SendsAMessageAfterAWaitThatAsksForOne) {
    start();
    write(0xa4, 0x31);
    write(0xa8, 0xfee0'1000);
    write(0xac, 0x100);
    invalidate(0x15);
    // Masked: pending.
    EXPECT_EQ(read(0x9c), 1u);
    EXPECT_EQ(read(0xa0), 0xc000'0000u);
    EXPECT_THAT(host.messages, IsEmpty());
    write(0xa0, 0);
    EXPECT_THAT(host.messages, ElementsAre(Message{0x100'fee0'1000, 0x31}));
    EXPECT_EQ(read(0xa0), 0u);
    // No second one before software has seen the first.
    invalidate(0x15);
    EXPECT_EQ(host.messages.size(), 1u);
    write(0x9c, 1);
    invalidate(0x15);
    EXPECT_EQ(host.messages.size(), 2u);
}

TEST_F(Unit, ForgetsAPendingMessageThatSoftwareHasSeenOtherwise) {
    start();
    invalidate(0x15);
    write(0x9c, 1);
    EXPECT_EQ(read(0xa0), 0x8000'0000u);
    write(0xa0, 0);
    EXPECT_THAT(host.messages, IsEmpty());
}

TEST_F(Unit, GoesRoundItsQueue) {
    start();
    for (int n = 0; n < 255; ++n)
        put_in_queue(0x12);
    run_queue();
    EXPECT_EQ(read(0x80, 8), 0xff0u);
    put_in_queue(0x0000'0007'0000'0025, status);
    tail = 0;
    run_queue();
    EXPECT_EQ(host.status.at(status), 7u);
    EXPECT_EQ(read(0x80, 8), 0u);
}

// Windows sets the tail before it enables the queue.
TEST_F(Unit, TakesAQueueThatWasFilledBefore) {
    write(gcmd, srtp);
    put_in_queue(0x0000'0009'0000'0025, status);
    run_queue();
    EXPECT_THAT(host.status, IsEmpty());
    write(gcmd, qie);
    EXPECT_EQ(host.status.at(status), 9u);
}

TEST_F(Unit, StandsStillAtABadDescriptorUntilSoftwareHasMendedIt) {
    write(0x38, 0);
    write(0x3c, 0x55);
    write(0x40, 0xfee0'0000);
    start();
    put_in_queue(0x12);
    put_in_queue(0x12 | 1 << 8);
    put_in_queue(0x0000'0003'0000'0025, status);
    run_queue();
    EXPECT_EQ(read(fsts), 0x10u);
    EXPECT_EQ(read(0xb0, 8), 4u);
    EXPECT_EQ(read(0x80, 8), 0x10u);
    EXPECT_THAT(host.messages, ElementsAre(Message{0xfee0'0000, 0x55}));
    run_queue();
    EXPECT_THAT(host.status, IsEmpty());
    // As Linux does: a wait over the bad one, then IQE is cleared.
    tables.put(queue + 0x10, 0x0000'0001'0000'0025);
    tables.put(queue + 0x18, status);
    write(fsts, 0x10);
    EXPECT_EQ(read(fsts), 0u);
    EXPECT_EQ(host.status.at(status), 3u);
    EXPECT_EQ(read(0x80, 8), 0x30u);
}

TEST_F(Unit, SaysWhyItsQueueStandsStill) {
    start();
    const auto why = [&](std::uint64_t new_tail) {
        write(0x88, new_tail);
        const auto reason = read(0xb0, 8);
        EXPECT_EQ(read(fsts), 0x10u);
        write(0x88, read(0x80, 8));
        write(fsts, 0x10);
        EXPECT_EQ(read(fsts), 0u);
        return reason;
    };
    EXPECT_EQ(why(0x1000), 1u);  // The tail is past the end.
    EXPECT_EQ(why(0x7fff0), 1u);
    tables.put(queue, 0x0a);
    EXPECT_EQ(why(0x10), 3u);  // No such type.
    tables.put(queue, 0x37);
    EXPECT_EQ(why(0x10), 3u);  // A wide one.
    tables.drop(queue);
    EXPECT_EQ(why(0x10), 2u);  // No memory.
    write(gcmd, te);
    write(0x90, queue | 0x800, 8);
    write(gcmd, te | qie);
    EXPECT_EQ(why(0x20), 5u);  // Wide, without scalable mode.
}

TEST_F(Unit, StopsAndStartsItsQueueAtTheBeginning) {
    start();
    invalidate(0x12);
    EXPECT_EQ(read(0x80, 8), 0x10u);
    write(gcmd, te);
    EXPECT_EQ(read(0x80, 8), 0u);
    write(0x88, 0);
    write(gcmd, te | qie);
    EXPECT_EQ(read(gsts), te | srtp | qie);
    EXPECT_EQ(read(0x80, 8), 0u);
}

TEST_F(Unit, InvalidatesByRegistersWhileTheQueueIsOff) {
    write(gcmd, srtp);
    write(gcmd, te);
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    // Of one device, in two halves: the upper one acts.
    write(0x28, 0x0100'0005);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    write(0x2c, 0xe000'0000);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_EQ(read(0x2c), 0x7800'0000u);
    tables.map(pages, 4, 0x3000, 0x6000);
    // Two pages of domain 5.
    write(0xf0, 0x2001, 8);
    write(0xf8, 0xb000'0005'0000'0000, 8);
    EXPECT_EQ(reach(disk, 0x3000), (Reached{0x6000, both}));
    EXPECT_EQ(read(0xfc), 0x3600'0005u);
}

TEST_F(Unit, DoesTheWholeDomainForAMaskThatIsTooLarge) {
    put_context(disk_source, pages | 1);
    write(gcmd, srtp);
    write(gcmd, te);
    tables.map(pages, 4, 0x3000, 0x6000);
    write(0xf0, 37, 8);
    write(0xf8, 0xb000'0005'0000'0000, 8);
    EXPECT_EQ(reach(disk, 0x3000), (Reached{0x6000, both}));
    EXPECT_EQ(read(0xfc), 0x3400'0005u);
}

TEST_F(Unit, DoesNothingByRegistersWhileTheQueueIsOn) {
    start();
    put_context(disk_source, pages | 1);
    write(0x28, 0xa000'0000'0000'0000, 8);
    write(0xf8, 0x9000'0000'0000'0000, 8);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    // Done, of nothing.
    EXPECT_EQ(read(0x2c), 0x2000'0000u);
    EXPECT_EQ(read(0xfc), 0x1000'0000u);
}

TEST_F(Unit, KnowsNoInvalidationOfNothing) {
    write(gcmd, srtp);
    write(gcmd, te);
    put_context(disk_source, pages | 1);
    write(0x28, 0x8000'0000'0000'0000, 8);
    write(0xf8, 0x8000'0000'0000'0000, 8);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_EQ(read(0x2c), 0u);
    EXPECT_EQ(read(0xfc), 0u);
}

TEST_F(Unit, ReadsBackWhatWasLatched) {
    start();
    EXPECT_EQ(read(0x20, 8), root);
    EXPECT_EQ(read(0xb8, 8), interrupts | 7);
}

TEST_F(Unit, UsesANewRootOnceItIsSet) {
    put_context(disk_source, 2 << 2 | 1);
    start();
    const auto empty = tables.page();
    write(0x20, empty, 8);
    invalidate(0x11);
    EXPECT_EQ(target(disk), Target{Identity{}});
    write(gcmd, qie | te | srtp);
    EXPECT_EQ(target(disk), Target{Blocked{}});
}

TEST_F(Unit, RecordsWhatIsWrongInAContext) {
    write(0x38, 0);
    start();
    put_context(disk_source, pages | 3 << 2 | 1);
    flush_context(disk_source);
    EXPECT_EQ(read(fsts), 0x2u);
    EXPECT_EQ(read(0x220, 8), 0u);
    EXPECT_EQ(read(0x228, 8), 0x8000'0003'0000'0100u);
    EXPECT_EQ(host.messages.size(), 1u);
    // The same again is no news.
    flush_context(disk_source);
    EXPECT_EQ(host.faults.size(), 1u);
    // Another one is, but software is told already.
    put_context(network_source, pages | 1, 7);
    flush_context(network_source);
    EXPECT_EQ(read(0x238, 8), 0x8000'0003'0000'0200u);
    EXPECT_EQ(host.messages.size(), 1u);
    write(0x22c, 0x8000'0000);
    EXPECT_EQ(read(fsts), 0x2u);
    write(0x23c, 0x8000'0000);
    EXPECT_EQ(read(fsts), 0u);
}

TEST_F(Unit, RecordsNothingThatSoftwareWantsNot) {
    put_context(disk_source, pages | 3 << 2 | 2 | 1);
    start();
    EXPECT_THAT(host.faults, IsEmpty());
    EXPECT_EQ(target(disk), Target{Blocked{}});
}

TEST_F(Unit, RecordsAWrongEntryOfAPageTable) {
    put_context(disk_source, pages | 1);
    start();
    tables.map(pages, 4, 0x1000, 1ull << 40);
    flush_page(0x1000);
    ASSERT_EQ(host.faults.size(), 1u);
    EXPECT_EQ(host.faults[0].reason, FaultReason::TableReserved);
    EXPECT_EQ(host.faults[0].source, disk_source);
}

TEST_F(Unit, SaysThatFaultsWereLost) {
    write(0x38, 0);
    write(gcmd, sirtp);
    write(gcmd, ire);
    for (int n = 0; n < 10; ++n)
        host.carry_out(unit.send(disk_source, {0xfee0'0018, 0}).effects);
    EXPECT_EQ(host.faults.size(), 8u);
    // PFO and PPF, the first of them in record 0, and one message.
    EXPECT_EQ(read(fsts), 0x3u);
    EXPECT_EQ(host.messages.size(), 1u);
    write(fsts, 0x1);
    EXPECT_EQ(read(fsts), 0x2u);
    // Records are free, the next one goes on where they ended.
    write(0x22c, 0x8000'0000);
    host.carry_out(unit.send(disk_source, {0xfee0'0018, 1}).effects);
    EXPECT_EQ(read(0x220, 8), 0x0001'0000'0000'0000u);
    EXPECT_EQ(read(fsts), 0x2u);
}

TEST_F(Unit, NamesTheFirstRecordThatIsPending) {
    write(gcmd, sirtp);
    write(gcmd, ire);
    host.carry_out(unit.send(disk_source, {0xfee0'0018, 0}).effects);
    write(0x22c, 0x8000'0000);
    host.carry_out(unit.send(disk_source, {0xfee0'0018, 0}).effects);
    EXPECT_EQ(read(fsts), 0x102u);
    // Masked since the reset: pending.
    EXPECT_EQ(read(0x38), 0xc000'0000u);
}

TEST_F(Unit, RemapsInterruptsOnceSoftwareWantsThat) {
    const Message named{0xfee0'0018 | 3 << 5, 0};
    tables.put(interrupts + 3 * 16ull, 0x0000'0300'0041'0009);
    EXPECT_EQ(unit.resolve(disk_source, named), InterruptOutcome(named));
    write(gcmd, ire);
    EXPECT_EQ(read(gsts), 0u);  // Without a table.
    write(gcmd, sirtp);
    EXPECT_THAT(host.resolved, IsEmpty());
    write(gcmd, ire);
    EXPECT_EQ(read(gsts), ire | sirtp);
    EXPECT_EQ(host.resolved.size(), 1u);
    EXPECT_TRUE(host.resolved[0].all);
    EXPECT_EQ(unit.resolve(disk_source, named), InterruptOutcome(Message{0xfee0'3008, 0x41}));
    EXPECT_EQ(unit.send(disk_source, named).message, (Message{0xfee0'3008, 0x41}));
    write(gcmd, 0);
    EXPECT_EQ(unit.resolve(disk_source, named), InterruptOutcome(named));
    EXPECT_EQ(host.resolved.size(), 2u);
}

TEST_F(Unit, LetsOtherInterruptsPassIfSoftwareWantsThat) {
    const Message plain{0xfee0'1000, 0x31};
    write(gcmd, sirtp);
    write(gcmd, ire);
    EXPECT_EQ(unit.send(disk_source, plain).message, std::nullopt);
    write(gcmd, ire | cfi);
    EXPECT_EQ(read(gsts), ire | sirtp | cfi);
    EXPECT_EQ(unit.send(disk_source, plain).message, plain);
}

TEST_F(Unit, RecordsAFaultOfAnInterruptThatIsSentAlone) {
    write(gcmd, sirtp);
    write(gcmd, ire);
    const Message named{0xfee0'0018 | 3 << 5, 2};
    EXPECT_TRUE(std::holds_alternative<InterruptRefusal>(unit.resolve(disk_source, named)));
    EXPECT_EQ(read(fsts), 0u);
    host.carry_out(unit.send(disk_source, named).effects);
    EXPECT_EQ(read(fsts), 0x2u);
    EXPECT_EQ(read(0x220, 8), 0x0005'0000'0000'0000u);
    EXPECT_EQ(read(0x228, 8), 0x8000'0022'0000'0100u);
}

TEST_F(Unit, SaysOnceForEachWaitWhichInterruptsChanged) {
    start();
    write(gcmd, qie | te | sirtp);
    write(gcmd, qie | te | ire);
    host.resolved.clear();
    put_in_queue(0x0003'0000'0014);
    put_in_queue(0x0120'2000'0014);
    put_in_queue(0x0000'0002'0000'0025, status);
    const auto effects = unit.write(0x88, 4, tail);
    EXPECT_THAT(effects,
                ElementsAre(Effect{effect::ResolveInterrupts{false, {{3, 3}, {0x120, 0x12f}}}},
                            Effect{effect::WriteStatus{GuestAddress{status}, 2}}));
    put_in_queue(0x04);
    EXPECT_THAT(unit.write(0x88, 4, tail),
                ElementsAre(Effect{effect::ResolveInterrupts{.all = true, .entries = {}}}));
}

TEST_F(Unit, FollowsDevicesThatComeAndGo) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    host.carry_out(unit.remove(disk));
    EXPECT_EQ(unit.target(disk), std::nullopt);
    EXPECT_THAT(host.domains, IsEmpty());
    EXPECT_EQ(target(disk), Target{Blocked{}});
    host.carry_out(unit.add(disk, disk_source));
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(Unit, FollowsADeviceToAnotherBus) {
    put_context(disk_source, 2 << 2 | 1);
    start();
    host.carry_out(unit.renumber(disk, network_source));
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_THAT(unit.renumber(disk, network_source), IsEmpty());
    EXPECT_THAT(unit.renumber(DeviceId{9}, 1), IsEmpty());
}

TEST_F(Unit, FollowsMemoryThatComesAndGoes) {
    constexpr std::uint64_t bar = 0x9000'0000;
    tables.map(pages, 4, 0x1000, bar);
    put_context(disk_source, pages | 1);
    start();
    EXPECT_EQ(reach(disk, 0x1000), std::nullopt);
    const DmaRegion memory{GuestAddress{0}, 0x8000'0000, both};
    host.carry_out(unit.set_regions(DmaRegions{{memory, {GuestAddress{bar}, 0x1000, both}}}));
    EXPECT_EQ(reach(disk, 0x1000), (Reached{bar, both}));
    host.carry_out(unit.set_regions(DmaRegions{{memory}}));
    EXPECT_EQ(reach(disk, 0x1000), std::nullopt);
}

TEST_F(Unit, BlocksWhoeverIsInADomainThatTheHostRefuses) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    put_context(network_source, pages | 1);
    start();
    host.carry_out(unit.refused(std::get<DomainId>(target(disk))));
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_EQ(target(network), Target{Blocked{}});
    EXPECT_THAT(host.domains, IsEmpty());
    // Pages do not bring it back, contexts do.
    flush_page(0x1000);
    EXPECT_EQ(target(disk), Target{Blocked{}});
    flush_context(disk_source);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_THAT(unit.refused(DomainId{77}), IsEmpty());
}

TEST_F(Unit, BlocksADeviceThatTheHostDoesNotMove) {
    put_context(disk_source, pages | 1);
    start();
    const auto domain = std::get<DomainId>(target(disk));
    EXPECT_THAT(unit.refused(disk), ElementsAre(Effect{effect::MoveDevice{disk, Blocked{}}},
                                                Effect{effect::DropDomain{domain}}));
    EXPECT_EQ(unit.target(disk), Target{Blocked{}});
    EXPECT_THAT(unit.refused(DeviceId{77}), IsEmpty());
}

TEST_F(Unit, ForgetsEverythingInAReset) {
    put_context(disk_source, pages | 1);
    start();
    write(gcmd, qie | te | sirtp);
    write(gcmd, qie | te | ire);
    host.resolved.clear();
    host.carry_out(unit.reset());
    EXPECT_EQ(target(disk), Target{Identity{}});
    EXPECT_THAT(host.domains, IsEmpty());
    EXPECT_EQ(host.resolved.size(), 1u);
    EXPECT_EQ(read(gsts), 0u);
    EXPECT_EQ(read(0x20, 8), 0u);
    const Message named{0xfee0'0018, 0};
    EXPECT_EQ(unit.resolve(disk_source, named), InterruptOutcome(named));
    write(gcmd, te);
    EXPECT_EQ(read(gsts), 0u);
}

class LimitedUnit : public Unit {
protected:
    LimitedUnit()
        : Unit{{.memory_bits = 40},
               {.shadow = {.walk = {.tables = 64, .extents = 8}, .mappings = 8}, .work = 16}} {}
};

TEST_F(LimitedUnit, BlocksADeviceWhoseTablesAreTooLarge) {
    for (std::uint64_t n = 0; n < 9; ++n)
        tables.map(pages, 4, n * 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_THAT(host.domains, IsEmpty());
    tables.map(pages, 4, 0, 0, 0);
    flush_context(disk_source);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
}

TEST_F(LimitedUnit, BlocksADeviceWhoseTablesGrowTooLarge) {
    put_context(disk_source, pages | 1);
    start();
    for (std::uint64_t n = 0; n < 9; ++n) {
        tables.map(pages, 4, n * 0x1000, 0x5000);
        flush_page(n * 0x1000);
        EXPECT_EQ(target(disk) == Target{Blocked{}}, n == 8) << n;
    }
    EXPECT_THAT(host.domains, IsEmpty());
}

// Of a host that counts mappings: pages that are one mapping count as one.
class CountedUnit : public Unit {
protected:
    CountedUnit() : Unit{{.memory_bits = 40}, {.shadow = {.mappings = 2}}} {
        put_context(disk_source, pages | 1);
        start();
    }
    void map_four(std::uint64_t at) {
        for (std::uint64_t page = 0; page < 4; ++page)
            tables.map(pages, 4, at + page * 0x1000, 0x4000 + page * 0x1000);
        flush_page(at, 2);
    }
};

TEST_F(CountedUnit, BlocksADeviceWithMoreMappingsThanTheHostTakes) {
    map_four(0x10000);
    map_four(0x20000);
    EXPECT_EQ(reach(disk, 0x21000), (Reached{0x5000, both}));

    map_four(0x30000);

    EXPECT_EQ(target(disk), Target{Blocked{}});
    EXPECT_THAT(host.domains, IsEmpty());
}

TEST_F(LimitedUnit, StopsInItsQueueBeforeItTakesTooLong) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    start();
    for (std::uint64_t n = 1; n <= 10; ++n) {
        put_in_queue(0x0005'0022);
        put_in_queue(n << 32 | 0x25, status);
    }
    run_queue();
    EXPECT_TRUE(unit.busy());
    EXPECT_LT(host.status.at(status), 10u);
    for (int n = 0; n < 10 && unit.busy(); ++n)
        host.carry_out(unit.go_on());
    EXPECT_EQ(host.status.at(status), 10u);
    EXPECT_THAT(unit.go_on(), IsEmpty());
}

// Requests without a PASID use number 0.
class ScalableUnit : public Unit {
protected:
    ScalableUnit()
        : ScalableUnit{{.pasid_width = 20},
                       {.mode = TableMode::Scalable, .pasid_width = 20, .memory_bits = 40}} {}
    ScalableUnit(const HostLimits& on, const UnitRequest& request)
        : Unit{request, {.shadow = {.pasids = 3}}, on} {
        tables.put(disk_contexts, directory | 1 << 3 | 1);
        tables.put(directory, entries | 1);
    }
    void put_entry(std::uint64_t pasid, std::uint64_t first, std::uint64_t domain = 5) {
        tables.put(entries + pasid * 64ull + 8, domain);
        tables.put(entries + pasid * 64ull, first);
    }
    std::uint64_t paged(std::uint64_t table) const { return table | 2 << 6 | 2 << 2 | 1; }
    void flush_pasid(std::uint64_t pasid, std::uint64_t domain = 5) {
        invalidate(0x17 | domain << 16 | pasid << 32);
    }

    std::uint64_t directory = tables.page();
    std::uint64_t entries = tables.page();
    std::uint64_t other = tables.page();
};

TEST_F(ScalableUnit, AttachesEachPasidWhereItsEntrySays) {
    tables.map(pages, 4, 0x1000, 0x5000);
    tables.map(other, 4, 0x1000, 0x6000);
    put_entry(0, paged(pages));
    put_entry(1, paged(other), 6);
    put_entry(2, 4 << 6 | 1, 2);
    start();
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_EQ(reach(disk, 0x1000, 1), (Reached{0x6000, both}));
    EXPECT_EQ(reach(disk, 0x1000, 2), (Reached{0x1000, both}));
    EXPECT_EQ(reach(disk, 0x1000, 3), std::nullopt);
    EXPECT_EQ(host.pasids.size(), 2u);
}

TEST_F(ScalableUnit, FollowsAPasidFromItsInvalidationOn) {
    tables.map(other, 4, 0x1000, 0x6000);
    start();
    put_entry(1, paged(other), 6);
    EXPECT_THAT(host.pasids, IsEmpty());
    flush_pasid(1, 6);
    EXPECT_EQ(reach(disk, 0x1000, 1), (Reached{0x6000, both}));
    put_entry(1, 0, 6);
    flush_pasid(2, 6);
    EXPECT_EQ(host.pasids.size(), 1u);
    flush_pasid(1, 6);
    EXPECT_THAT(host.pasids, IsEmpty());
    EXPECT_THAT(host.domains, IsEmpty());
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(ScalableUnit, FollowsRequestsWithoutOneByItsOwn) {
    tables.map(pages, 4, 0x1000, 0x5000);
    start();
    EXPECT_EQ(target(disk), Target{Blocked{}});
    put_entry(0, paged(pages));
    flush_pasid(0);
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
    EXPECT_THAT(host.pasids, IsEmpty());
}

TEST_F(ScalableUnit, ReadsAllPasidsOfAWiderInvalidation) {
    start();
    put_entry(1, 4 << 6 | 1, 2);
    put_entry(2, 4 << 6 | 1, 2);
    invalidate(0x0002'0007);
    EXPECT_EQ(host.pasids.size(), 2u);
    put_entry(1, 0);
    invalidate(0x37);
    EXPECT_EQ(host.pasids.size(), 1u);
}

TEST_F(ScalableUnit, AttachesNoMorePasidsThanItMay) {
    for (std::uint64_t pasid = 1; pasid < 10; ++pasid)
        put_entry(pasid, 4 << 6 | 1, 2);
    start();
    EXPECT_EQ(host.pasids.size(), 3u);
    flush_pasid(9, 2);
    EXPECT_EQ(host.pasids.size(), 3u);
}

// On a host that walks the guest's tables of a PASID.
class NestedUnit : public ScalableUnit {
protected:
    NestedUnit()
        : ScalableUnit{
              {.pasid_width = 20, .extended_capability = 1ull << 26 | 1ull << 43 | 1ull << 47},
              {.mode = TableMode::Nested, .pasid_width = 20, .memory_bits = 40}} {}

    // The table that an entry leads to; number 5 where nothing else is said.
    void lead(std::uint64_t pasid, std::uint64_t table, std::uint64_t domain = 5) {
        tables.put(entries + pasid * 64ull + 16, table);
        put_entry(pasid, 1 << 6 | 1, domain);
    }
    std::vector<IovaRange> forgotten() const {
        std::vector<IovaRange> ranges;
        for (const auto& one : host.forgotten)
            ranges.push_back(one.range);
        return ranges;
    }
};

TEST_F(NestedUnit, LeadsAPasidThroughTheGuestsTables) {
    lead(1, other, 6);
    start();

    ASSERT_EQ(host.nested.size(), 1u);
    EXPECT_EQ(host.nested.begin()->second, (FirstStage{.root = GuestAddress{other}}));
    EXPECT_EQ(host.pasids.at({disk, 1}), Target{host.nested.begin()->first});
    EXPECT_THAT(host.domains, IsEmpty());
    EXPECT_THAT(host.forgotten, IsEmpty());

    put_entry(1, 0, 6);
    flush_pasid(1, 6);
    EXPECT_THAT(host.pasids, IsEmpty());
    EXPECT_THAT(host.nested, IsEmpty());
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(NestedUnit, ForgetsWhatSoftwareInvalidates) {
    lead(1, other, 6);
    lead(2, pages, 7);
    start();

    invalidate(0x36 | 6 << 16 | 1ull << 32, 0x12'3000 | 2);
    EXPECT_THAT(forgotten(), ElementsAre(IovaRange{0x12'0000, 0x12'3fff}));
    invalidate(0x26 | 7 << 16 | 2ull << 32);
    EXPECT_THAT(forgotten(), ElementsAre(testing::_, IovaRange{0, ~0ull}));
    EXPECT_EQ(host.forgotten.back().domain, std::get<DomainId>(host.pasids.at({disk, 2})));
    // Of a number that nobody has.
    invalidate(0x26 | 9 << 16 | 2ull << 32);
    EXPECT_EQ(host.forgotten.size(), 2u);
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(NestedUnit, ForgetsBeforeItSaysSo) {
    lead(1, other, 6);
    start();
    put_in_queue(0x26 | 6 << 16 | 1ull << 32);
    put_in_queue(9ull << 32 | 0x25, status);

    const auto effects = unit.write(0x88, 4, tail);
    ASSERT_EQ(effects.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<effect::InvalidateNested>(effects[0]));
    EXPECT_TRUE(std::holds_alternative<effect::WriteStatus>(effects[1]));
}

TEST_F(NestedUnit, MovesAPasidWhoseTablesAreOthers) {
    lead(1, other, 6);
    start();
    const auto before = host.pasids.at({disk, 1});
    lead(1, pages, 6);
    flush_pasid(1, 6);

    EXPECT_NE(host.pasids.at({disk, 1}), before);
    ASSERT_EQ(host.nested.size(), 1u);
    EXPECT_EQ(host.nested.begin()->second.root, GuestAddress{pages});
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(NestedUnit, HasLegacyTablesAsEver) {
    tables.map(pages, 4, 0x1000, 0x5000);
    put_context(disk_source, pages | 1);
    write(0x20, root, 8);
    start();
    EXPECT_EQ(reach(disk, 0x1000), (Reached{0x5000, both}));
}

TEST_F(ScalableUnit, DetachesPasidsWithTheirDevice) {
    put_entry(1, paged(other), 6);
    start();
    EXPECT_EQ(host.pasids.size(), 1u);
    host.carry_out(unit.remove(disk));
    EXPECT_THAT(host.pasids, IsEmpty());
    EXPECT_THAT(host.domains, IsEmpty());
    host.carry_out(unit.add(disk, disk_source));
    EXPECT_EQ(host.pasids.size(), 1u);
    write(gcmd, qie);
    EXPECT_THAT(host.pasids, IsEmpty());
    EXPECT_EQ(target(disk), Target{Identity{}});
    EXPECT_THAT(host.wrong, IsEmpty());
}

TEST_F(ScalableUnit, LeavesAPasidAloneThatTheHostRefuses) {
    put_entry(1, paged(other), 6);
    start();
    host.carry_out(unit.refused(disk, 1));
    EXPECT_THAT(host.pasids, IsEmpty());
    EXPECT_THAT(host.domains, IsEmpty());
    flush_pasid(1, 6);
    EXPECT_EQ(host.pasids.size(), 1u);
    EXPECT_THAT(unit.refused(disk, 7), IsEmpty());
}

TEST_F(ScalableUnit, RecordsWhatIsWrongWithAPasid) {
    start();
    put_entry(1, paged(other) | 1 << 10, 6);
    flush_pasid(1, 6);
    EXPECT_THAT(host.pasids, IsEmpty());
    // Reason 5a, PASID 1.
    EXPECT_EQ(read(0x228, 8), 0x8000'015a'8000'0100u);
    flush_pasid(1, 6);
    EXPECT_EQ(host.faults.size(), 1u);
}

TEST_F(ScalableUnit, WantsATailThatFitsItsDescriptors) {
    start();
    write(0x88, 0x10);
    EXPECT_EQ(read(0xb0, 8), 6u);
    EXPECT_EQ(read(fsts), 0x10u);
}

}  // namespace
}  // namespace tenon::model::iommu
