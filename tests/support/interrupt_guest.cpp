#include "tests/support/interrupt_guest.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>
#include <vector>

#include "model/iommu/remapping_unit.hpp"
#include "tests/support/interrupt_reference.hpp"

namespace tenon::support {
namespace {

using namespace model::iommu;

constexpr std::array<SourceId, 4> requesters{0x0100, 0x0101, 0x0104, 0x0300};
constexpr std::uint32_t entries = 512;  ///< Two pages, the second of which comes and goes.

ReferenceMessage told(const InterruptOutcome& outcome) {
    if (const auto* sent = std::get_if<Message>(&outcome))
        return {.address = sent->address, .data = sent->data};
    const auto& refusal = std::get<InterruptRefusal>(outcome);
    return {.fault = std::to_underlying(refusal.reason), .silent = refusal.silent};
}

class InterruptGuest {
public:
    explicit InterruptGuest(ByteSource& bytes) : bytes_{bytes} {
        tables_.page();  // The second of the interrupt table.
        unit_.write(at::queue_address, 8, queue_);
        unit_.write(at::global_command, 4, global::queue);
        for (auto& vector : vectors_)
            vector = make_vector();
        latch(8);
        command(global::interrupts);
        resolve({.all = true, .entries = {}});
    }

    InterruptStory run() {
        while (!bytes_.empty() && story_.misdeed.empty())
            step();
        return story_;
    }

private:
    struct Vector {
        SourceId source = 0;
        Message message;
        ReferenceMessage leads;
    };

    // Near the 512 entries, and seldom far away.
    std::uint32_t some_index() {
        constexpr std::array<std::uint32_t, 4> far{entries, 0x7fff, 0x8000, 0xffff};
        if (bytes_.below(16) == 0) return far.at(bytes_.below(far.size()));
        return static_cast<std::uint32_t>(bytes_.below(2) * 256 + bytes_.below(12));
    }

    Message some_message() {
        const auto index = some_index();
        if (bytes_.below(8) == 0) return {0xfee0'0000 | bytes_.next16() << 12, bytes_.next16()};
        const std::uint64_t handle = 0xfee0'0010u | (index & 0x7fff) << 5 | (index >> 15) << 2;
        switch (bytes_.below(3)) {
            case 0:
                return {handle, bytes_.next32()};  // No subhandle.
            case 1:
                return {handle | 8, bytes_.below(16) == 0 ? 0x1'0000u : 0u};
            default:
                return {handle | 8, static_cast<std::uint32_t>(bytes_.below(8))};
        }
    }

    Vector make_vector() {
        Vector made{.source = requesters.at(bytes_.below(requesters.size())),
                    .message = some_message()};
        made.leads = told(unit_.resolve(made.source, made.message));
        return made;
    }

    ReferenceMessage expected(SourceId source, const Message& message) const {
        return reference_interrupt(tables_, reference_, source,
                                   static_cast<std::uint32_t>(message.address), message.data);
    }

    void step() {
        switch (bytes_.below(8)) {
            case 0:
                vectors_.at(bytes_.below(vectors_.size())) = make_vector();
                break;
            case 1:
            case 2:
                send();
                break;
            case 3:
                switch_over();
                break;
            default:
                change_entries();
        }
        judge();
    }

    void send() {
        const auto source = requesters.at(bytes_.below(requesters.size()));
        const auto message = some_message();
        const auto right = expected(source, message);
        const auto sent = unit_.send(source, message);
        const bool recorded = std::ranges::any_of(sent.effects, [](const Effect& one) {
            return std::holds_alternative<effect::FaultRecorded>(one);
        });
        clear_faults();
        if (right.fault != 0) {
            ++story_.refused;
            if (sent.message) story_.misdeed = "a message arrives that must not";
            if (recorded == right.silent) story_.misdeed = "a fault is recorded, or is not";
            return;
        }
        ++story_.delivered;
        if (!sent.message || sent.message->address != right.address ||
            sent.message->data != right.data || recorded)
            story_.misdeed = "a message arrives elsewhere";
    }

    // So that the next fault has a record.
    void clear_faults() {
        for (unsigned n = 0; n < fault_record_count; ++n)
            unit_.write(at::fault_records + n * 16 + 8, 8, 1ull << 63);
        unit_.write(at::fault_status, 4, 1);
    }

    // Another size or mode of the table, compatibility, remapping off and on.
    void switch_over() {
        if (bytes_.below(2) == 0) latch(bytes_.below(4) == 0 ? bytes_.below(9) : 8);
        std::uint32_t on = bytes_.below(4) == 0 ? 0 : global::interrupts;
        if (bytes_.below(2) == 0) on |= global::compatibility;
        command(on);
    }

    void latch(std::size_t size) {
        pending_table_ = table_ | size | (bytes_.below(2) == 0 ? 0x800u : 0u);
        unit_.write(at::interrupt_table, 8, pending_table_);
        reference_.table = pending_table_;
        command((reference_.remapping ? global::interrupts : 0) |
                (reference_.compatibility ? global::compatibility : 0) | global::interrupt_table);
    }

    void command(std::uint32_t bits) {
        reference_.remapping = (bits & global::interrupts) != 0;
        reference_.compatibility = (bits & global::compatibility) != 0;
        carry_out(unit_.write(at::global_command, 4, global::queue | bits));
    }

    std::uint64_t some_low() {
        auto low = (std::uint64_t{bytes_.next8()} << 40) | std::uint64_t{bytes_.next8()} << 16 | 1;
        switch (bytes_.below(8)) {
            case 0:
                return low ^ 1ull << bytes_.below(64);
            case 1:
                return low & ~1ull;
            case 2:
                return low | std::uint64_t{bytes_.next32()} << 32;
            case 3:
                return low | bytes_.next8();
            default:
                return low;
        }
    }

    std::uint64_t some_high() {
        const std::uint64_t named = requesters.at(bytes_.below(requesters.size()));
        const auto high = named | bytes_.below(4) << 16 | bytes_.below(3) << 18;
        return bytes_.below(8) == 0 ? high ^ 1ull << bytes_.below(64) : high;
    }

    // Some entries side by side, then the invalidation that means them, and a wait.
    void change_entries() {
        const auto mask = static_cast<unsigned>(bytes_.below(5));
        const auto index = (some_index() % entries) & ~((1u << mask) - 1);
        for (auto n = bytes_.below(4) + 1; n > 0; --n) {
            const auto at = table_ + (index + bytes_.below(1u << mask)) * 16ull;
            if (!tables_.exists(at)) continue;
            tables_.put(at, some_low());
            tables_.put(at + 8, some_high());
        }
        switch (bytes_.below(8)) {
            case 0:
                drop_or_make();
                invalidate(4);
                break;
            case 1:
                // Every one of them for itself.
                for (std::uint32_t n = 0; n < 1u << mask; ++n)
                    put(0x14 | std::uint64_t{index + n} << 32);
                invalidate(0);
                break;
            default:
                invalidate(0x14 | std::uint64_t{mask} << 27 | std::uint64_t{index} << 32);
        }
    }

    // The second page of the table.
    void drop_or_make() {
        const auto second = table_ + 0x1000;
        if (tables_.exists(second))
            tables_.drop(second);
        else
            tables_.put(second, 0);
    }

    void put(std::uint64_t descriptor) {
        tables_.put(queue_ + tail_, descriptor);
        tables_.put(queue_ + tail_ + 8, 0);
        tail_ = (tail_ + 16) % 0x1000;
    }

    void invalidate(std::uint64_t descriptor) {
        if (descriptor != 0) put(descriptor);
        put(0x5);
        carry_out(unit_.write(at::queue_tail, 8, tail_));
    }

    void carry_out(const Effects& effects) {
        for (const auto& one : effects)
            if (const auto* stale = std::get_if<effect::ResolveInterrupts>(&one)) resolve(*stale);
    }

    // As a shell does that remembers what vectors lead to.
    void resolve(const effect::ResolveInterrupts& stale) {
        for (auto& vector : vectors_) {
            if (!means(stale, vector.message)) {
                ++story_.spared;
                continue;
            }
            ++story_.resolved;
            vector.leads = told(unit_.resolve(vector.source, vector.message));
        }
    }

    void judge() {
        if (!story_.misdeed.empty()) return;
        for (const auto& vector : vectors_) {
            if (vector.leads == expected(vector.source, vector.message)) continue;
            story_.misdeed =
                fmt::format("{:#x} with {:#x} of {:#x} leads elsewhere", vector.message.address,
                            vector.message.data, vector.source);
            return;
        }
    }

    ByteSource& bytes_;
    GuestTables tables_;
    std::uint64_t queue_ = tables_.page();
    std::uint64_t table_ = tables_.page();
    RemappingUnit unit_{design_unit({}, {}).value().shape, tables_};
    ReferenceInterrupts reference_;
    std::uint64_t pending_table_ = 0;
    std::array<Vector, 12> vectors_{};
    std::uint64_t tail_ = 0;
    InterruptStory story_;
};

}  // namespace

InterruptStory run_interrupt_guest(ByteSource& bytes) { return InterruptGuest{bytes}.run(); }

}  // namespace tenon::support
