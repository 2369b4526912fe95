#include "model/running/ioapic_state.hpp"

#include "model/iommu/registers.hpp"
#include "pci/register.hpp"

namespace tenon::model::running {
namespace {

using iommu::WideBits;
using pci::Access;

// A redirection entry. Where its format is the remappable one, bits 63:49 and 11 are an index.
struct Destination : WideBits<63, 49, Access::ReadWrite> {};
struct Format : WideBits<48, 48, Access::ReadWrite> {};
struct Mask : WideBits<16, 16, Access::ReadWrite> {};
struct Level : WideBits<15, 15, Access::ReadWrite> {};
struct RemoteIrr : WideBits<14, 14, Access::ReadOnly> {};
struct Polarity : WideBits<13, 13, Access::ReadWrite> {};
struct DeliveryStatus : WideBits<12, 12, Access::ReadOnly> {};
struct Logical : WideBits<11, 11, Access::ReadWrite> {};
struct Delivery : WideBits<10, 8, Access::ReadWrite> {};
struct Vector : WideBits<7, 0, Access::ReadWrite> {};
using Entry = pci::Register<std::uint64_t, Destination, Format, Mask, Level, RemoteIrr, Polarity,
                            DeliveryStatus, Logical, Delivery, Vector>;

// Indices of what the data register shows.
constexpr std::uint8_t id_index = 0x00;
constexpr std::uint8_t version_index = 0x01;
constexpr std::uint8_t arbitration_index = 0x02;
constexpr std::uint8_t first_entry = 0x10;

constexpr std::uint32_t version = 0x20 | (IoapicState::pins - 1) << 16;
constexpr unsigned id_shift = 24;
constexpr std::uint32_t id_bits = 0xf;

iommu::Message message_of(Entry entry) {
    if (const auto message = iommu::message_of_pin(entry.raw())) return *message;
    return iommu::Interrupt{.vector = static_cast<std::uint8_t>(entry.get<Vector>()),
                            .destination = static_cast<std::uint32_t>(entry.raw() >> 56),
                            .logical = entry.get<Logical>() != 0,
                            .delivery = static_cast<std::uint8_t>(entry.get<Delivery>()),
                            .level = entry.get<Level>() != 0}
        .message();
}

bool is_level(std::uint64_t entry) { return Entry{entry}.get<Level>() != 0; }

}  // namespace

void IoapicState::reset() {
    for (auto& pin : pins_)
        pin.entry = Mask::mask;
    index_ = 0;
    id_ = 0;
}

std::uint32_t IoapicState::read(std::uint64_t offset) const {
    if (offset == index_register) return index_;
    return offset == data_register ? read_data() : 0;
}

std::uint32_t IoapicState::read_data() const {
    if (index_ == id_index || index_ == arbitration_index) return std::uint32_t{id_} << id_shift;
    if (index_ == version_index) return version;
    if (index_ < first_entry || index_ >= first_entry + 2 * pins) return 0;
    const auto entry = pins_.at((index_ - first_entry) / 2u).entry;
    return static_cast<std::uint32_t>(index_ % 2 == 0 ? entry : entry >> 32);
}

IoapicActions IoapicState::write(std::uint64_t offset, std::uint32_t value) {
    IoapicActions actions;
    if (offset == index_register) index_ = static_cast<std::uint8_t>(value);
    if (offset == end_register) return end(static_cast<std::uint8_t>(value));
    if (offset != data_register) return actions;
    if (index_ == id_index) id_ = static_cast<std::uint8_t>(value >> id_shift & id_bits);
    if (index_ < first_entry || index_ >= first_entry + 2 * pins) return actions;
    const unsigned number = (index_ - first_entry) / 2u;
    write_entry(pins_.at(number), index_ % 2 != 0, value);
    actions.changed.push_back(static_cast<std::uint8_t>(number));
    serve(number, actions);
    return actions;
}

// Software of IOAPICs without an EOI register ends an interrupt by making its entry edge-triggered
// for a moment. Source: Linux arch/x86/kernel/apic/io_apic.c, __eoi_ioapic_pin().
void IoapicState::write_entry(Pin& pin, bool upper, std::uint32_t value) {
    constexpr auto writable = Entry::mask_of(Access::ReadWrite);
    // All of the destination may be written in the other format too.
    constexpr std::uint64_t halves = 0xffff'ffff;
    const auto kept = upper ? halves : ~halves;
    const auto written = std::uint64_t{value} << (upper ? 32 : 0) & writable;
    pin.entry = (pin.entry & (kept | ~writable)) | (written & ~kept);
    if (!is_level(pin.entry)) pin.entry = Entry{pin.entry}.with<RemoteIrr>(0).raw();
}

IoapicActions IoapicState::set_pin(unsigned pin, bool up) {
    IoapicActions actions;
    auto& one = pins_.at(pin);
    const bool was_up = one.up();
    one.held = up;
    change(pin, was_up, actions);
    return actions;
}

IoapicActions IoapicState::raise_until_end(unsigned pin) {
    IoapicActions actions;
    auto& one = pins_.at(pin);
    const bool was_up = one.up();
    one.until_end = true;
    change(pin, was_up, actions);
    return actions;
}

IoapicActions IoapicState::let_go(unsigned pin) {
    pins_.at(pin).until_end = false;
    return {};
}

// An edge on a masked pin is lost. Source: 82093AA, 3.2.4 (Interrupt Mask).
void IoapicState::change(unsigned pin, bool was_up, IoapicActions& actions) {
    const auto& one = pins_.at(pin);
    if (was_up || !one.up()) return;
    if (is_level(one.entry))
        serve(pin, actions);
    else if (Entry{one.entry}.get<Mask>() == 0)
        send(pin, actions);
}

// A level-triggered interrupt is sent again when it was ended and the pin is still up.
void IoapicState::serve(unsigned pin, IoapicActions& actions) {
    auto& one = pins_.at(pin);
    const Entry entry{one.entry};
    if (!one.up() || entry.get<Level>() == 0 || entry.get<Mask>() != 0 ||
        entry.get<RemoteIrr>() != 0)
        return;
    one.entry = entry.with<RemoteIrr>(1).raw();
    send(pin, actions);
}

void IoapicState::send(unsigned pin, IoapicActions& actions) {
    actions.sent.push_back(
        {.pin = static_cast<std::uint8_t>(pin), .message = message_of(Entry{pins_.at(pin).entry})});
}

IoapicActions IoapicState::end(std::uint8_t vector) {
    IoapicActions actions;
    for (unsigned pin = 0; pin < pins; ++pin) {
        auto& one = pins_.at(pin);
        const Entry entry{one.entry};
        if (entry.get<RemoteIrr>() == 0 || entry.get<Vector>() != vector) continue;
        one.entry = entry.with<RemoteIrr>(0).raw();
        one.until_end = false;
        actions.ended.push_back(static_cast<std::uint8_t>(pin));
        serve(pin, actions);
    }
    return actions;
}

std::optional<iommu::Message> IoapicState::level_message(unsigned pin) const {
    const auto entry = pins_.at(pin).entry;
    if (!is_level(entry)) return std::nullopt;
    return message_of(Entry{entry});
}

}  // namespace tenon::model::running
